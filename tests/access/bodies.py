"""What is sent: to every address that takes something, a body that would be taken of the right person."""

from datetime import timedelta
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from dashboards.tests.story import HALF_HOUR, now_slot
from tests.access.forms import values_of
from tests.access.routes import Route
from tests.access.world import PASSWORD, AccessWorld, Life
from tests.builder import code_of_now

PASSWORDS = {"password1": PASSWORD, "password2": PASSWORD}

OTHER = "another horse, another staple"


def body_of(access: AccessWorld, route: Route, address: str, *, life: Life | None = None) -> dict[str, Any]:
    """The body for a POST (or PUT, PATCH) to an address of `life`, by default of Hither's."""
    life = life or access.here
    if route.template.startswith("/admin/"):
        return admin_body(access, route, address, life)
    make = _BODIES.get(route.name)
    return make(life) if make else {}


def _address(life: Life) -> str:
    return f"{life.side.distributor.name.lower()}-{life.side.neighbor.pk}@example.com"


def _person(life: Life) -> dict[str, Any]:
    return {
        "email": "newcomer@example.com",
        "first_name": "New",
        "last_name": "Comer",
        "distributor": life.side.distributor.pk,
        "new_organization": "",
        "message": "",
        **PASSWORDS,
    }


def _claim(life: Life) -> dict[str, Any]:
    return {"number": life.claim[0], "code": life.claim[1], "end_old": "yes"}


def _move_out(life: Life) -> dict[str, Any]:
    return {"day": (timezone.now() + timedelta(days=10)).date().isoformat()}


def _new_event(life: Life) -> dict[str, Any]:
    day = (timezone.now() + timedelta(days=5)).date().isoformat()
    everybody = dict.fromkeys(("meters", "area", "area_name", "latitude", "longitude", "radius_m", "corners"), "")
    plain = {"note": "", "target_kw": "", "is_test": ""}
    return {"program": life.objects["program"], "day": day, "at": "17:00", "minutes": "60", **everybody, **plain}


def _new_time(life: Life) -> dict[str, Any]:
    start = (timezone.now() + timedelta(days=7)).date().isoformat()
    return {"start": f"{start}T10:00", "end": f"{start}T11:00"}


def _api_event(life: Life) -> dict[str, Any]:
    start = now_slot() + timedelta(days=6)
    span = {"start": start.isoformat(), "end": (start + HALF_HOUR).isoformat()}
    return {"program": life.objects["program"], "targets": [], **span}


def _api_new_time(life: Life) -> dict[str, Any]:
    return {name: moment for name, moment in _api_event(life).items() if name in ("start", "end")}


def _api_wish(life: Life) -> dict[str, Any]:
    terms = {"terms_sha256": life.objects["offer hash"]}
    return {"program": life.objects["offer"], "meter": life.side.home.number, **terms}


def _readings(life: Life) -> dict[str, Any]:
    start = now_slot() - timedelta(days=40)
    return {"readings": [{"meter": life.side.home.number, "start": start.isoformat(), "kwh": "0.4"}]}


def _import(life: Life) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("may.csv", b"meter,start,kwh\n")}


def _estimate(life: Life) -> dict[str, Any]:
    day = now_slot().date() - timedelta(days=4)
    return {
        "number": life.side.school.number,
        "first": (day - timedelta(days=2)).isoformat(),
        "last": (day + timedelta(days=2)).isoformat(),
    }


def _outage(life: Life) -> dict[str, Any]:
    day = (timezone.now() - timedelta(days=20)).date().isoformat()
    times = {"start": day, "start_at": "10:00", "end": day, "end_at": "12:00"}
    return {"kind": "outage", "meter": life.side.home.number, **times}


def _upstream(life: Life) -> dict[str, Any]:
    named = {"name": "Another market", "url": "https://vtn.example.com", "ven_name": "larkfield"}
    return {**named, "program": life.objects["program"], "policy": "draft", "poll_seconds": "30"}


def _outages(life: Life) -> dict[str, Any]:
    text = f"meter,start,end\n{life.side.home.number},2021-03-21T00:00Z,2021-03-21T01:00Z\n"
    return {"file": SimpleUploadedFile("outages.csv", text.encode())}


def _api_exclusion(life: Life) -> dict[str, Any]:
    start = now_slot() - timedelta(days=21)
    times = {"start": start.isoformat(), "end": (start + HALF_HOUR).isoformat()}
    return {"meter": life.side.home.number, "note": "", **times}


