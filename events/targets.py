"""What an event asks, as ids."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Targets:
    """Groups, feeders and organizations that are asked; nothing at all stands for everybody enrolled."""

    groups: frozenset[int] = frozenset()
    feeders: frozenset[int] = frozenset()
    organizations: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.groups or self.feeders or self.organizations)


EVERYBODY = Targets()
