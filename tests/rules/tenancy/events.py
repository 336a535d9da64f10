"""Keys of programs and events."""

from typing import Any

from tests.builder import make_meter
from tests.rules.examples import calling, programs, room, tenancy
from tests.rules.examples.example import Change
from tests.rules.kit import HOUR, NOON, Kit
from tests.rules.tenancy.kinds import Refused, foreign_holder, to


def _event_version(kit: Kit) -> Change:
    return kit.event, {"version": kit.version_of(kit.foreign_program)}


def foreign_group(kit: Kit) -> Any:
    return type(kit.group).objects.create(distributor=kit.there, name="Theirs")


def _group_target(kit: Kit) -> Change:
    return tenancy.stored_target(kit, feeder=None, group=kit.group), {"group": foreign_group(kit)}


def _organization_target(kit: Kit) -> Change:
    row = tenancy.stored_target(kit, feeder=None, organization=kit.organization)
    return row, {"organization": kit.foreign_organization}


SAME = {
    ("events.Enrollment", "meter"): Refused(
        ("enrollment_same_distributor",), to("meter", "enrollment", "foreign_meter")
    ),
    ("events.Enrollment", "program"): Refused(
        ("enrollment_same_distributor",), to("program", "enrollment", "foreign_program")
    ),
    ("events.Event", "version"): Refused(
        ("event_version_of_program",), _event_version, lambda kit: {"start": NOON - HOUR}
    ),
    ("events.Event", "created_by"): Refused(
        ("event_made_within_distributor",),
        lambda kit: (kit.event, {"created_by": kit.person(kit.there)}),
        lambda kit: {"start": NOON - HOUR},
    ),
    ("events.Participation", "meter"): Refused(
        ("participation_same_distributor",), to("meter", "participation", "foreign_meter")
    ),
    ("events.Participation", "holder"): Refused(
        ("participation_same_distributor",),
        lambda kit: (kit.participation, {"holder": foreign_holder(kit)}),
        lambda kit: {"meter": make_meter(kit.here)},
    ),
    ("events.EventTarget", "group"): Refused(("event_target_same_distributor",), _group_target),
    ("events.EventTarget", "feeder"): Refused(
        ("event_target_same_distributor",), lambda kit: (tenancy.stored_target(kit), {"feeder": kit.foreign_feeder})
    ),
    ("events.EventTarget", "organization"): Refused(("event_target_same_distributor",), _organization_target),
    ("events.EventTarget", "meter"): Refused(
        ("event_target_same_distributor",),
        lambda kit: (tenancy.stored_target(kit), {"feeder": None, "meter": kit.foreign_meter}),
    ),
    ("events.EventLeftOut", "meter"): Refused(
        ("event_left_out_same_distributor",),
        lambda kit: (programs.stored_left_out(kit), {"meter": kit.foreign_meter}),
    ),
    ("events.CancelRequest", "asked_by"): Refused(
        ("cancel_request_within_distributor",),
        lambda kit: (calling.stored_request(kit), {"asked_by": kit.person(kit.there)}),
    ),
    ("events.CancelRequest", "answered_by"): Refused(
        ("cancel_request_within_distributor",),
        lambda kit: (calling.stored_request(kit), {"answered_by": kit.person(kit.there)}),
    ),
    ("events.EventNote", "by"): Refused(
        ("event_note_within_distributor", "event_note_unchanged"),
        lambda kit: (room.stored_note(kit), {"by": kit.person(kit.there)}),
    ),
    ("events.OptSchedule", "meter"): Refused(
        ("opt_schedule_same_distributor",), lambda kit: (programs.stored_wish(kit), {"meter": kit.foreign_meter})
    ),
    ("events.OptSchedule", "holder"): Refused(
        ("opt_schedule_same_distributor",),
        lambda kit: (programs.stored_wish(kit), {"holder": foreign_holder(kit)}),
    ),
    ("events.OptSchedule", "program"): Refused(
        ("opt_schedule_same_distributor",), lambda kit: (programs.stored_wish(kit), {"program": kit.foreign_program})
    ),
    ("events.Consent", "version"): Refused(
        ("consent_version_of_program", "consent_append_only"),
        lambda kit: (programs.stored_consent(kit), {"version": kit.version_of(kit.foreign_program)}),
    ),
    ("events.Consent", "holder"): Refused(
        ("consent_holder_within_distributor", "consent_append_only"),
        lambda kit: (programs.stored_consent(kit), {"holder": foreign_holder(kit)}),
    ),
    ("events.Event", "approved_by"): Refused(
        ("event_agreed_within_distributor",),
        lambda kit: (kit.event, {"approved_by": kit.person(kit.there)}),
        lambda kit: {"start": NOON - HOUR},
    ),
}
