"""Which meters take part, and with how much: what the distributor enters by itself, and nominations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.retry import retried
from events.errors import AlreadyIn, NotNominated
from events.models import Enrollment, EnrollmentState, Nomination, PayCap, Program, ProgramVersion
from events.nominations import ALWAYS, stints_at
from events.selectors import newest_nominations
from events.services.moving import leave_coming
from meters.models import Meter, MeterMap

BATCH = 500
TAKEN = (EnrollmentState.ACTIVE, EnrollmentState.PAUSED)


# How the source of a figure begins that a participant gave on the portal's pages.
PORTAL = "Portal"
BY_PARTICIPANT = f"{PORTAL}, "


def said_by(way: str, user: User) -> str:
    """The source of a figure that somebody gave: by number, which stays right when the account is closed."""
    return f"{way}, person {user.pk}"


@dataclass(frozen=True)
class ListedFigure:
    """A meter whose promise and whose figure in the meter list differ."""

    number: str
    promised_kw: Decimal
    listed_kw: Decimal
    is_kept: bool


@dataclass(frozen=True)
class EnrolledAll:
    """What `enroll_all` found: meters that joined, whose figure changed, and that stayed as they were.

    Attributes:
        differing: Old against new of each meter whose two figures differ; a kept one is the participant's own.
    """

    joined: int
    changed: int
    unchanged: int
    differing: Sequence[ListedFigure] = ()


@transaction.atomic
def enroll(
    *, program: Program, meter: Meter, kw: Decimal | None = None, source: str = "", by: User | None = None
) -> Enrollment:
    """The meter's enrollment, active from now on, with a nomination of `kw` or else of its contracted kW.

    This is the distributor's own way in: there is a contract on paper, so neither the data gate nor a consent in the
    portal is asked for.

    Raises:
        NotNominated: The terms need a figure, and neither is known.
        AlreadyIn: The meter is in another exclusive program.
    """
    locked = Program.objects.select_for_update().get(pk=program.pk)
    promised = meter.contracted_kw if kw is None else kw
    if promised is None and needs_nomination(locked.versions.published().order_by("-number").first()):
        raise NotNominated(
            _("Say how many kW the meter %(number)s promises; the meter list does not.") % {"number": meter.number}
        )
    with deed("enrollment.add", by=by):
        found = Enrollment.objects.filter(program=locked, meter=meter).first()
        is_in = found is not None and found.ended_at is None and found.state == EnrollmentState.ACTIVE
        enrollment = found if found is not None and is_in else _entered(locked, meter, found, by)
        if promised is not None:
            promise = nominate if is_in else nominate_anew
            promise(enrollment=enrollment, kw=promised, source=source or _list_source(timezone.now(), locked))
    return enrollment


def _entered(program: Program, meter: Meter, found: Enrollment | None, by: User | None) -> Enrollment:
    """The meter's row, active; whoever asked for it, or had it before, has no part in it any more."""
    refuse_exclusive(program=program, meter=meter)
    now = timezone.now()
    enrollment = found or Enrollment(program=program, meter=meter)
    enrollment.state, enrollment.enrolled_at, enrollment.ended_at = EnrollmentState.ACTIVE, now, None
    enrollment.applied_at, enrollment.applied_by, enrollment.reason = None, None, ""
    enrollment.decided_at, enrollment.decided_by = now, by
    enrollment.save()
    return enrollment


def refuse_exclusive(*, program: Program, meter: Meter) -> None:
    """Passes a meter that is in no other exclusive program; its row stays locked until the transaction ends.

    Raises:
        AlreadyIn: naming the program that it is in.
    """
    if not program.is_exclusive:
        return
    Meter.objects.select_for_update().get(pk=meter.pk)
    still = Q(ended_at__isnull=True) | Q(ended_at__gt=timezone.now())
    others = Enrollment.objects.filter(still, meter=meter, is_exclusive=True, state__in=TAKEN)
    other = others.exclude(program=program).select_related("program").first()
    if other is not None:
        words = _("The meter %(meter)s is in %(program)s, and can be in only one such program. Leave that one first.")
        raise AlreadyIn(words % {"meter": meter.label, "program": other.program.name})


def needs_nomination(version: ProgramVersion | None) -> bool:
    """Whether the terms count in kW that somebody promised."""
    if version is None:
        return False
    pays_for_promises = version.capacity_per_kw_month or version.penalty_per_kw or version.bonus_factor is not None
    pays_load = bool(version.rate_per_kw or version.rate_per_kwh or version.points_per_kwh)
    return bool(pays_for_promises) or (version.pay_cap == PayCap.UP_TO_NOMINATION and pays_load)


