"""Which meters take part, and with how much."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from events.errors import NotNominated
from events.models import Enrollment, Nomination, Program
from events.selectors import newest_nominations
from meters.models import Meter

BATCH = 500


@dataclass(frozen=True)
class EnrolledAll:
    """What `enroll_all` found: meters that joined, whose figure changed, and that stayed as they were."""

    joined: int
    changed: int
    unchanged: int


@transaction.atomic
def enroll(*, program: Program, meter: Meter, kw: Decimal | None = None, source: str = "") -> Enrollment:
    """The meter's enrollment, open from now on, with a nomination of `kw` or else of its contracted kW.

    Raises:
        NotNominated: neither is known.
    """
    promised = meter.contracted_kw if kw is None else kw
    if promised is None:
        raise NotNominated(
            _("Say how many kW the meter %(number)s promises; the meter list does not.") % {"number": meter.number}
        )
    Program.objects.select_for_update().get(pk=program.pk)
    enrollment, is_new = Enrollment.objects.get_or_create(program=program, meter=meter)
    if not is_new and enrollment.ended_at is not None:
        enrollment.enrolled_at, enrollment.ended_at = timezone.now(), None
        enrollment.save(update_fields=["enrolled_at", "ended_at"])
    nominate(enrollment=enrollment, kw=promised, source=source or _list_source(timezone.now(), program))
    return enrollment


@transaction.atomic
def end_enrollment(*, enrollment: Enrollment, at: datetime | None = None) -> Enrollment:
    """The enrollment with its end; one that has ended stays as it is."""
    locked = Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    if locked.ended_at is None:
        locked.ended_at = max(at or timezone.now(), locked.enrolled_at)
        locked.save(update_fields=["ended_at"])
    return locked


@transaction.atomic
def nominate(*, enrollment: Enrollment, kw: Decimal, source: str, valid_from: datetime | None = None) -> Nomination:
    """The nomination with this figure: the newest one if it says the same, else a new row."""
    Enrollment.objects.select_for_update().get(pk=enrollment.pk)
    newest = enrollment.nominations.order_by("-valid_from", "-id").first()
    if newest is not None and newest.kw == kw:
        return newest
    return Nomination.objects.create(
        enrollment=enrollment, kw=kw, source=source, valid_from=valid_from or timezone.now()
    )


@transaction.atomic
def enroll_all(*, program: Program, at: datetime | None = None) -> EnrolledAll:
    """Enrolls every meter in service with a contracted kW, and copies the figure into a dated nomination.

    A meter whose enrollment was ended stays out. The same list again changes nothing.
    """
    at = at or timezone.now()
    Program.objects.select_for_update().get(pk=program.pk)
    listed = Meter.objects.filter(
        distributor=program.distributor_id, contracted_kw__isnull=False, retired_at__isnull=True
    )
    missing = listed.exclude(enrollments__program=program)
    rows = [Enrollment(program=program, meter=meter, enrolled_at=at) for meter in missing]
    Enrollment.objects.bulk_create(rows, batch_size=BATCH)
    enrolled = Enrollment.objects.filter(program=program, ended_at=None, meter__in=listed).select_related("meter")
    nominated = newest_nominations(program_id=program.pk)
    source = _list_source(at, program)
    changed = [
        Nomination(enrollment=row, kw=kw, source=source, valid_from=at)
        for row in enrolled
        if (kw := row.meter.contracted_kw) is not None
        and (row.meter_id not in nominated or nominated[row.meter_id].kw != kw)
    ]
    Nomination.objects.bulk_create(changed, batch_size=BATCH)
    return EnrolledAll(len(rows), len(changed) - len(rows), len(enrolled) - len(changed))


def _list_source(at: datetime, program: Program) -> str:
    return f"Meter list, {timezone.localtime(at, program.zone):%Y-%m-%d}"
