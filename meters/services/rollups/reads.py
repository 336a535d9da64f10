"""Sums as arrays, for charts, tables and files."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import User
from meters.models import ScopeKind, ScopeState
from meters.services.columns import Integers
from meters.services.rollups.scopes import require_visible
from meters.services.rollups.tables import SCOPES, between, second_of


@dataclass(frozen=True)
class Sums:
    """Sums by hour, sorted; hours without a reading are left out. All columns are of one length.

    Attributes:
        starts: seconds since 1970 UTC.
        energy_wh, slots, estimated_slots: of all readings.
        predicted_slots, predicted_wh, compared_wh: of those with a prediction; `compared_wh` is their energy.
        saving_slots, saving_wh: of those below it.
    """

    starts: Integers
    energy_wh: Integers
    slots: Integers
    estimated_slots: Integers
    predicted_slots: Integers
    predicted_wh: Integers
    compared_wh: Integers
    saving_slots: Integers
    saving_wh: Integers

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def signed_wh(self) -> Integers:
        """Prediction less energy: positive and negative, where there is a prediction."""
        return self.predicted_wh - self.compared_wh


@dataclass(frozen=True)
class ScopeHours(Sums):
    """One scope's hours, with how many meters were read in each, and the state that they are of.

    `version` changes with every change of any hour of the scope: a key for caches. `refreshed_at` is None
    where nothing was summed yet.
    """

    meters: Integers
    version: int
    refreshed_at: datetime | None


def scope_hours(*, user: User, kind: ScopeKind, scope_id: int, start: datetime, end: datetime) -> ScopeHours:
    """The hours that start in [start, end) of an organization, a group, a feeder or a distributor. Three queries.

    Raises:
        NoSuchScope: There is none, or it is a stranger's.
    """
    version, refreshed_at = scope_state(user=user, kind=kind, scope_id=scope_id)
    # After the version: hours that are newer than it are read once more under the next one, never the reverse.
    where = f"kind = {int(kind)} AND scope_id = {int(scope_id)} AND {between(second_of(start), second_of(end))}"
    columns = dict(zip(("starts", *SCOPES.values), SCOPES.read(where).T[2:], strict=True))
    return ScopeHours(**columns, version=version, refreshed_at=refreshed_at)


def scope_state(*, user: User, kind: ScopeKind, scope_id: int) -> tuple[int, datetime | None]:
    """Version of the scope's sums and when it was raised last; (0, None) before the first sum. Two queries.

    Raises:
        NoSuchScope: There is none, or it is a stranger's.
    """
    require_visible(user=user, kind=kind, scope_id=scope_id)
    states = ScopeState.objects.filter(kind=kind, scope_id=scope_id)
    return states.values_list("version", "refreshed_at").first() or (0, None)