_BODIES: dict[str, Any] = {
    "account_profile": lambda life: {
        "first_name": "Other",
        "last_name": "Name",
        "theme": "dark",
        "language": "en",
        "quiet_from": "22:00",
        "quiet_until": "07:00",
    },
    "account_token_new": lambda life: {"name": "new", "scopes": ["meters:read"], "days": "30"},
    "account_close": lambda life: {"address": _address(life)},
    "notifications": lambda life: {"events-portal": "on"},
    "set_language": lambda life: {"language": "es", "next": "/"},
    "account_login": lambda life: {"login": _address(life), "password": PASSWORD},
    "account_signup": _person,
    "account_email": lambda life: {"email": "second@example.com", "action_add": ""},
    "account_change_password": lambda life: {"oldpassword": PASSWORD, "password1": OTHER, "password2": OTHER},
    "account_set_password": lambda life: PASSWORDS,
    "account_reset_password": lambda life: {"email": _address(life)},
    "account_reauthenticate": lambda life: {"password": PASSWORD},
    "mfa_reauthenticate": lambda life: {"code": code_of_now()},
    "claim_meter": _claim,
    "move_out": _move_out,
    "event_answer": lambda life: {"answer": "skip", "participation": ""},
    "answer": lambda life: {"answer": "skip"},
    "account_phone": lambda life: {"number": "+15555550123"},
    "account_phone_code": lambda life: {"code": "000000"},
    "opt_schedules": lambda life: {"meter": life.side.home.pk, "weekdays": ["5"]},
    "organization_approvals": lambda life: {"action": "approve", "ids": [life.objects["pending"]]},
    "organization_people": lambda life: {"action": "promote", "id": life.objects["member"]},
    "invitation": lambda life: {"first_name": "Guest", "last_name": "Invited", **PASSWORDS},
    "organization_invitations": lambda life: {"emails": "guest@example.com", "role": "member"},
    "organization_invitations_file": lambda life: {"file": SimpleUploadedFile("g.csv", b"email\nguest@example.com\n")},
    "operator_organization_invite": lambda life: {"emails": "guest@example.com", "role": "admin"},
    "operator_organization_request": lambda life: {"action": "approve"},
    "operator_placebo": lambda life: {"first": "2026-06-01", "last": "2026-06-30", "hours": "16, 17"},
    "operator_flag": lambda life: {"state": "cleared", "note": "Seen"},
    "reward_dispute": lambda life: {"category": "reading", "words": "The meter was swapped."},
    "dispute": lambda life: {"action": "write", "words": "One more thing."},
    "operator_dispute": lambda life: {"action": "answer", "words": "When was that?"},
    "operator_adjustment_new": lambda life: {
        "holder": life.side.school.number,
        "amount": "2.50",
        "unit": "money",
        "reason": "goodwill",
    },
    "operator_adjustment": lambda life: {"action": "approve"},
    "operator_months": lambda life: {"program": life.objects["program"], "month": "2020-01"},
    "operator_month": lambda life: {"action": "approve"},
    "operator_settlement_run": lambda life: {"action": "reopen", "reason": "A meter was swapped"},
    "operator_quality_hits": lambda life: {"ids": [life.objects["hit"]], "reason": "Seen"},
    "operator_quality_hit": lambda life: {"action": "accept", "reason": "Seen"},
    "operator_quality_estimate": _estimate,
    "operator_groups": lambda life: {"name": "All of them"},
    "operator_group": lambda life: {"name": "Renamed"},
    "operator_brand": lambda life: {"phone": "+1 555 0100"},
    "operator_import_new": _import,
    "organization_import_new": _import,
    "operator_import": lambda life: {"action": "drop"},
    "organization_import": lambda life: {"action": "drop"},
    "act_as_start": lambda life: {"reason": "Asked by phone about a reward."},
    "operator_event_new": _new_event,
    "operator_event_edit": _new_event,
    "operator_event_left_out": lambda life: {"meter": life.side.home.number, "note": "asked us to"},
    "operator_event_agree": lambda life: {},
    "operator_event_change": _new_time,
    "operator_event_cancel": lambda life: {"action": "cancel", "reason": "The load is lower than expected."},
    "program_join": lambda life: {"seen": life.objects["offer hash"], "agree": "on"},
    "program_part": lambda life: {"action": "pause"},
    "operator_program_new": lambda life: {"name": "Mornings, new", "kind": "rebate"},
    "operator_program": lambda life: {"action": "close"},
    "operator_program_draft": lambda life: {"preset": "three-day", "rate_per_kw": "3"},
    "operator_program_people": lambda life: {
        "action": "enroll",
        "number": f"{life.side.distributor.name}-spare",
        "kw": "2",
    },
    "operator_event_log": lambda life: {"text": "Called the school."},
    "operator_event": lambda life: {"action": "cancel"},
    "enrollment-list": _api_wish,
    "event-list": _api_event,
    "event-detail": _api_new_time,
    "event-cancel": lambda life: {"reason": "The load is lower than expected."},
    "reading-list": _readings,
    "exclusion-list": _api_exclusion,
    "operator_sheets": lambda life: {"file": SimpleUploadedFile("sheet.csv", b"meter,credit\nX,1\n")},
    "operator_upstream_new": _upstream,
    "operator_upstream_change": _upstream,
    "operator_upstream": lambda life: {"action": "stop"},
    "operator_ven_new": lambda life: {"name": "new pump"},
    "operator_ven": lambda life: {"action": "revoke", "reason": "lost"},
    "operator_outages": _outage,
    "operator_outages_file": _outages,
    "operator_outage": lambda life: {"action": "remove", "reason": "typed wrongly"},
}


