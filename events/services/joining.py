"""How somebody joins a program: asked for, through the data gate, active; and agreeing to new terms.

Who is eligible becomes active by itself, unless the program pays for nominated kW or takes a penalty for them
(`needs_decision`): then an operator has the last word, because the distributor plans on what is promised.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.audit import deed
from accounts.models import User
from common.speech import day_words
from events.agreement import terms_hash
from events.errors import AlreadyIn, EventError, NotNominated, ProgramClosed, TermsChanged, WrongEnrollment
from events.models import Consent, Enrollment, EnrollmentState, Program, ProgramVersion
from events.services.changes import terms_in_force
from events.services.enrollments import PORTAL, needs_nomination, nominate_anew, refuse_exclusive, said_by
from events.services.gate import Gate, check_gates
from events.term_notices import News, tell_of_enrollment
from meters.models import Meter
from meters.selectors import holders_at

BATCH = 200


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """What somebody agreed to: the hash of the terms that they read, and the kW that they promise by meter id."""

    sha256: str
    kw: Mapping[int, Decimal] = field(default_factory=dict)


def needs_decision(version: ProgramVersion) -> bool:
    """Whether an operator decides who comes in."""
    return version.capacity_per_kw_month > 0 or version.penalty_per_kw > 0


def is_over(enrollment: Enrollment, now: datetime) -> bool:
    """Whether the enrollment has ended by a moment."""
    return enrollment.ended_at is not None and enrollment.ended_at <= now


@transaction.atomic
def apply(*, program: Program, meters: Sequence[Meter], agreement: Agreement, by: User) -> list[Enrollment]:
    """The enrollments of the meters, with the consent noted: active if they can be, else on their way; all or none.

    Raises:
        ProgramClosed: The program takes nobody in.
        NoTerms: It has no terms.
        TermsChanged: Others are in force than those that were agreed to.
        AlreadyIn: A meter is in it, or in another exclusive program.
        NotNominated: The terms need kW that nobody gave.
        WrongEnrollment: A meter is out of service.
    """
    locked = Program.objects.select_for_update().get(pk=program.pk)
    _require_open(locked)
    version = terms_in_force(locked)
    _require_current(version, agreement)
    ids = [meter.pk for meter in meters]
    ordered = list(Meter.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    now = timezone.now()
    gates = check_gates(version=version, meters=ordered, now=now)
    with deed("enrollment.applied", by=by):
        rows = [_asked(locked, version, meter, agreement, by, now) for meter in ordered]
        _note_consents(rows, version, by, now)
        for row in rows:
            _through_gate(row, version, gates[row.meter_id], now)
    return rows


@transaction.atomic
def put_forward(*, program: Program, meter: Meter, kw: Decimal | None = None, source: str = "", by: User) -> Enrollment:
    """The meter's enrollment, entered by the distributor for its holder: active once the readings suffice.

    As with `enroll`, a contract on paper stands for the consent; but the meter goes through the data gate like those
    of whoever joins in the portal, and waits there if it must.

    Raises:
        ProgramClosed, NoTerms, AlreadyIn, NotNominated, WrongEnrollment: as in `apply`.
    """
    locked = Program.objects.select_for_update().get(pk=program.pk)
    _require_open(locked)
    version, now = terms_in_force(locked), timezone.now()
    gate = check_gates(version=version, meters=[meter], now=now)[meter.pk]
    with deed("enrollment.put_forward", by=by):
        row = _started(locked, meter, now)
        _promise(row, version, kw, by, source)
        _through_gate(row, version, gate, now)
    if row.state == EnrollmentState.ACTIVE:
        tell_of_enrollment(enrollments=[row], news=News.ACTIVE)
    return row


def _require_open(program: Program) -> None:
    if not program.is_open:
        raise ProgramClosed(_("%(program)s takes nobody in at present.") % {"program": program.name})


def _require_current(version: ProgramVersion, agreement: Agreement) -> None:
    if agreement.sha256 != terms_hash(version):
        raise TermsChanged(_("The terms changed while you read them. Read them again before you agree."))


def _asked(
    program: Program, version: ProgramVersion, meter: Meter, agreement: Agreement, by: User, now: datetime
) -> Enrollment:
    """The meter's row, asked for anew by its holder."""
    row = _started(program, meter, now)
    row.applied_at, row.applied_by = now, by
    row.save(update_fields=["applied_at", "applied_by"])
    _promise(row, version, agreement.kw.get(meter.pk), by, said_by(PORTAL, by))
    return row


