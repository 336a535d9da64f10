"""What programs have cost, out of the ledger: their events, adjustments among it, and their months of standing by.

An adjustment that names neither a reward nor an event is no program's.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import date
from decimal import Decimal

from events.models import Program
from settlement.exact import from_cents, sum_of_cents
from settlement.models import Account, LedgerEntry, MonthRun, Unit

NOTHING = Decimal("0.00")
# Ids in one IN list: from 1000 on MariaDB turns it into a join.
CHUNK = 500


def posted_for(event_ids: Collection[int]) -> dict[int, Decimal]:
    """Event id -> the money that the ledger owes for it, adjustments that name it included. Two queries per 500."""
    owed = LedgerEntry.objects.filter(account=Account.OWED, unit=Unit.MONEY).order_by()
    found: dict[int, Decimal] = defaultdict(lambda: NOTHING)
    ids = sorted(event_ids)
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        by_line = owed.filter(line__run__event__in=some).values_list("line__run__event")
        alone = owed.filter(line__isnull=True, batch__adjustment__event__in=some)
        for rows in (by_line, alone.values_list("batch__adjustment__event")):
            for event_id, cents in rows.annotate(cents=sum_of_cents("amount")):
                found[event_id] += from_cents(cents)
    return dict(found)


def standby_of(*, program: Program, first: date, last: date) -> Decimal:
    """What the ledger owes for months of standing by, from a season's first month on. One query."""
    months = MonthRun.objects.filter(program=program, month__gte=first.replace(day=1), month__lte=last)
    owed = LedgerEntry.objects.filter(account=Account.OWED, unit=Unit.MONEY, batch__month_run__in=months).order_by()
    return from_cents(owed.aggregate(cents=sum_of_cents("amount"))["cents"])
