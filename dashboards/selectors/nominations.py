"""What meters promise to a program: now, before, and what their past events suggest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from common.speech import day_words, plain_words
from events.models import Enrollment, Event, EventState, Nomination, Program, ProgramVersion
from events.nominations import ALWAYS, stints_at
from events.term_words import minutes_words
from meters.models import Meter, MeterMap
from meters.selectors import holders_at
from organizations.access import holder_id_of
from settlement.models import LineStatus, SettlementLine
from settlement.selectors import newest_lines

SHOWN = 5
COMING = (EventState.SCHEDULED, EventState.NOTIFIED)


@dataclass(frozen=True)
class Promise:
    """One meter's figures: in force, the ones before it in words, and the suggestion in kW."""

    enrollment: Enrollment
    kw: Decimal | None
    history: Sequence[str]
    suggestion: Decimal | None

    @property
    def field(self) -> str:
        """The name of its input."""
        return f"kw-{self.enrollment.pk}"

    @property
    def kw_text(self) -> str:
        """The figure as it is typed."""
        return "" if self.kw is None else format(self.kw.normalize(), "f")

    @property
    def suggestion_words(self) -> str:
        """What the meter delivered on average so far, or an empty text."""
        if self.suggestion is None:
            return ""
        return _("%(kw)s kW on average so far") % {"kw": plain_words(self.suggestion)}


def promises_of(enrollments: Sequence[Enrollment]) -> list[Promise]:
    """The figures of enrollments of one program, in their order; not those of an earlier holder. Three queries."""
    rows: dict[int, list[Nomination]] = {row.pk: [] for row in enrollments}
    meters = {row.pk: row.meter_id for row in enrollments}
    stints = stints_at(MeterMap.objects.filter(meter__in=meters.values()), timezone.now())
    for nomination in Nomination.objects.filter(enrollment__in=list(rows)).order_by("-valid_from", "-pk"):
        if stints.get(meters[nomination.enrollment_id], ALWAYS).has_begun_by(nomination.valid_from):
            rows[nomination.enrollment_id].append(nomination)
    delivered = delivered_kw(enrollments)
    return [
        Promise(
            row,
            rows[row.pk][0].kw if rows[row.pk] else None,
            [_line(each, row) for each in rows[row.pk][:SHOWN]],
            delivered.get(row.meter_id),
        )
        for row in enrollments
    ]


def _line(nomination: Nomination, enrollment: Enrollment) -> str:
    day = timezone.localtime(nomination.valid_from, enrollment.meter.zone).date()
    words = {"kw": plain_words(nomination.kw), "day": day_words(day, "date"), "source": nomination.source}
    return _("%(kw)s kW from %(day)s (%(source)s)") % words


def delivered_kw(enrollments: Sequence[Enrollment]) -> dict[int, Decimal]:
    """Meter id -> the mean power that it delivered in measured events of the program; without any it is left out."""
    programs = {row.program_id for row in enrollments}
    ids = [row.meter_id for row in enrollments]
    # Nobody's promise is measured by what an earlier holder delivered.
    now = set(holders_at(meter_ids=ids, at=timezone.now()).values())
    lines = SettlementLine.objects.filter(meter__in=ids, run__event__program__in=programs, holder__in=now)
    return _mean_kw(lines)


def delivered_before(meters: Sequence[Meter], user: User) -> dict[int, Decimal]:
    """Meter id -> the mean power that it delivered for the reader in measured events of any program."""
    ids = [meter.pk for meter in meters]
    return _mean_kw(SettlementLine.objects.filter(meter__in=ids, holder=holder_id_of(user)))


def _mean_kw(lines: QuerySet[SettlementLine]) -> dict[int, Decimal]:
    energy: dict[int, Decimal] = {}
    hours: dict[int, dict[int, Decimal]] = {}
    values = (
        newest_lines(lines.filter(status=LineStatus.OK))
        .order_by()
        .values_list("meter_id", "delivered_wh", "run__event_id", "run__event__start", "run__event__end")
    )
    for meter_id, wh, event_id, start, end in values:
        energy[meter_id] = energy.get(meter_id, Decimal(0)) + wh
        # Several lines of one event are one event.
        hours.setdefault(meter_id, {})[event_id] = Decimal((end - start).total_seconds()) / 3600
    return {pk: _kw(wh / 1000 / sum(hours[pk].values())) for pk, wh in energy.items()}


def _kw(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.1"), ROUND_HALF_UP)


def from_when(program: Program, version: ProgramVersion) -> str:
    """For which events a new figure counts, in a sentence."""
    if not version.nomination_deadline_minutes:
        words = _("A new figure counts for every event that has not begun.")
    else:
        length = minutes_words(version.nomination_deadline_minutes)
        words = _("A new figure counts for events that begin %(length)s from now or later.") % {"length": length}
    near = Event.objects.filter(program=program, state__in=COMING, start__gt=timezone.now()).order_by("start").first()
    if near is None:
        return words
    closes = near.start - timedelta(minutes=near.version.nomination_deadline_minutes)
    day = day_words(timezone.localtime(near.start, program.zone).date())
    if closes <= timezone.now():
        return f"{words} {_('For the event of %(day)s it is too late.') % {'day': day}}"
    return words
