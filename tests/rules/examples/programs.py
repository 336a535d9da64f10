"""Terms, enrollments, standing wishes, and what an event needs before it is called."""

from datetime import date, time
from decimal import Decimal

from events.models import Consent, Enrollment, Event, EventLeftOut, OptSchedule, Program, ProgramVersion
from settlement.models import SheetReading
from tests.builder import make_meter
from tests.rules.examples.example import Change, Example, again
from tests.rules.examples.tenancy import stored_target
from tests.rules.kit import HOUR, NOON, Kit


def _terms(kit: Kit, **fields: object) -> ProgramVersion:
    """A published version that is not stored yet."""
    return again(kit.version, number=2, **fields)


def _broken(**fields: object) -> Example:
    """Terms that can neither be published nor drafted."""
    return Example(new=lambda kit: _terms(kit, **fields), change=lambda kit: (kit.draft, dict(fields)))


def _second_draft(kit: Kit) -> Change:
    program = kit.draft.program
    other = again(kit.draft, program=kit.program_named("Another"))
    other.save()
    return other, {"program": program, "number": 2}


def consent(kit: Kit, **fields: object) -> Consent:
    """Somebody's agreement that is not stored yet."""
    people = {"holder": kit.holder, "given_by": kit.person()}
    return Consent(
        **({"enrollment": kit.enrollment, "version": kit.version, "terms_sha256": "0" * 64} | people | fields)
    )


def stored_consent(kit: Kit) -> Consent:
    """The same, stored."""
    row = consent(kit)
    row.save()
    return row


def exclusive_program(kit: Kit, name: str) -> Program:
    """A program beside which a meter may be in no other of its kind."""
    return Program.objects.create(distributor=kit.here, name=name, is_exclusive=True)


def _second_exclusive(kit: Kit) -> Enrollment:
    Enrollment.objects.create(program=exclusive_program(kit, "One"), meter=kit.meter)
    return Enrollment(program=exclusive_program(kit, "Two"), meter=kit.meter, is_exclusive=True)


def _exclusive_again(kit: Kit) -> Change:
    Enrollment.objects.create(program=exclusive_program(kit, "One"), meter=kit.meter)
    ended = Enrollment.objects.create(
        program=exclusive_program(kit, "Two"), meter=kit.meter, enrolled_at=NOON, ended_at=NOON
    )
    return ended, {"ended_at": None}


def left_out(kit: Kit, **fields: object) -> EventLeftOut:
    """A meter that an event leaves out, not stored yet."""
    values = {"event": kit.event, "meter": kit.meter, "reason": "operator", "created_by": kit.staff}
    return EventLeftOut(**(values | fields))


def stored_left_out(kit: Kit, **fields: object) -> EventLeftOut:
    """The same, stored."""
    row = left_out(kit, **fields)
    row.save()
    return row


def wish(kit: Kit, **fields: object) -> OptSchedule:
    """A standing wish that is not stored yet."""
    return OptSchedule(**({"meter": kit.meter, "holder": kit.holder, "created_by": kit.staff} | fields))


def stored_wish(kit: Kit, **fields: object) -> OptSchedule:
    """The same, stored."""
    row = wish(kit, **fields)
    row.save()
    return row


def _event(kit: Kit, **fields: object) -> Event:
    values = {"program": kit.program, "version": kit.version, "start": NOON, "end": NOON + HOUR}
    return Event(**(values | {"created_by": kit.staff} | fields))


def _to_draft(kit: Kit) -> Change:
    draft = kit.draft
    other = Event.objects.create(
        program=draft.program, version=_published(kit, draft.program), start=NOON, end=NOON + HOUR
    )
    return other, {"version": draft}


def _published(kit: Kit, program: Program) -> ProgramVersion:
    return kit.version_of(program, number=2)


def _large_event(kit: Kit) -> Event:
    row = _event(kit, needs_second=True)
    row.save()
    return row


_DAYS = {"first_day": date(2026, 3, 2), "last_day": date(2026, 3, 1)}
_HOURS = {"hours_from": time(9), "hours_to": time(8)}


def _reading(kit: Kit) -> SheetReading:
    row = SheetReading(event=kit.event, run=kit.run, file_name="sheet.csv", sha256="0" * 64)
    row.save()
    return row


