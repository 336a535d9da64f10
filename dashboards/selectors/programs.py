"""Programs as those see them who may join: what they offer, how the reader stands to them, what it could earn."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from common.intervals import clock_minute, local_day
from common.speech import day_words, plain_words
from dashboards.words import money
from events.agreement import unagreed
from events.gate_words import gate_words
from events.models import Enrollment, EnrollmentState, Program, ProgramVersion
from events.services import needs_decision
from events.term_words import pay_sentences, season_words
from meters.models import HourlyEnergy, Meter, MeterMap
from organizations.access import holder_id_of

PAST_DAYS = 30
SHARE = Fraction(1, 5)
HOURS = 2
USUAL_HOURS = range(16, 20)


@dataclass(frozen=True)
class Part:
    """How the reader stands to one program.

    Attributes:
        version: The terms in force.
        enrollments: Those of the reader's meters that are not over; refused ones among them.
        free: Meters of the reader that could join.
        unagreed: Ids of enrollments whose holders have not agreed to the terms in force.
    """

    program: Program
    version: ProgramVersion
    enrollments: Sequence[Enrollment]
    free: Sequence[Meter]
    unagreed: frozenset[int] = field(default_factory=frozenset)

    @property
    def lasting(self) -> list[Enrollment]:
        """Those that are in, or on their way."""
        return [row for row in self.enrollments if row.state != EnrollmentState.REFUSED]

    @property
    def badge(self) -> dict[str, str]:
        """The state in one word: the one that asks most of the reader."""
        if self.unagreed:
            return {"badge": _("New terms: your word is needed"), "tone": "attention"}
        return badge_of([EnrollmentState(row.state) for row in self.enrollments])

    @property
    def state_text(self) -> str:
        """What the state means, and what comes next."""
        states = {row.state for row in self.enrollments}
        if len(self.enrollments) == 1:
            return self.words_of(self.enrollments[0])
        count = sum(row.state == EnrollmentState.ACTIVE for row in self.enrollments)
        words = ngettext("%(count)d of %(total)d meter takes part.", "%(count)d of %(total)d meters take part.", count)
        return words % {"count": count, "total": len(self.enrollments)} if states else ""

    def words_of(self, row: Enrollment) -> str:
        """What the state of one enrollment means, and what comes next."""
        if row.pk in self.unagreed and row.state == EnrollmentState.ACTIVE:
            return _("You are asked for no new events until you agree to the new terms.")
        return enrollment_words(row, self.version)

    def badge_of(self, row: Enrollment) -> dict[str, str]:
        """The state of one enrollment as a word and a tone."""
        if row.pk in self.unagreed and row.state == EnrollmentState.ACTIVE:
            return {"badge": _("Waits for your word"), "tone": "attention"}
        return badge_of([EnrollmentState(row.state)])


def badge_of(states: Sequence[EnrollmentState]) -> dict[str, str]:
    """A word and a tone for the states of one holder's meters."""
    order = [
        (EnrollmentState.ACTIVE, _("You take part"), "good"),
        (EnrollmentState.ELIGIBLE, _("Being decided"), "event"),
        (EnrollmentState.APPLIED, _("Waiting for readings"), "event"),
        (EnrollmentState.PAUSED, _("Paused"), ""),
        (EnrollmentState.REFUSED, _("Refused"), "danger"),
    ]
    for state, label, tone in order:
        if state in states:
            return {"badge": label, "tone": tone}
    return {"badge": "", "tone": ""}


def enrollment_words(row: Enrollment, version: ProgramVersion) -> str:
    """How far one enrollment is, in a sentence or two."""
    if row.ended_at is not None:
        day = day_words(timezone.localtime(row.ended_at, row.meter.zone).date(), "date")
        return _("It takes part until %(day)s.") % {"day": day}
    sentences = {
        EnrollmentState.APPLIED: gate_words(row.gate),
        EnrollmentState.ELIGIBLE: _("There are enough readings. Your distributor decides and writes to you."),
        EnrollmentState.ACTIVE: _("We write to you before each event. You choose each time."),
        EnrollmentState.PAUSED: _("We ask you for no events until you go on."),
        EnrollmentState.REFUSED: _("Reason: %(reason)s You can ask again.") % {"reason": row.reason},
    }
    return sentences[EnrollmentState(row.state)]


def parts_of(user: User, held: Sequence[Meter] | None = None) -> list[Part]:
    """Every program that is open, or that a meter of the reader is in. Three queries, and two per program to agree to.

    Args:
        held: The reader's meters now, where they are known already.
    """
    meters = meters_of(user) if held is None else [meter for meter in held if meter.retired_at is None]
    rows = _enrollments(user, meters)
    found = []
    for version in _versions_in_force(Program.objects.visible_to(user)):
        mine = [row for row in rows if row.program_id == version.program_id]
        if version.program.is_open or mine:
            found.append(_part(version, mine, meters))
    return found


def part_of(user: User, program: Program) -> Part:
    """How the reader stands to one program that has published terms."""
    meters = meters_of(user)
    rows = [row for row in _enrollments(user, meters) if row.program_id == program.pk]
    return _part(_versions_in_force(Program.objects.filter(pk=program.pk))[0], rows, meters)