@retried
@transaction.atomic
def end_enrollment(
    *, enrollment: Enrollment, at: datetime | None = None, by: User | None = None, reason: str = ""
) -> Enrollment:
    """The enrollment with its end, out of events that can still be skipped; one that has ended stays as it is.

    An event that runs, or whose answers are closed, counts to its end.
    """
    locked = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if locked.ended_at is None:
        locked.ended_at, locked.reason = max(at or timezone.now(), locked.enrolled_at), reason[:200]
        with deed("enrollment.ended", by=by, reason=reason):
            locked.save(update_fields=["ended_at", "reason"])
            leave_coming(enrollment=locked, by=by)
    return locked


@transaction.atomic
def nominate(
    *,
    enrollment: Enrollment,
    kw: Decimal,
    source: str,
    valid_from: datetime | None = None,
    by: User | None = None,
) -> Nomination:
    """The nomination with this figure: the holder's newest one if it says the same, else a new row.

    An event counts what was nominated by its deadline, so a figure of now never changes one that is too near.
    """
    Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    newest = enrollment.nominations.order_by("-valid_from", "-id").first()
    stints = stints_at(MeterMap.objects.filter(meter=enrollment.meter_id), timezone.now())
    is_own = newest is not None and stints.get(enrollment.meter_id, ALWAYS).has_begun_by(newest.valid_from)
    if newest is not None and is_own and newest.kw == kw:
        return newest
    with deed("enrollment.nominated", by=by):
        return Nomination.objects.create(
            enrollment=enrollment, kw=kw, source=source[:80], valid_from=valid_from or timezone.now()
        )


def nominate_anew(*, enrollment: Enrollment, kw: Decimal, source: str, by: User | None = None) -> Nomination:
    """The nomination that a meter joins with: a row of its own even where an earlier stint promised the same."""
    with deed("enrollment.nominated", by=by):
        return Nomination.objects.create(enrollment=enrollment, kw=kw, source=source[:80], is_first=True)


@transaction.atomic
def enroll_all(*, program: Program, at: datetime | None = None, over_own: bool = False) -> EnrolledAll:
    """Enrolls every meter in service with a contracted kW, and copies the figure into a dated nomination.

    A meter whose enrollment was ended, asked for or refused stays as it is, and so does one that is in another
    exclusive program. The same list again changes nothing.

    Args:
        over_own: Whether the list goes before a figure that the participant gave in the portal; else that one stays.
    """
    at = at or timezone.now()
    locked = Program.objects.select_for_update().get(pk=program.pk)
    listed = Meter.objects.filter(
        distributor=locked.distributor_id, contracted_kw__isnull=False, retired_at__isnull=True
    )
    joined = _enter_missing(locked, listed, at)
    enrolled = Enrollment.objects.filter(program=locked, ended_at=None, meter__in=listed, state__in=TAKEN)
    found = {row.meter_id: row for row in enrolled.select_related("meter").order_by("meter__number", "meter")}
    nominated = newest_nominations(program_id=locked.pk)
    differing = [
        _compared(row.meter, nominated[pk], over_own=over_own)
        for pk, row in found.items()
        if pk in nominated and nominated[pk].kw != row.meter.contracted_kw
    ]
    kept = {figure.number for figure in differing if figure.is_kept}
    same = {pk for pk, row in found.items() if pk in nominated and nominated[pk].kw == row.meter.contracted_kw}
    source = _list_source(at, locked)
    changed = [
        Nomination(enrollment=row, kw=kw, source=source, valid_from=at)
        for pk, row in found.items()
        if pk not in same and row.meter.number not in kept and (kw := row.meter.contracted_kw) is not None
    ]
    Nomination.objects.bulk_create(changed, batch_size=BATCH)
    return EnrolledAll(joined, len(changed) - joined, len(found) - len(changed), differing)


def _enter_missing(program: Program, listed: QuerySet[Meter], at: datetime) -> int:
    """How many meters of the list came in; those of another exclusive program stay there."""
    missing = listed.exclude(enrollments__program=program)
    exclusive = program.is_exclusive
    if exclusive:
        elsewhere = Enrollment.objects.filter(exclusive_meter__isnull=False).values("meter")
        missing = missing.exclude(pk__in=elsewhere)
    rows = [Enrollment(program=program, meter=meter, enrolled_at=at, is_exclusive=exclusive) for meter in missing]
    Enrollment.objects.bulk_create(rows, batch_size=BATCH)
    return len(rows)


def _compared(meter: Meter, promise: Nomination, *, over_own: bool) -> ListedFigure:
    assert meter.contracted_kw is not None
    is_kept = promise.source.startswith(BY_PARTICIPANT) and not over_own
    return ListedFigure(meter.number, promise.kw, meter.contracted_kw, is_kept)


def _list_source(at: datetime, program: Program) -> str:
    return f"Meter list, {timezone.localtime(at, program.zone):%Y-%m-%d}"