EXAMPLES = {
    "sheet_reading_append_only": Example(
        change=lambda kit: (_reading(kit), {"file_name": "other.csv"}), delete=_reading
    ),
    "program_version_once": Example(
        new=lambda kit: again(kit.version), change=lambda kit: (_number_two(kit), {"number": 1})
    ),
    "program_version_prices_not_negative": _broken(rate_per_kw=Decimal(-1)),
    "program_version_control_share": _broken(control_share=Decimal("0.6")),
    "program_version_season_in_order": _broken(season_start=date(2026, 9, 1), season_end=date(2026, 6, 1)),
    "program_version_hours_in_order": _broken(**_HOURS),
    "program_version_one_draft": Example(new=lambda kit: again(kit.draft, number=2), change=_second_draft),
    "program_version_frozen": Example(
        change=lambda kit: (kit.version, {"rate_per_kw": Decimal(9)}), delete=lambda kit: kit.version
    ),
    "enrollment_state_known": Example(
        new=lambda kit: Enrollment(program=kit.program, meter=kit.meter, state="asleep"),
        change=lambda kit: (kit.enrollment, {"state": "asleep"}),
    ),
    "enrollment_exclusive_as_program": Example(
        new=lambda kit: Enrollment(program=kit.program, meter=kit.meter, is_exclusive=True),
        change=lambda kit: (kit.enrollment, {"is_exclusive": True}),
        filled=("save new", "form new", "save change", "form change"),
    ),
    "enrollment_one_exclusive_program": Example(new=_second_exclusive, change=_exclusive_again),
    "consent_version_of_program": Example(
        new=lambda kit: consent(kit, version=kit.version_of(kit.program_named("Other")))
    ),
    "consent_holder_within_distributor": Example(
        new=lambda kit: consent(kit, holder=kit.entity_of(kit.foreign_organization))
    ),
    "consent_append_only": Example(
        change=lambda kit: (stored_consent(kit), {"terms_sha256": "1" * 64}), delete=stored_consent
    ),
    "event_terms_published": Example(
        new=lambda kit: _event(kit, program=kit.draft.program, version=kit.draft), change=_to_draft
    ),
    "event_second_person": Example(
        change=lambda kit: (_large_event(kit), {"state": "scheduled", "modification_number": 1})
    ),
    "event_agreed_within_distributor": Example(
        new=lambda kit: _event(kit, approved_by=kit.person(kit.there)),
        change=lambda kit: (kit.event, {"approved_by": kit.person(kit.there)}),
    ),
    "event_left_out_once": Example(
        new=lambda kit: again(stored_left_out(kit)),
        change=lambda kit: (stored_left_out(kit, meter=make_meter(kit.here)), {"meter": stored_left_out(kit).meter}),
    ),
    "event_left_out_reason_known": Example(
        new=lambda kit: left_out(kit, reason="mood"), change=lambda kit: (stored_left_out(kit), {"reason": "mood"})
    ),
    "event_left_out_same_distributor": Example(
        new=lambda kit: left_out(kit, meter=kit.foreign_meter),
        change=lambda kit: (stored_left_out(kit), {"meter": kit.foreign_meter}),
    ),
    "event_target_meter_once": Example(
        new=lambda kit: again(stored_target(kit, feeder=None, meter=kit.meter)),
        change=lambda kit: (
            stored_target(kit, feeder=None, meter=make_meter(kit.here)),
            {"meter": stored_target(kit, feeder=None, meter=kit.meter).meter},
        ),
    ),
    "participation_source_known": Example(
        new=lambda kit: again(kit.participation, meter=make_meter(kit.here), answer_source="dream"),
        change=lambda kit: (kit.participation, {"answer_source": "dream"}),
    ),
    "opt_schedule_days_in_order": Example(
        new=lambda kit: wish(kit, **_DAYS), change=lambda kit: (stored_wish(kit), dict(_DAYS))
    ),
    "opt_schedule_hours_in_order": Example(
        new=lambda kit: wish(kit, **_HOURS), change=lambda kit: (stored_wish(kit), dict(_HOURS))
    ),
    "opt_schedule_same_distributor": Example(
        new=lambda kit: wish(kit, meter=kit.foreign_meter),
        change=lambda kit: (stored_wish(kit), {"program": kit.foreign_program}),
    ),
}


def _number_two(kit: Kit) -> ProgramVersion:
    draft = again(kit.draft, program=kit.version.program, number=2)
    draft.save()
    return draft
