"""What surrounds an amount: the way of its event, how it compares with its estimate, and how sure it is."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from dashboards.selectors.statement import Statement
from dashboards.times import hour_zone_words, moment_words
from dashboards.words import money
from events.models import AnswerSource, Participation, ParticipationState
from settlement.baselines import BaselineError
from settlement.errors import SettlementError
from settlement.models import LineKind, RunKind, SettlementLine
from settlement.placebo.noise import Noise, Unknown, noise_of


def way_of(statement: Statement, posted_at: datetime | None) -> list[dict[str, str]]:
    """What happened to the event, in order. One query."""
    event, zone, run = statement.event, statement.zone, statement.line.run
    words = _("It ran until %(end)s")
    if statement.end < event.end:
        words = _("It was made longer, and you stopped at %(end)s, as you were told")
    ran = words % {"end": hour_zone_words(statement.end, zone)}
    steps = [*_answered(statement), (event.start, ran), (run.created_at, _("The amount was computed"))]
    if event.notified_at is not None and event.notified_at < event.start:
        steps.insert(0, (event.notified_at, _("You were told")))
    if posted_at is not None:
        steps.append((posted_at, _("The amount became final")))
    return [{"when": moment_words(at, zone), "text": words} for at, words in steps]


def _answered(statement: Statement) -> list[tuple[datetime, str]]:
    """When the meter joined; an answer that was not its holder's own says whose it was."""
    line = statement.line
    rows = Participation.objects.filter(event=line.run.event_id, meter=line.meter_id, holder=line.holder_id)
    part = rows.exclude(state=ParticipationState.OPTED_OUT).filter(answered_at__lt=line.run.event.start).first()
    if part is None or part.answered_at is None:
        return []
    words = {
        AnswerSource.SCHEDULE: _("You joined, by your standing wish"),
        AnswerSource.DEVICE: _("You joined, by your device"),
        AnswerSource.OPERATOR: _("You were put in by the operator"),
    }
    return [(part.answered_at, words.get(AnswerSource(part.answer_source or "page"), _("You joined")))]


def estimate_checks(statement: Statement) -> list[dict[str, Any]]:
    """Whether a final amount is what the last estimate before it said; nothing where there was none. Two queries."""
    line = statement.line
    if line.run.kind != RunKind.FINAL:
        return []
    same = SettlementLine.objects.filter(meter=line.meter_id, holder=line.holder_id).exclude(kind=LineKind.ADJUSTMENT)
    before = same.filter(
        run__event=line.run.event_id,
        run__kind=RunKind.PRELIMINARY,
        run__sealed_at__isnull=False,
        run__number__lt=line.run.number,
    )
    newest = before.order_by("-run__number").values_list("run", flat=True).first()
    if newest is None:
        return []
    sums = same.filter(run__in=(newest, line.run_id)).order_by().values_list("run").annotate(Sum("credit"))
    amounts: dict[int, Decimal] = dict(sums)
    words = {"amount": money(amounts[newest], statement.currency)}
    if amounts[newest] == amounts[line.run_id]:
        text = _("The estimate after the event said %(amount)s, too.")
        return [{"title": _("Same as the estimate"), "words": text % words, "good": True}]
    text = _("The estimate after the event said %(amount)s. Readings that came in later are in the final amount.")
    return [{"title": _("Not the same as the estimate"), "words": text % words, "good": False}]


def noise_beside(statement: Statement) -> Noise | Unknown | None:
    """The meter's own noise beside what was saved, or why it is not known; None without a measurement."""
    try:
        return noise_of(statement.line)
    except (SettlementError, BaselineError):
        return Unknown(_("The rule was changed or taken away since, so it cannot be tried on other days."))
