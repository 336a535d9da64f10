"""The drawing of a statement: steps of usual use and use over the event, as SVG numbers."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from common.speech import plain_words
from dashboards.selectors.statement import SlotLine
from dashboards.times import hour_words

SIZE = 1000
TICKS = 4
LABELS = 6


def plot_of(slots: Sequence[SlotLine], zone: ZoneInfo) -> dict[str, Any] | None:
    """Paths in a square of 1000 × 1000 and the labels of both axes; None without intervals.

    `saved` are the rectangles between usual and less use; a missing reading breaks the line.
    """
    if not slots:
        return None
    top = _top(slots)
    usual: list[Fraction | None] = [slot.usual_wh for slot in slots]
    average: list[Fraction | None] = [slot.average_wh for slot in slots]
    return {
        "usual": steps_path(usual, top),
        "average": steps_path(average, top) if average != usual else "",
        "used": steps_path([None if slot.used_wh is None else Fraction(slot.used_wh) for slot in slots], top),
        "saved": _saved(slots, top),
        "y_ticks": [_y_tick(place, top) for place in range(TICKS + 1)],
        "x_ticks": _x_ticks(slots, zone),
    }


def _top(slots: Sequence[SlotLine]) -> Fraction:
    """The round value at the upper edge, in Wh: 1, 2 or 5 times a power of ten per tick."""
    highest = max([slot.usual_wh for slot in slots] + [Fraction(slot.used_wh or 0) for slot in slots])
    highest = max(highest, max(slot.average_wh for slot in slots), Fraction(1))
    step = Fraction(1)
    sizes = (2, Fraction(5, 2), 2)
    turn = 0
    while step * TICKS < highest:
        step *= sizes[turn % 3]
        turn += 1
    return step * TICKS


def steps_path(values: Sequence[Fraction | None], top: Fraction) -> str:
    """An SVG path of one flat step per value.

    >>> steps_path([Fraction(1), None, Fraction(2)], Fraction(4))
    'M0 750H333.3M666.7 500H1000'
    """
    x, y = _x(len(values)), _y(top)
    path, is_drawn = "", False
    for place, value in enumerate(values):
        if value is not None:
            path += f"V{y(value)}" if is_drawn else f"M{x(place)} {y(value)}"
            path += f"H{x(place + 1)}"
        is_drawn = value is not None
    return path


def _saved(slots: Sequence[SlotLine], top: Fraction) -> str:
    x, y = _x(len(slots)), _y(top)
    return "".join(
        f"M{x(place)} {y(slot.usual_wh)}H{x(place + 1)}V{y(Fraction(slot.used_wh))}H{x(place)}Z"
        for place, slot in enumerate(slots)
        if slot.used_wh is not None and slot.used_wh < slot.usual_wh and slot.counts
    )


def _x(count: int) -> Callable[[int], str]:
    return lambda place: f"{place * SIZE / count:.1f}".removesuffix(".0")


def _y(top: Fraction) -> Callable[[Fraction], str]:
    def height(value: Fraction) -> str:
        return f"{float((1 - max(value, Fraction(0)) / top) * SIZE):.1f}".removesuffix(".0")

    return height


def _y_tick(place: int, top: Fraction) -> dict[str, str]:
    return {"at": f"{100 - place * 100 / TICKS:g}%", "label": plain_words(top * place / TICKS / 1000)}


def _x_ticks(slots: Sequence[SlotLine], zone: ZoneInfo) -> list[dict[str, str]]:
    """Local times at the edges of the intervals, at most `LABELS` of them."""
    moments = [slots[0].start, *(slot.end for slot in slots)]
    stride = -(-len(slots) // LABELS)
    last = len(slots)
    return [
        {
            "at": f"{place * 100 / last:.2f}%",
            "label": hour_words(moments[place], zone),
            "anchor": "start" if not place else "end" if place == last else "middle",
        }
        for place in range(0, last + 1, stride)
    ]
