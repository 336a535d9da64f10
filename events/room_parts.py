"""What other rooms show in an event's live room: each registers its part, the room shows all of them.

Events stands below those who have something to say about its rooms, so the place to say it is here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from events.models import Event


@dataclass(frozen=True)
class Look:
    """One thing that needs a look: what it is in two or three words, then a sentence and where to go."""

    label: str
    text: str
    url: str = ""
    url_label: str = ""
    is_pressing: bool = True


@dataclass(frozen=True)
class RoomPart:
    """What one room says about an event: figures such as ("VENs that acknowledged", "46 of 48"), and looks."""

    facts: Sequence[tuple[str, str]] = ()
    looks: Sequence[Look] = field(default_factory=tuple)


Source = Callable[[Event], RoomPart]
_sources: list[tuple[int, Source]] = []


def register(order: int) -> Callable[[Source], Source]:
    """Decorator: the function says its part of an event's room; few queries, asked every few seconds."""

    def remember(source: Source) -> Source:
        _sources.append((order, source))
        return source

    return remember


def parts_of(event: Event) -> list[RoomPart]:
    """What all rooms say, by their order."""
    return [source(event) for _order, source in sorted(_sources, key=lambda pair: pair[0])]
