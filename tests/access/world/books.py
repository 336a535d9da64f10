"""What the books of a side hold beyond a settled run."""

from datetime import date
from decimal import Decimal

from settlement.models import (
    DecisionKind,
    DisputeCategory,
    LedgerBatch,
    LedgerEntry,
    MonthDecision,
    MonthLine,
    MonthRun,
    MonthWord,
    RunDecision,
    SettlementLine,
    SettlementRun,
)
from settlement.services import ask_adjustment, open_dispute
from tests.access.world.life import Life


def keep_books(life: Life, run: SettlementRun) -> None:
    """What the admin shows of the books: a run with its entries and a word on it, an old month, and a sheet."""
    side, batch = life.side, LedgerBatch.objects.get(run=run)
    decision = RunDecision.objects.create(run=run, kind=DecisionKind.APPROVED, decided_by=side.admin)
    month = MonthRun.objects.create(
        program_id=life.objects["program"], month=date(2020, 1, 1), number=1, inputs_sha256="0" * 64, batch=batch
    )
    paid = MonthLine.objects.create(run=month, meter=side.home, holder_id=side.resident.pk, factor="1/1", credit=1)
    waiting = MonthRun.objects.create(
        program_id=life.objects["program"], month=date(2020, 2, 1), number=1, inputs_sha256="1"
    )
    word = MonthDecision.objects.create(run=waiting, kind=MonthWord.REFUSED, decided_by=side.admin, reason="Look again")
    life.objects["standby"] = waiting.pk
    life.rows |= {
        "settlement/monthdecision": word.pk,
        "settlement/settlementrun": run.pk,
        "settlement/ledgerbatch": batch.pk,
        "settlement/ledgerentry": LedgerEntry.objects.filter(batch=batch).first().pk,
        "settlement/rundecision": decision.pk,
        "settlement/monthrun": month.pk,
        "settlement/monthline": paid.pk,
        "settlement/sheetreading": life.objects["sheet"],
    }


def open_objection(life: Life) -> None:
    """An objection of the organization, and an adjustment that waits for a second person."""
    side = life.side
    line = SettlementLine.objects.get(pk=life.objects["school reward"])
    dispute = open_dispute(line=line, category=DisputeCategory.DAY, by=side.organization_admin)
    adjustment = ask_adjustment(
        distributor=side.distributor, holder=side.resident, amount=Decimal(1), reason="goodwill", by=side.staff
    )
    life.objects |= {"dispute": dispute.pk, "adjustment": adjustment.pk}
    life.rows |= {"settlement/dispute": dispute.pk, "settlement/adjustment": adjustment.pk}
