"""What a posting has to bring the ledger to: what is due by a run, less what is there for it already.

An adjustment that names a line of the event stays beside the amount as long as the same is due. Once that meter’s
amount is worked out to something else, the adjustment counts as paid (or taken back): nothing is paid or taken twice.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Max, Q

from accounts.models import Entity, Kind
from events.models import Event
from settlement.baselines import correction
from settlement.exact import from_cents, sum_of_cents
from settlement.models import Account, BatchKind, LedgerEntry, SettlementLine, SettlementRun, Unit
from settlement.services.ledger_check import balance

NOTHING = Decimal("0.00")
COUNTED = (BatchKind.RUN, BatchKind.ADJUSTMENT)

# Whom an amount is for, and for what: meter, kind of line, holder, unit.
Owed = tuple[int, str, int | None, str]


@dataclass(frozen=True)
class Side:
    """An amount and the line it rests on."""

    amount: Decimal
    line_id: int


Sides = dict[Owed, Side]


def differences(*, run: SettlementRun, event: Event) -> list[tuple[Owed, Side]]:
    """What the run’s posting adds to each amount, without those that stay; the books are locked.

    Nothing is taken from a resident that would bring the balance below zero.
    """
    due, before, paid = due_by(run), due_by(newest_posted(event)), paid_for(event)
    changed = {whose(owed) for owed in due.keys() | before.keys() if _amount(due, owed) != _amount(before, owed)}
    found: Sides = {}
    for owed in sorted(due.keys() | paid.keys(), key=str):
        rest = correction(_amount(paid, owed), _amount(due, owed))
        if rest and whose(owed) in changed:
            found[owed] = Side(rest, (due.get(owed) or paid[owed]).line_id)
    held = held_at_zero({owed: side.amount for owed, side in found.items()})
    return [(owed, Side(amount, found[owed].line_id)) for owed, amount in held.items()]


def newest_posted(event: Event) -> SettlementRun | None:
    """The event’s newest run in the ledger."""
    return SettlementRun.objects.filter(event=event, batch__isnull=False).order_by("number").last()


def whose(owed: Owed) -> tuple[int, int | None, str]:
    """Meter, holder and unit of an amount, whatever kind of line it is for."""
    meter_id, _kind, holder_id, unit = owed
    return meter_id, holder_id, unit


def due_by(run: SettlementRun | None) -> Sides:
    """What the lines of a run say; nothing without a run."""
    lines = SettlementLine.objects.filter(run=run).exclude(Q(credit=0) & Q(points=0))
    rows = lines.order_by("pk").values_list("meter_id", "kind", "holder_id", "credit", "points", "pk")
    due: Sides = {}
    for meter, kind, holder, credit, points, pk in rows if run is not None else ():
        if credit:
            due[meter, kind, holder, Unit.MONEY.value] = Side(credit, pk)
        if points:
            due[meter, kind, holder, Unit.POINTS.value] = Side(Decimal(points), pk)
    return due


def is_replaced(line: SettlementLine) -> bool:
    """Whether what is in the ledger says something else by now for the line’s meter and holder."""
    newest = newest_posted(line.run.event)
    if newest is None or newest.pk == line.run_id:
        return False
    mine = SettlementLine.objects.filter(meter=line.meter_id, holder=line.holder_id).order_by("kind", "pk")
    told = [list(mine.filter(run=run).values_list("kind", "credit", "points")) for run in (line.run_id, newest.pk)]
    return told[0] != told[1]


def paid_for(event: Event) -> Sides:
    """What the ledger has for the event’s lines: runs, and adjustments that name one; each with its newest line."""
    entries = LedgerEntry.objects.filter(
        account=Account.OWED, line__run__event=event, batch__kind__in=COUNTED
    ).order_by()
    rows = entries.values_list("line__meter_id", "line__kind", "holder_id", "unit")
    sums = rows.annotate(cents=sum_of_cents("amount"), newest=Max("line_id"))
    return {tuple(owed): Side(from_cents(cents), newest) for *owed, cents, newest in sums}


def held_at_zero(found: dict[Owed, Decimal]) -> dict[Owed, Decimal]:
    """The same, with less taken back from residents who would land below zero; the books are locked."""
    totals: dict[tuple[int, str], Decimal] = {}
    for (_meter, _kind, holder_id, unit), amount in found.items():
        if holder_id is not None:
            totals[holder_id, unit] = totals.get((holder_id, unit), NOTHING) + amount
    below = [holder_id for (holder_id, _unit), total in totals.items() if total < 0]
    residents = set(Entity.objects.filter(pk__in=below, kind=Kind.USER).values_list("pk", flat=True))
    held = dict(found)
    for (holder_id, unit), total in totals.items():
        if total < 0 and holder_id in residents:
            room = max(balance(holder=holder_id, unit=Unit(unit)), NOTHING)
            _leave(held, holder_id, unit, -total - room)
    return {owed: amount for owed, amount in held.items() if amount}


def _leave(held: dict[Owed, Decimal], holder_id: int, unit: str, missing: Decimal) -> None:
    """Takes back so much less, from one amount after the other."""
    for owed, amount in held.items():
        if missing <= 0:
            return
        if owed[2:] == (holder_id, unit) and amount < 0:
            less = min(missing, -amount)
            held[owed] = amount + less
            missing -= less


def _amount(sides: Sides, owed: Owed) -> Decimal:
    return sides[owed].amount if owed in sides else NOTHING