# What a new row needs besides what its form says by itself.
def _new(life: Life) -> dict[str, dict[str, Any]]:
    side, start = life.side, now_slot() + timedelta(days=8)
    moment = {"start_0": f"{start:%Y-%m-%d}", "start_1": f"{start:%H:%M}"}
    later = start + 2 * HALF_HOUR
    return {
        "accounts/user": {"email": "colleague@example.com", "staff_role": "staff"},
        "accounts/apitoken": {"user": side.staff.pk, "name": "new", "scopes": ["meters:read"]},
        "organizations/distributor": {"name": "Whither", "timezone": "UTC", "currency": "EUR"},
        "organizations/organization": {"name": "New school"},
        "organizations/organizationgroup": {"name": "New group"},
        "organizations/membership": {"user": life.rows["accounts/user"], "organization": side.organization.pk},
        "meters/feeder": {"name": "South"},
        "settlement/baselinerule": {"name": "new-days", "start_from": "three-day"},
        "meters/meter": {"number": "NEW-1", "interval_minutes": "30"},
        "meters/metermap": {
            "entity": side.organization.pk,
            "meter": life.rows["meters/meter"],
            "valid_from_0": "2026-01-01",
            "valid_from_1": "00:00",
        },
        "events/program": {"name": "Mornings", "preset": "three-day", "rate_per_kw": "2"},
        "events/enrollment": {"program": life.objects["program"], "meter": life.rows["meters/meter"], "kw": "2"},
        "events/event": {
            "program": life.objects["program"],
            **moment,
            "end_0": f"{later:%Y-%m-%d}",
            "end_1": f"{later:%H:%M}",
        },
    }


# What is changed in a row that exists; its form as it is shown would change nothing.
_OTHER_VALUES = {
    "accounts/user": {"first_name": "Other"},
    "organizations/distributor": {"latitude": "1"},
    "organizations/organization": {"latitude": "1"},
    "organizations/organizationgroup": {"name": "Other"},
    "meters/feeder": {"name": "Other"},
    "settlement/baselinerule": {"description": "Other"},
    "meters/meter": {"name": "Other"},
    "meters/metermap": {"valid_to_0": "2036-01-01", "valid_to_1": "00:00"},
    "events/program": {"description": "Other"},
    "events/enrollment": {"kw": "9"},
    "events/event": {"note": "Other"},
}
# An action of each list that has some.
ACTIONS = {
    "accounts/user": ("close", "approve", "reject"),
    "accounts/apitoken": ("revoke",),
    "organizations/membership": ("approve", "reject", "promote", "demote", "remove"),
    "organizations/organizationrequest": ("approve", "refuse"),
    "organizations/invitation": ("withdraw",),
    "delivery/message": ("resend",),
    "meters/meter": ("return_to_service", "issue_codes", "withdraw_codes", "retire"),
    "meters/claimcode": ("withdraw",),
    "events/enrollment": ("approve", "refuse", "pause", "resume", "end"),
    "events/event": ("schedule", "notify", "agree", "cancel", "remove"),
    "openadr/ven": ("rotate", "revoke"),
    "openadr/vencertificate": ("revoke",),
}
_FIRST = {
    "accounts/user": "reject",
    "organizations/membership": "promote",
    "events/event": "cancel",
    "events/enrollment": "end",
    "meters/meter": "retire",
    "delivery/failedjob": "seen",
}


def model_of(template: str) -> str:
    """`app/model` of an address of the admin; empty for its other pages."""
    parts = template.split("/")
    return "/".join(parts[2:4]) if len(parts) > 4 and not parts[3].startswith("<") and parts[3] else ""


def admin_body(access: AccessWorld, route: Route, address: str, life: Life) -> dict[str, Any]:
    """The form as it is shown to who may change it most, filled in; an action for a list."""
    model = model_of(route.template)
    if route.name.endswith("_changelist"):
        action = _FIRST.get(model) or (ACTIONS.get(model) or ("delete_selected",))[0]
        return {"action": action, "_selected_action": [life.rows[model]], "post": "yes", "reason": "why"}
    if route.name.endswith("_delete"):
        return {"post": "yes"}
    if route.name.endswith("_import"):
        return {"file": SimpleUploadedFile("list.csv", b"name\nSouth\n")}
    if not route.name.endswith(("_add", "_change")):
        return {}
    if address not in access.forms:
        access.forms[address] = _shown(access, address, "admin" if life is access.here else "admin B")
    shown = access.forms[address]
    if route.name.endswith("_change"):
        return shown | _OTHER_VALUES.get(model, {})
    tenant = {"tenant": life.side.distributor.pk, "distributor": life.side.distributor.pk}
    return shown | tenant | _new(life).get(model, {})


def _shown(access: AccessWorld, address: str, role: str) -> dict[str, Any]:
    """The values of the form as its distributor's admin gets it, or else a platform operator."""
    for who in (role, "platform"):
        page = access.roles[who].client().get(address)
        if page.status_code == 200:
            return values_of(page.content.decode())
    return {}