def _started(program: Program, meter: Meter, now: datetime) -> Enrollment:
    """The meter's row, on its way in again or for the first time; nobody has asked for it yet."""
    if meter.retired_at is not None:
        raise WrongEnrollment(_("The meter %(meter)s is out of service.") % {"meter": meter.label})
    found = Enrollment.objects.filter(program=program, meter=meter).first()
    if found is not None and found.state != EnrollmentState.REFUSED and not is_over(found, now):
        raise AlreadyIn(_already(found, program))
    refuse_exclusive(program=program, meter=meter)
    row = found or Enrollment(program=program, meter=meter)
    row.state, row.applied_at, row.applied_by = EnrollmentState.APPLIED, None, None
    row.enrolled_at, row.ended_at, row.reason, row.gate = now, None, "", {}
    row.decided_at, row.decided_by = None, None
    row.save()
    return row


def _already(enrollment: Enrollment, program: Program) -> str:
    names = {"meter": enrollment.meter.label, "program": program.name}
    if enrollment.ended_at is None:
        return _("The meter %(meter)s is in %(program)s already.") % names
    until = day_words(timezone.localtime(enrollment.ended_at, enrollment.meter.zone).date())
    words = _("The meter %(meter)s is in %(program)s until %(until)s; it can join again after that.")
    return words % {**names, "until": until}


def _promise(enrollment: Enrollment, version: ProgramVersion, kw: Decimal | None, by: User, said_by: str) -> None:
    promised = enrollment.meter.contracted_kw if kw is None else kw
    if promised is not None:
        source = "Meter list, at joining" if kw is None else said_by
        nominate_anew(enrollment=enrollment, kw=promised, source=source, by=by)
    elif needs_nomination(version):
        words = _("Say how many kW the meter %(meter)s can give.")
        raise NotNominated(words % {"meter": enrollment.meter.label})


def _note_consents(rows: Collection[Enrollment], version: ProgramVersion, by: User, now: datetime) -> None:
    holders = holders_at(meter_ids=[row.meter_id for row in rows], at=now)
    for row in rows:
        Consent.objects.create(
            enrollment=row,
            version=version,
            holder_id=holders.get(row.meter_id),
            given_by=by,
            given_at=now,
            terms_sha256=terms_hash(version),
        )


def _through_gate(enrollment: Enrollment, version: ProgramVersion, gate: Gate, now: datetime) -> None:
    """Notes what the gate found, and goes on as far as that leads."""
    enrollment.gate = gate.data()
    if gate.is_enough:
        enrollment.state = EnrollmentState.ELIGIBLE
        # Whom an operator put forward has the operator's word already.
        if enrollment.applied_at is None or not needs_decision(version):
            enrollment.state, enrollment.enrolled_at = EnrollmentState.ACTIVE, now
    enrollment.save(update_fields=["gate", "state", "enrolled_at"])


@transaction.atomic
def agree(*, enrollments: Collection[Enrollment], agreement: Agreement, by: User) -> ProgramVersion:
    """The terms in force, agreed to for these enrollments of one program.

    Raises:
        TermsChanged: Others are in force than those that were agreed to.
        WrongEnrollment: There is none, or one has ended.
    """
    rows = list(Enrollment.objects.select_for_update().filter(pk__in=[row.pk for row in enrollments]).order_by("pk"))
    now = timezone.now()
    if not rows or any(is_over(row, now) for row in rows):
        raise WrongEnrollment(_("The meter is not in the program any more."))
    version = terms_in_force(rows[0].program)
    _require_current(version, agreement)
    with deed("enrollment.agreed", by=by):
        _note_consents(rows, version, by, now)
    return version


def recheck_waiting(*, now: datetime | None = None) -> int:
    """How many enrollments became active: everybody who waits goes through the gate again. Safe to run twice."""
    now = now or timezone.now()
    waiting = Enrollment.objects.active().filter(state=EnrollmentState.APPLIED, program__is_open=True)
    count = 0
    for program_id in sorted(set(waiting.values_list("program_id", flat=True))):
        ids = sorted(waiting.filter(program=program_id).values_list("pk", flat=True))
        for first in range(0, len(ids), BATCH):
            count += _recheck(program_id, ids[first : first + BATCH], now)
    return count


@transaction.atomic
def _recheck(program_id: int, ids: list[int], now: datetime) -> int:
    program = Program.objects.select_for_update().get(pk=program_id)
    version = program.versions.published().order_by("-number").first()
    waiting = Enrollment.objects.active().filter(pk__in=ids, state=EnrollmentState.APPLIED)
    rows = list(waiting.select_for_update().order_by("pk"))
    if version is None or not rows:
        return 0
    meters = Meter.objects.select_related("distributor").in_bulk([row.meter_id for row in rows])
    gates = check_gates(version=version, meters=list(meters.values()), now=now)
    for row in rows:
        row.meter = meters[row.meter_id]
        try:
            refuse_exclusive(program=program, meter=row.meter)
        except EventError:
            continue  # stays asked for, until the other program is left
        _through_gate(row, version, gates[row.meter_id], now)
    joined = [row for row in rows if row.state == EnrollmentState.ACTIVE]
    tell_of_enrollment(enrollments=joined, news=News.ACTIVE)
    return len(joined)
