"""Readings in the body of a request: a list of {"meter", "start", "kwh"}."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from common.errors import PortalError
from meters.formats.base import Batch, Context, RowProblem
from meters.formats.values import energy_wh


def read_json(rows: Iterable[object], context: Context) -> Batch:
    """The usable ones; the others are problems. Rows count from 0; a start must have an offset from UTC."""
    batch = Batch()
    for number, row in enumerate(rows):
        values = row if isinstance(row, Mapping) else {}
        name, start = _text(values.get("meter")), _text(values.get("start"))
        try:
            _take(batch, number, values, context)
        except (PortalError, ValueError, OverflowError) as problem:
            sentence = str(problem).rstrip(".")[:200]
            batch.problems.append(RowProblem(number, name[:40], start[:40], sentence))
    return batch


def _take(batch: Batch, number: int, values: Mapping[str, object], context: Context) -> None:
    missing = [name for name in ("meter", "start", "kwh") if values.get(name) in (None, "")]
    if missing:
        raise ValueError(f"{' and '.join(missing)} missing")
    meter = context.meters.get(_text(values["meter"]))
    if meter is None:
        raise ValueError("there is no such meter")
    if isinstance(values["kwh"], bool):
        raise ValueError("kwh is not a number")
    # The text of a float is the shortest that means it: what the client wrote.
    batch.add(number, meter.id, _seconds(_text(values["start"])), energy_wh(_text(values["kwh"])))


def _text(value: object) -> str:
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _seconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text[:40]}” is not a time like 2026-07-22T16:00:00Z") from None
    if moment.tzinfo is None:
        raise ValueError(f"“{text[:40]}” has no zone; add Z or the offset from UTC")
    if moment.microsecond:
        raise ValueError(f"“{text[:40]}” has parts of a second")
    return int(moment.timestamp())
