"""Every page of the portal, by who looks at it: what axe goes through."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.browser.reader import ALL_LOOKS, TWO_LOOKS, Looks
from tests.browser.town import Town

# Not gone through: /api/docs. Swagger UI draws it, with its own colors, headings and buttons within buttons; the
# same description is at /api/schema for every other tool. Its journey is in test_distributor.py.

# Answers of dashboards/urls.py that are no pages: drawings, data, files, actions.
NO_PAGES = {
    "chart_figure", "chart_meter", "chart_participation", "chart_rank", "chart_map", "chart_correlation",
    "meter_readings_file", "operator_event_csv", "event_answer",
}  # fmt: skip


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
    Shown("account_login", "", "/accounts/login/", ALL_LOOKS),
    Shown("account_signup", "", "/accounts/signup/", ALL_LOOKS),
    Shown("account_reset_password", "", "/accounts/password/reset/"),
    Shown("account_reset_password_done", "", "/accounts/password/reset/done/"),
    Shown("account_reset_password_from_key, used up", "", "/accounts/password/reset/key/1-no/"),
    Shown("account_email_verification_sent", "", "/accounts/confirm-email/"),
    Shown("account_confirm_email, used up", "", "/accounts/confirm-email/none/"),
    Shown("account_inactive", "", "/accounts/inactive/"),
    Shown("landing, signed in", "resident", "/"),
    Shown("nowhere", "resident", "/nowhere", status=404),
    Shown("home", "resident", "/home", ALL_LOOKS),
    Shown("home, no meter", "newcomer", "/home"),
    Shown("meter_detail", "resident", lambda town: f"/meters/{town.home.pk}", ALL_LOOKS),
    Shown("event_detail", "resident", lambda town: f"/events/{town.coming.pk}", ALL_LOOKS),
    Shown("event_detail, past", "resident", lambda town: f"/events/{town.past.pk}"),
    Shown("rewards", "resident", "/rewards"),
    Shown("reward_why", "resident", lambda town: f"/rewards/{town.reward}/why", ALL_LOOKS),
    Shown("account", "resident", "/account"),
    Shown("account_email", "resident", "/accounts/email/"),
    Shown("account_change_password", "resident", "/accounts/password/change/"),
    Shown("account_reauthenticate", "resident", "/accounts/reauthenticate/"),
    Shown("account_logout", "resident", "/accounts/logout/"),
    Shown("organization_home", "director", "/org", ALL_LOOKS),
    Shown("organization_home", "engineer", "/org"),
    Shown("organization_approvals", "director", "/org/approvals", ALL_LOOKS),
    Shown("organization_approvals, refused", "engineer", "/org/approvals", status=403),
    Shown("organization_people", "director", "/org/people"),
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
    Shown("operator_events", "operator", "/ops/events"),
    Shown("operator_event_new", "operator", "/ops/events/new"),
    Shown("operator_event_new, with faults", "operator", "/ops/events/new?day=yesterday"),
    Shown("operator_event", "operator", lambda town: f"/ops/events/{town.coming.pk}", ALL_LOOKS),
    Shown("operator_event, settled", "operator", lambda town: f"/ops/events/{town.past.pk}"),
    Shown("operator_mail", "operator", "/ops/mail"),
    Shown("operator_home", "auditor", "/ops"),
    Shown("meter_detail", "staff", lambda town: f"/meters/{town.home.pk}"),
    Shown("admin:index", "operator", "/admin/"),
    Shown("admin:meters_meter_changelist", "operator", "/admin/meters/meter/"),
    Shown("admin:meters_meter_change", "operator", lambda town: f"/admin/meters/meter/{town.home.pk}/change/"),
    Shown("admin:meters_meter_change", "auditor", lambda town: f"/admin/meters/meter/{town.home.pk}/change/"),
    Shown("admin:organizations_membership_changelist", "operator", "/admin/organizations/membership/"),
    Shown("admin:organizations_organizationgroup_add", "operator", "/admin/organizations/organizationgroup/add/"),
    Shown("admin:events_event_add", "operator", "/admin/events/event/add/"),
    Shown("admin:events_program_change", "operator", lambda town: f"/admin/events/program/{town.program.pk}/change/"),
    Shown("operator_home", "platform", "/ops"),
)
