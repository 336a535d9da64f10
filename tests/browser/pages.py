"""Every page of the portal, by who looks at it: what axe goes through."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.utils import timezone

from accounts.models import User
from delivery.choices import stop_url
from delivery.models import Topic
from events.answers import answer_url
from events.models import Participation
from tests.browser.reader import ALL_LOOKS, TWO_LOOKS, Looks
from tests.browser.town import Town

# Names of routes that have no row here, and why: each is no page, or is looked at somewhere else.
_NO_PAGE = "an answer, no page: a drawing, data, a file or the end of a form"
_SECOND_STEP = "looked at in test_second_step.py, where somebody has the factor that it needs"
ELSEWHERE = {
    **dict.fromkeys(
        (
            "healthz", "readyz", "api-schema", "brand_logo", "brand_colors",
            "chart_figure", "chart_meter", "chart_participation", "chart_rank", "chart_map", "chart_correlation",
            *(f"chart_load_{name}{end}" for name in ("organization", "group", "feeder", "distributor")
              for end in ("", "_file")),
            "meter_readings_file", "meter_chart_file", "meter_peaks_file", "meter_sums_file", "meter_hours_file",
            "meter_comparison_file", "meter_green_button", "chart_meter_sums", "chart_meter_hours",
            "chart_meter_comparison", "statement_csv", "statement_json",
            "reward_evidence", "reward_verifier", "operator_settlement_run_csv", "operator_ledger_csv",
            "operator_event_csv",
            "operator_event_live", "operator_event_live_csv", "event_live", "operator_event_preview",
            "operator_event_left_out", "operator_event_agree", "operator_event_edit",
            "operator_sheet_csv", "organization_audit_csv",
            "operator_ven_power", "operator_ven_events_csv", "operator_event_devices_csv",
            "operator_outages_file", "operator_quality_csv", "operator_quality_hits_csv",
            "operator_placebo_csv", "operator_placebo_progress", "operator_event_settling",
            "operator_wholesale_chart", "operator_wholesale_csv", "operator_season_chart", "operator_season_csv",
            "operator_season_json", "operator_ranks_csv", "operator_response_csv",
            "account_data_file", "mfa_download_recovery_codes", "mfa_login_webauthn",
            "operator_import_progress", "operator_import_errors", "operator_import_file", "operator_import_template",
            "organization_import_progress", "organization_import_errors", "organization_import_file",
            "organization_import_template",
            "event_answer", "program_part", "act_as_stop", "organization_invitations_file", "organization_leave",
            "operator_organization_request", "accounts_stop_waiting", "accounts_withdraw", "set_language",
            "account_token_revoke", "account_data_again", "notices_read_all", "notice_read",
            "account_phone_code", "account_phone_remove", "delivery_receipts", "event_ics", "calendar_feed",
            "opt_schedule_end",
        ),
        _NO_PAGE,
    ),
    **dict.fromkeys(
        (
            "mfa_authenticate", "mfa_activate_totp", "mfa_view_recovery_codes", "mfa_generate_recovery_codes",
            "mfa_add_webauthn", "mfa_reauthenticate_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn",
        ),
        _SECOND_STEP,
    ),
    "operator_flag": "its page is tried in dashboards/tests/test_operator_placebo.py; the town has no flag",
    "accounts_waiting": "test_organization.py and the journeys: only who waits has it",
    "account_set_password": "leads to the page for changing it: everybody has a password",
    "account_confirm_login_code": "leads to the log-in: codes by mail are off",
    "api-docs": "Swagger UI draws it, with its own colors and headings; its journey is in test_distributor.py",
}  # fmt: skip


def answer_link(person: User) -> str:
    """The link of a notice of the person's next event."""
    row = Participation.objects.filter(holder=person.pk, event__notified_at__isnull=False).latest("event__start")
    return answer_url(participation_id=row.pk, user_id=person.pk, tenant_id=None)


@dataclass(frozen=True)
class Shown:
    """A page as somebody sees it; `name` is its route, with words where it is shown more than once."""

    name: str
    reader: str
    path: str | Callable[[Town], str]
    looks: Looks = TWO_LOOKS
    status: int = 200

    def at(self, town: Town) -> str:
        """Its address in the town."""
        return self.path if isinstance(self.path, str) else self.path(town)

    def __str__(self) -> str:
        return f"{self.name}-{self.reader or 'visitor'}"


