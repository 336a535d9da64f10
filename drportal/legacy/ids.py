"""Ids of the first system, kept where nobody has them."""

from collections.abc import Iterable

from django.db.models import Max, Model

_LARGEST = 2**62


class Ids:
    """The ids of one dump in one table: a row whose id is taken gets one behind all others, not a neighbor's."""

    def __init__(self, model: type[Model], olds: Iterable[str | None]) -> None:
        wanted = {number for old in olds if (number := _number(old)) is not None}
        ordered = sorted(wanted)
        self._taken: set[int] = set()
        for at in range(0, len(ordered), 500):
            part = model._default_manager.filter(pk__in=ordered[at : at + 500])
            self._taken.update(part.values_list("pk", flat=True))
        largest = model._default_manager.aggregate(largest=Max("pk"))["largest"] or 0
        self._last = max([largest, *ordered])

    def of(self, old: str) -> int:
        """The same id, or a new one where that is taken or no number."""
        number = _number(old)
        if number is not None and number not in self._taken:
            self._taken.add(number)
            return number
        self._last += 1
        return self._last


def _number(old: str | None) -> int | None:
    text = (old or "").strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < int(text[:20]) < _LARGEST else None
