"""What a case pays besides its plain price per kW: terms, who pays penalties, what the season has paid already."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import Decimal
from functools import cached_property
from typing import Any

from accounts.models import Entity, Kind
from events.models import Event, ProgramVersion
from settlement.baselines import Floor
from settlement.baselines.pay import NO_MONEY, PaidLine, Pay, PayCap, PayTerms, pay
from settlement.baselines.quick_pay import QuickLine, QuickPay, QuickPayTerms, quick_pay, quick_pay_terms
from settlement.models import LineKind, LineStatus, SettlementLine
from settlement.services.measuring.measured import QuickMeasured, Row
from settlement.services.season import Whose, settled_in_season

# What a participant is paid, worked out in full or in whole numbers.
Paid = Pay | QuickPay


@dataclass(frozen=True)
class PayCase:
    """The terms of an event's version, as far as they pay, and what they depend on besides the measurement.

    Attributes:
        organizations: ids of the holders that are organizations.
        before: what the season's other events pay each meter and holder by now; empty without a cap per season, and
            for a test, which pays nothing.
    """

    terms: PayTerms
    organizations: frozenset[int] = frozenset()
    before: Mapping[Whose, Decimal] = field(default_factory=dict)

    @cached_property
    def quick_terms(self) -> QuickPayTerms | None:
        """The terms in whole numbers, where they can be paid by these."""
        return quick_pay_terms(self.terms)

    def pay(self, row: Row) -> Paid:
        """What one participant's event pays."""
        if isinstance(row, QuickMeasured) and self.quick_terms is not None:
            return quick_pay(row.amounts, self.quick_terms, row.shared.hours, row.nominated)
        who = row.participant
        return pay(
            row.baseline,
            row.reward,
            self.terms,
            is_organization=who.holder_id in self.organizations,
            paid_before=self._before(row),
        )

    def season_before(self, row: Row, paid: Paid | None = None) -> str | None:
        """What the season's other events pay the same, if that makes this one's pay smaller; else it is no input."""
        before = self._before(row)
        if not before or not (paid or self.pay(row)).is_season_clipped:
            return None
        return f"{before:.2f}"

    def _before(self, row: Row) -> Decimal:
        who = row.participant
        return self.before.get((who.meter_id, who.holder_id), NO_MONEY)


def open_pay(event: Event) -> PayCase:
    """What an event pays by its version. No query for plain terms, one each for penalties and for a season's cap."""
    terms = terms_for(event)
    is_capped = terms.cap_per_season is not None and not event.is_test
    return PayCase(
        terms=terms,
        organizations=_organizations(event) if terms.penalty_per_kw else frozenset(),
        before=settled_in_season(event) if is_capped else {},
    )


def terms_for(event: Event) -> PayTerms:
    """What the event pays by: its version, without penalty where nobody was told of it before it began."""
    terms = terms_of(event.version)
    return replace(terms, penalty_per_kw=Decimal(0)) if event.was_recorded else terms


def terms_of(version: ProgramVersion) -> PayTerms:
    """The version's prices and caps, for the pure computation."""
    return PayTerms(
        rate_per_kw=version.rate_per_kw,
        rate_per_kwh=version.rate_per_kwh,
        flat_per_event=version.flat_per_event,
        threshold_kwh=version.threshold_kwh,
        threshold_amount=version.threshold_amount,
        bonus_factor=version.bonus_factor,
        bonus_amount=version.bonus_amount,
        penalty_per_kw=version.penalty_per_kw,
        points_per_kwh=version.points_per_kwh,
        floor=Floor(version.floor),
        pay_cap=PayCap(version.pay_cap),
        cap_per_event=version.cap_per_event,
        cap_per_season=version.cap_per_season,
    )


def terms_data(terms: PayTerms) -> dict[str, Any]:
    """The terms as JSON values, for hashes; only what differs from paying nothing is named."""
    plain = PayTerms()
    named = {each.name: getattr(terms, each.name) for each in fields(PayTerms)}
    return {
        name: f"{value:f}" if isinstance(value, Decimal) else value
        for name, value in named.items()
        if value != getattr(plain, name)
    }


def _organizations(event: Event) -> frozenset[int]:
    holders = event.participations.filter(holder__isnull=False).order_by().values("holder")
    rows = Entity.objects.filter(pk__in=holders, kind=Kind.ORGANIZATION)
    return frozenset(rows.values_list("pk", flat=True))


def with_pay(primary: SettlementLine, paid: Paid) -> list[SettlementLine]:
    """The line that carries the measurement with what it pays, and a line of its own for each further kind."""
    first, *further = paid.lines
    primary.kind, primary.credit, primary.points = LineKind(first.kind.value), first.credit, paid.points
    primary.status = LineStatus(paid.status.value.lower())
    primary.trace["pay"] = first.data()
    return [primary, *(_further(primary, line) for line in further)]


def _further(primary: SettlementLine, line: PaidLine | QuickLine) -> SettlementLine:
    return SettlementLine(
        run_id=primary.run_id,
        meter_id=primary.meter_id,
        holder_id=primary.holder_id,
        kind=LineKind(line.kind.value),
        status=primary.status,
        nomination_kw=primary.nomination_kw,
        credit=line.credit,
        inputs_sha256=primary.inputs_sha256,
        trace={"pay": line.data()},
    )