CUSTOMERS = (
    Shown("landing", "", "/", ALL_LOOKS),
    Shown("how_it_works", "", "/how-it-works", ALL_LOOKS),
    Shown("programs", "", "/programs"),
    Shown("privacy", "", "/privacy"),
    Shown("accessibility", "", "/accessibility"),
    Shown("help", "", "/help", ALL_LOOKS),
    Shown("help", "director", "/help"),
    Shown("account_login", "", "/accounts/login/", ALL_LOOKS),
    Shown("account_signup", "", "/accounts/signup/", ALL_LOOKS),
    Shown("account_reset_password", "", "/accounts/password/reset/"),
    Shown("account_reset_password_done", "", "/accounts/password/reset/done/"),
    Shown("account_reset_password_from_key, used up", "", "/accounts/password/reset/key/1-no/"),
    Shown("account_reset_password_from_key_done", "", "/accounts/password/reset/key/done/"),
    Shown("account_email_verification_sent", "", "/accounts/confirm-email/"),
    Shown("account_confirm_email, used up", "", "/accounts/confirm-email/none/"),
    Shown("account_inactive", "", "/accounts/inactive/"),
    Shown("landing, signed in", "resident", "/"),
    Shown("nowhere", "resident", "/nowhere", status=404),
    Shown("home", "resident", "/home", ALL_LOOKS),
    Shown("home, no meter", "newcomer", "/home"),
    Shown("claim_meter", "newcomer", "/meters/claim", ALL_LOOKS),
    Shown("move_out", "resident", lambda town: f"/meters/{town.home.pk}/move-out", ALL_LOOKS),
    Shown("meter_detail", "resident", lambda town: f"/meters/{town.home.pk}", ALL_LOOKS),
    Shown("meter_detail, a month", "resident", lambda town: f"/meters/{town.home.pk}?period=month"),
    Shown("meter_detail, compared", "resident", lambda town: f"/meters/{town.home.pk}?period=week&show=compare"),
    Shown("meter_detail, by hours", "resident", lambda town: f"/meters/{town.home.pk}?period=month&show=hours"),
    Shown("event_detail", "resident", lambda town: f"/events/{town.coming.pk}", ALL_LOOKS),
    Shown("event_detail, past", "resident", lambda town: f"/events/{town.past.pk}"),
    Shown("program_detail", "resident", lambda town: f"/programs/{town.program.pk}", ALL_LOOKS),
    Shown("program_join", "resident", lambda town: f"/programs/{town.offer}/join", ALL_LOOKS),
    Shown("organization_programs", "director", "/org/programs"),
    Shown("organization_program", "director", lambda town: f"/org/programs/{town.program.pk}", ALL_LOOKS),
    Shown("rewards", "resident", "/rewards"),
    Shown("statements", "resident", "/rewards/statements"),
    Shown("statement", "resident", f"/rewards/statements/{timezone.now():%Y-%m}"),
    Shown("reward_why", "resident", lambda town: f"/rewards/{town.reward}/why", ALL_LOOKS),
    Shown("reward_dispute", "resident", lambda town: f"/rewards/{town.reward}/dispute", ALL_LOOKS),
    Shown("disputes", "director", "/rewards/disputes"),
    Shown("disputes, none", "resident", "/rewards/disputes"),
    Shown("dispute", "director", lambda town: f"/rewards/disputes/{town.dispute}", ALL_LOOKS),
    Shown("account", "resident", "/account", ALL_LOOKS),
    Shown("account_profile", "resident", "/account/profile"),
    Shown("account_tokens", "resident", "/account/tokens"),
    Shown("account_token_new", "resident", "/account/tokens/new"),
    Shown("account_data", "resident", "/account/data"),
    Shown("account_close", "resident", "/account/close"),
    Shown("notices", "resident", "/account/notices"),
    Shown("notifications", "resident", "/account/notifications"),
    Shown("account_phone", "resident", "/account/phone"),
    Shown("account_calendar", "resident", "/account/calendar"),
    Shown("opt_schedules", "resident", "/events/wishes"),
    Shown("answer", "", lambda town: urlsplit(answer_link(town.people["resident"])).path),
    Shown(
        "notifications_stop", "", lambda town: urlsplit(stop_url(user=town.people["resident"], topic=Topic.EVENTS)).path
    ),
    Shown("account_email", "resident", "/accounts/email/"),
    Shown("account_change_password", "resident", "/accounts/password/change/"),
    Shown("account_reauthenticate", "resident", "/accounts/reauthenticate/"),
    Shown("account_logout", "resident", "/accounts/logout/"),
    Shown("mfa_index", "resident", "/accounts/2fa/", ALL_LOOKS),
    Shown("mfa_list_webauthn", "resident", "/accounts/2fa/webauthn/"),
    Shown("usersessions_list", "resident", "/accounts/sessions/"),
    Shown("organization_home", "director", "/org", ALL_LOOKS),
    Shown("organization_home", "engineer", "/org"),
    Shown("organization_approvals", "director", "/org/approvals", ALL_LOOKS),
    Shown("organization_approvals, refused", "engineer", "/org/approvals", status=403),
    Shown("organization_people", "director", "/org/people"),
    Shown("organization_invitations", "director", "/org/invitations", ALL_LOOKS),
    Shown("organization_imports", "director", "/org/imports"),
    Shown("organization_import_new", "director", "/org/imports/new", ALL_LOOKS),
    Shown("organization_import", "director", lambda town: f"/org/imports/{town.harbor_upload}", ALL_LOOKS),
    Shown("organization_audit", "director", "/org/audit"),
    Shown("invitation", "", lambda town: f"/invite/{town.invitation}", ALL_LOOKS),
    Shown("invitation, somebody else's", "resident", lambda town: f"/invite/{town.invitation}"),
    Shown("invitation, gone", "", "/invite/nothing", status=404),
    Shown("organization_load", "director", "/org/load", ALL_LOOKS),
    Shown("organization_meters", "director", "/org/meters"),
    Shown("organization_rewards", "director", "/org/rewards"),
    Shown("meter_detail", "director", lambda town: f"/meters/{town.pump.pk}"),
    Shown("event_detail", "director", lambda town: f"/events/{town.coming.pk}"),
)
DISTRIBUTOR = (
    Shown("operator_home", "operator", "/ops", ALL_LOOKS),
    Shown("operator_meters", "operator", lambda town: f"/ops/meters?meter={town.home.pk}", ALL_LOOKS),
    Shown("operator_meters, none fits", "operator", "/ops/meters?find=nothing"),
    Shown("operator_map", "operator", "/ops/map", ALL_LOOKS),
    Shown("operator_programs", "operator", "/ops/programs", ALL_LOOKS),
    Shown("operator_program_new", "operator", "/ops/programs/new"),
    Shown("operator_program", "operator", lambda town: f"/ops/programs/{town.program.pk}", ALL_LOOKS),
    Shown("operator_program_draft", "operator", lambda town: f"/ops/programs/{town.program.pk}/draft", ALL_LOOKS),
    Shown("operator_program_versions", "auditor", lambda town: f"/ops/programs/{town.program.pk}/versions"),
    Shown("operator_program_people", "operator", lambda town: f"/ops/programs/{town.program.pk}/people?state="),
    Shown("operator_events", "operator", "/ops/events", ALL_LOOKS),
    Shown("operator_events, by week", "operator", "/ops/events?view=week"),
    Shown("operator_event_new", "operator", "/ops/events/new"),
    Shown("operator_event_new, with faults", "operator", "/ops/events/new?day=yesterday"),
    Shown("operator_event_change", "operator", lambda town: f"/ops/events/{town.coming.pk}/change"),
    Shown("operator_event_cancel", "operator", lambda town: f"/ops/events/{town.coming.pk}/cancel"),
    Shown("operator_event", "operator", lambda town: f"/ops/events/{town.coming.pk}", ALL_LOOKS),
    Shown("operator_sheets", "operator", lambda town: f"/ops/events/{town.past.pk}/sheet"),
    Shown("operator_sheet", "operator", lambda town: f"/ops/sheets/{town.sheet}"),
    Shown("operator_event_log", "operator", lambda town: f"/ops/events/{town.coming.pk}/log"),
    Shown("operator_event, settled", "operator", lambda town: f"/ops/events/{town.past.pk}"),
    Shown("operator_quality", "operator", "/ops/quality", ALL_LOOKS),
    Shown("operator_quality, 90 days", "auditor", "/ops/quality?days=90"),
    Shown("operator_disputes", "operator", "/ops/disputes", ALL_LOOKS),
    Shown("operator_dispute", "operator", lambda town: f"/ops/disputes/{town.dispute}", ALL_LOOKS),
    Shown("operator_dispute", "auditor", lambda town: f"/ops/disputes/{town.dispute}"),
    Shown("operator_adjustments", "operator", "/ops/adjustments", ALL_LOOKS),
    Shown("operator_adjustment_new", "operator", "/ops/adjustments/new", ALL_LOOKS),
    Shown("operator_adjustment", "operator", lambda town: f"/ops/adjustments/{town.adjustment}", ALL_LOOKS),
    Shown("operator_settlement", "operator", "/ops/settlement", ALL_LOOKS),
    Shown("operator_settlement, none fits", "operator", "/ops/settlement?stage=refused"),
    Shown("operator_settlement_run", "operator", lambda town: f"/ops/settlement/{town.past.runs.get().pk}", ALL_LOOKS),
    Shown("operator_settlement_run", "auditor", lambda town: f"/ops/settlement/{town.past.runs.get().pk}"),
    Shown("operator_months", "operator", "/ops/months", ALL_LOOKS),
    Shown("operator_month", "operator", lambda town: f"/ops/months/{town.standby}", ALL_LOOKS),
    Shown("operator_ledger", "operator", "/ops/ledger", ALL_LOOKS),
    Shown("operator_ledger, checked", "auditor", "/ops/ledger?check=1"),
    Shown("operator_flags", "operator", "/ops/settlement/flags", ALL_LOOKS),
    Shown("operator_insights", "auditor", "/ops/insights"),
    Shown("operator_wholesale", "operator", "/ops/wholesale", ALL_LOOKS),
    Shown("operator_season", "operator", lambda town: f"/ops/programs/{town.program.pk}/season", ALL_LOOKS),
    Shown("operator_ranks", "operator", lambda town: f"/ops/programs/{town.program.pk}/rank"),
    Shown("operator_response", "auditor", lambda town: f"/ops/programs/{town.program.pk}/response"),
    Shown("operator_placebo", "operator", lambda town: f"/ops/programs/{town.program.pk}/placebo", ALL_LOOKS),
    Shown("operator_quality_hits", "operator", "/ops/quality/hits", ALL_LOOKS),
    Shown("operator_quality_hits, all", "auditor", "/ops/quality/hits?state="),
    Shown("operator_quality_hit", "operator", lambda town: f"/ops/quality/{town.doubt}", ALL_LOOKS),
    Shown("operator_quality_hit", "auditor", lambda town: f"/ops/quality/{town.doubt}"),
    Shown("operator_quality_estimate", "operator", "/ops/quality/estimate"),
    Shown("operator_imports", "operator", "/ops/imports", ALL_LOOKS),
    Shown("operator_imports, none fits", "auditor", "/ops/imports?state=undone"),
    Shown("operator_import_new", "operator", "/ops/imports/new", ALL_LOOKS),
    Shown("operator_import", "operator", lambda town: f"/ops/imports/{town.upload}", ALL_LOOKS),
    Shown("operator_import", "auditor", lambda town: f"/ops/imports/{town.upload}"),
    Shown("operator_organizations", "operator", "/ops/organizations", ALL_LOOKS),
    Shown("operator_organization_invite", "operator", lambda town: f"/ops/organizations/{town.maple.pk}/invite"),
    Shown("load_fleet", "operator", "/ops/load", ALL_LOOKS),
    Shown("load_fleet, compared", "operator", "/ops/load?period=week&compare=before"),
    Shown("load_group", "operator", lambda town: f"/ops/load/groups/{town.group.pk}"),
    Shown("load_organization", "operator", lambda town: f"/ops/load/organizations/{town.maple.pk}"),
    Shown("load_feeder", "operator", lambda town: f"/ops/load/feeders/{town.home.feeder_id}"),
    Shown("operator_upstreams", "operator", "/ops/upstream", ALL_LOOKS),
    Shown("operator_upstream_new", "operator", "/ops/upstream/new"),
    Shown("operator_upstream", "operator", lambda town: f"/ops/upstream/{town.upstream}", ALL_LOOKS),
    Shown("operator_upstream", "auditor", lambda town: f"/ops/upstream/{town.upstream}"),
    Shown("operator_upstream_change", "operator", lambda town: f"/ops/upstream/{town.upstream}/change"),
    Shown("operator_vens", "operator", "/ops/vens", ALL_LOOKS),
    Shown("operator_vens, none fits", "auditor", "/ops/vens?find=nothing"),
    Shown("operator_ven_new", "operator", "/ops/vens/new", ALL_LOOKS),
    Shown("operator_ven", "operator", lambda town: f"/ops/vens/{town.ven}", ALL_LOOKS),
    Shown("operator_ven", "auditor", lambda town: f"/ops/vens/{town.ven + 1}"),
    Shown("operator_ven_events", "operator", lambda town: f"/ops/vens/{town.ven}/events"),
    Shown("operator_ven_messages", "operator", "/ops/vens/messages", ALL_LOOKS),
    Shown("operator_ven_message", "operator", lambda town: f"/ops/vens/messages/{town.ven_message}"),
    Shown("operator_event_devices", "operator", lambda town: f"/ops/events/{town.coming.pk}/devices", ALL_LOOKS),
    Shown("operator_outages", "operator", "/ops/outages", ALL_LOOKS),
    Shown("operator_outages", "auditor", "/ops/outages"),
    Shown("operator_outage", "operator", lambda town: f"/ops/outages/{town.outage}", ALL_LOOKS),
    Shown("operator_groups", "operator", "/ops/groups"),
    Shown("operator_group", "operator", lambda town: f"/ops/groups/{town.group.pk}", ALL_LOOKS),
    Shown("operator_brand", "operator", "/ops/brand"),
    Shown("operator_messages", "operator", "/ops/messages"),
    Shown("operator_mail", "operator", "/ops/mail"),
    Shown("act_as_start", "operator", lambda town: f"/ops/act-as/{town.people['resident'].pk}", ALL_LOOKS),
    Shown("operator_home", "auditor", "/ops"),
    Shown("meter_detail", "staff", lambda town: f"/meters/{town.home.pk}"),
    Shown("admin:index", "operator", "/admin/", ALL_LOOKS),
    Shown("admin:meters_meter_import", "operator", "/admin/meters/meter/import/", ALL_LOOKS),
    Shown("admin:accounts_auditentry_changelist", "auditor", "/admin/accounts/auditentry/"),
    Shown("admin:meters_meter_history", "auditor", lambda town: f"/admin/meters/meter/{town.home.pk}/history/"),
    Shown("admin:accounts_apitoken_add", "operator", "/admin/accounts/apitoken/add/"),
    Shown("admin:meters_meter_changelist", "operator", "/admin/meters/meter/"),
    Shown("admin:meters_meter_change", "operator", lambda town: f"/admin/meters/meter/{town.home.pk}/change/"),
    Shown("admin:meters_meter_change", "auditor", lambda town: f"/admin/meters/meter/{town.home.pk}/change/"),
    Shown("admin:organizations_membership_changelist", "operator", "/admin/organizations/membership/"),
    Shown("admin:organizations_organizationgroup_add", "operator", "/admin/organizations/organizationgroup/add/"),
    Shown("admin:events_event_add", "operator", "/admin/events/event/add/"),
    Shown("admin:events_program_change", "operator", lambda town: f"/admin/events/program/{town.program.pk}/change/"),
    Shown("operator_home", "platform", "/ops"),
    Shown("mfa_index", "operator", "/accounts/2fa/", ALL_LOOKS),
    Shown("mfa_reauthenticate", "operator", "/accounts/2fa/reauthenticate/"),
    Shown("mfa_deactivate_totp", "operator", "/accounts/2fa/totp/deactivate/"),
)