def meters_of(user: User) -> list[Meter]:
    """The reader's meters in service now, by number. One query."""
    mine = Meter.objects.visible_to(user).held_now_by(user).filter(retired_at__isnull=True)
    return list(mine.select_related("distributor").order_by("number", "pk"))


def _versions_in_force(programs: QuerySet[Program]) -> list[ProgramVersion]:
    """The newest published terms of each program that has any, by the program's name. One query."""
    published = ProgramVersion.objects.published().filter(program__in=programs)
    rows = published.select_related("program__distributor").order_by("program__name", "program", "-number")
    newest: dict[int, ProgramVersion] = {}
    for row in rows:
        newest.setdefault(row.program_id, row)
    return list(newest.values())


def _enrollments(user: User, meters: Sequence[Meter]) -> list[Enrollment]:
    """Those that are not over and belong to the present holder."""
    still = Q(ended_at__isnull=True) | Q(ended_at__gt=timezone.now())
    rows = Enrollment.objects.filter(still, meter__in=[meter.pk for meter in meters])
    return list(rows.select_related("meter__distributor").order_by("meter__number", "pk"))


def _part(version: ProgramVersion, mine: list[Enrollment], meters: Sequence[Meter]) -> Part:
    program = version.program
    taken = {row.meter_id for row in mine if row.state != EnrollmentState.REFUSED}
    free = [meter for meter in meters if meter.pk not in taken] if program.is_open else []
    return Part(program, version, mine, free, frozenset(unagreed(mine, version)))


def offer(part: Part) -> dict[str, Any]:
    """A program as a card: what it pays, when, and how the reader stands to it."""
    return {
        "name": part.program.name,
        "text": part.program.description,
        "pays": pay_sentences(part.version),
        "season": season_words(part.version),
        "url": reverse("program_detail", args=[part.program.pk]),
        "state": part.state_text,
        **part.badge,
    }


@dataclass(frozen=True)
class Chance:
    """What an event could earn: the assumption, and the amount."""

    usual_kw: str
    saved_kwh: str
    amount: str
    points: str


def chance_of(version: ProgramVersion, meters: Sequence[Meter], user: User) -> Chance | None:
    """What a fifth less over two hours would earn, from the reader's own use of late; None without readings.

    The usual power is the mean of the hours in which events may come, on the business days of the last 30 days on
    which the reader had the meters. Two queries.
    """
    kw = sum((_usual_kw(meter, version, since) for meter, since in _since(meters, user)), Fraction(0))
    if not kw:
        return None
    less_kw, kwh = kw * SHARE, kw * SHARE * HOURS
    amount = Fraction(version.flat_per_event)
    amount += Fraction(version.rate_per_kw) * less_kw + Fraction(version.rate_per_kwh) * kwh
    if version.threshold_kwh is not None and kwh >= version.threshold_kwh:
        amount += Fraction(version.threshold_amount)
    if version.cap_per_event is not None:
        amount = min(amount, Fraction(version.cap_per_event) * len(meters))
    points = version.points_per_kwh * kwh
    return Chance(
        plain_words(round(Decimal(float(kw)), 1)),
        plain_words(round(Decimal(float(kwh)), 1)),
        money(amount, version.program.distributor.currency) if amount else "",
        plain_words(int(points)) if points else "",
    )


def _since(meters: Sequence[Meter], user: User) -> list[tuple[Meter, datetime]]:
    """Meters with the moment from which they are the reader's, at most a month ago."""
    month = timezone.now() - timedelta(days=PAST_DAYS)
    maps = MeterMap.objects.in_force(timezone.now()).filter(entity_id=holder_id_of(user))
    held = dict(maps.filter(meter__in=[meter.pk for meter in meters]).values_list("meter_id", "valid_from"))
    return [(meter, max(month, held.get(meter.pk, month))) for meter in meters]


def _usual_kw(meter: Meter, version: ProgramVersion, since: datetime) -> Fraction:
    hours = USUAL_HOURS
    if version.hours_from is not None and version.hours_to is not None:
        hours = range(version.hours_from.hour, max(version.hours_to.hour, version.hours_from.hour + 1))
    rows = HourlyEnergy.objects.filter(meter=meter, start__gte=since).values_list("start", "energy_wh")
    wh = [
        energy
        for at, energy in rows
        if local_day(at, meter.zone).weekday() < 5 and clock_minute(at, meter.zone) // 60 in hours
    ]
    return Fraction(max(0, sum(wh)), 1000 * len(wh)) if wh else Fraction(0)


def what_follows(version: ProgramVersion) -> list[str]:
    """What happens after joining, step by step."""
    steps = [_("We look whether your meter has sent enough readings to know your usual use.")]
    if needs_decision(version):
        steps.append(_("Your distributor decides, because it plans on what you promise, and writes to you."))
    steps.append(_("Before each event we write to you, and you choose each time."))
    steps.append(_("You can pause or leave at any time; what you have earned stays yours."))
    return steps
