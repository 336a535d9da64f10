"""What every page shows: whose portal it is, and the navigation of the reader's role."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import ApprovalStatus, User
from common.cache import redis_is_away
from dashboards.sections import urls_of
from organizations.access import Role, role_of
from organizations.colors import style_sheet
from organizations.hosts import distributor_here
from organizations.models import Distributor, DistributorLogo, Membership, OrganizationRequest

ROLE_LABELS = {
    Role.RESIDENT: gettext_lazy("Resident"),
    Role.ORGANIZATION_MEMBER: gettext_lazy("Member"),
    Role.ORGANIZATION_ADMIN: gettext_lazy("Organization admin"),
    Role.DISTRIBUTOR_STAFF: gettext_lazy("Staff"),
    Role.AUDITOR: gettext_lazy("Auditor"),
    Role.DISTRIBUTOR_ADMIN: gettext_lazy("Distributor admin"),
    Role.PLATFORM: gettext_lazy("Platform operator"),
}


@dataclass(frozen=True)
class NavItem:
    """One entry of the navigation."""

    label: str
    url: str
    icon: str
    current: bool
    count: int = 0


def portal(request: HttpRequest) -> dict[str, Any]:
    """`portal`, `nav`, `theme`, `density` and `is_redis_away` for templates; looked up only by pages that use them."""
    role = role_of(request.user) if hasattr(request, "user") else Role.ANONYMOUS
    runs_the_portal = role.is_staff or role is Role.PLATFORM
    return {
        "portal": SimpleLazyObject(lambda: _portal(request)),
        "nav": SimpleLazyObject(lambda: _navigation(request, role)),
        "theme": getattr(getattr(request, "user", None), "theme", ""),
        "density": "compact" if runs_the_portal else "",
        "is_redis_away": runs_the_portal and redis_is_away(),
    }


def _portal(request: HttpRequest) -> dict[str, Any]:
    distributor = distributor_of(request)
    product = _("Demand Response Portal")
    words = {"name": distributor.name if distributor else product, "product": product, "demo": settings.DEMO}
    return words | (_brand(distributor) if distributor else {})


def _brand(distributor: Distributor) -> dict[str, Any]:
    """Logo, colors and contact of the distributor; addresses name the version, so that browsers may keep them."""
    digest = DistributorLogo.objects.filter(pk=distributor.pk).values_list("digest", flat=True).first()
    accent = distributor.accent if style_sheet(distributor.accent) else ""
    return {
        "logo_url": f"{reverse('brand_logo', args=[distributor.pk])}?v={digest[:12]}" if digest else "",
        "colors_url": f"{reverse('brand_colors', args=[distributor.pk])}?v={accent[1:]}" if accent else "",
        "contact_email": distributor.contact_email,
        "phone": distributor.phone,
        "website": distributor.website,
    }


def distributor_of(request: HttpRequest) -> Distributor | None:
    """The reader's distributor; for a visitor the one whose host this is, or the only one there is."""
    user = getattr(request, "user", None)
    if isinstance(user, User):
        return Distributor.objects.filter(pk=user.distributor_id).first()
    if here := distributor_here(request):
        return here
    first_two = list(Distributor.objects.all()[:2])
    return first_two[0] if len(first_two) == 1 else None


def _navigation(request: HttpRequest, role: Role) -> dict[str, Any]:
    style, entries = _entries(role)
    membership = getattr(getattr(request, "user", None), "membership", None)
    counts = _counts(request, role)
    return {
        "style": style,
        "items": [
            NavItem(
                label=label,
                url=reverse(name),
                icon=icon,
                current=any(_is_current(request.path, url, is_first=number == 0) for url in urls_of(name)),
                count=counts.get(name, 0),
            )
            for number, (name, label, icon) in enumerate(entries)
        ],
        "home_url": reverse("home"),
        "account_url": reverse("account"),
        "role_label": ROLE_LABELS.get(role, ""),
        "organization_name": membership.organization.name if membership else "",
    }


def _is_current(path: str, url: str, *, is_first: bool) -> bool:
    """Whether the entry stands for the page or one below it; the first entry's address begins all others."""
    return path == url or (not is_first and path.startswith(url.rstrip("/") + "/"))


def _counts(request: HttpRequest, role: Role) -> dict[str, int]:
    """What waits for the reader, by the entry that leads there."""
    assert isinstance(request.user, User) or role in (Role.ANONYMOUS, Role.PENDING)
    if role is Role.ORGANIZATION_ADMIN:
        return {"organization_approvals": _waiting(request.user.membership)}  # type: ignore[union-attr]  # signed in, as the page demands
    if role is Role.DISTRIBUTOR_ADMIN:
        asking = OrganizationRequest.objects.managed_by(request.user).to_decide()  # type: ignore[arg-type]  # signed in, as the page demands
        return {"operator_organizations": asking.count()}
    return {}


def _waiting(membership: Membership) -> int:
    """How many people with a verified address wait for the organization's admins."""
    asking = Membership.objects.filter(
        organization_id=membership.organization_id,
        user__approval_status=ApprovalStatus.PENDING,
        user__emailaddress__verified=True,
    )
    return asking.values("pk").distinct().count()


def _entries(role: Role) -> tuple[str, list[tuple[str, str, str]]]:
    """The navigation's form, and (url name, label, icon) of each entry."""
    if role is Role.RESIDENT:
        return "tabs", [
            ("home", _("Home"), "home"),
            ("programs", _("Programs"), "list"),
            ("rewards", _("Rewards"), "coin"),
            ("account", _("Account"), "user"),
        ]
    if role.is_member:
        entries = [
            ("organization_home", _("Overview"), "home"),
            ("organization_load", _("Load"), "chart"),
            ("organization_meters", _("Meters"), "meter"),
            ("organization_programs", _("Programs"), "calendar"),
            ("organization_rewards", _("Rewards"), "coin"),
        ]
        if role is Role.ORGANIZATION_ADMIN:
            entries.insert(1, ("organization_approvals", _("Approvals"), "people"))
            entries.insert(2, ("organization_people", _("People"), "people"))
            entries.append(("organization_imports", _("Imports"), "down"))
            entries.append(("organization_audit", _("History"), "list"))
        return "menu", entries
    if role.is_staff or role is Role.PLATFORM:
        return "menu", [
            ("operator_home", _("Overview"), "home"),
            ("load_fleet", _("Load"), "chart"),
            ("operator_meters", _("Meters"), "meter"),
            ("operator_programs", _("Programs"), "list"),
            ("operator_events", _("Events"), "calendar"),
            ("operator_vens", _("Devices"), "bolt"),
            ("operator_settlement", _("Settlement"), "coin"),
            ("operator_imports", _("Data"), "down"),
            *_organizations(role),
            *_messages(role),
            ("admin:index", _("Administration"), "gear"),
        ]
    return "public", [
        ("how_it_works", _("How it works"), ""),
        ("programs", _("Programs"), ""),
        ("help", _("Help"), ""),
    ]


def _organizations(role: Role) -> list[tuple[str, str, str]]:
    """Organizations and requests to register one, for those who decide on them."""
    may_decide = role in (Role.DISTRIBUTOR_ADMIN, Role.PLATFORM)
    return [("operator_organizations", _("Organizations"), "people")] if may_decide else []


def _messages(role: Role) -> list[tuple[str, str, str]]:
    """What is sent to people, for those who may see their addresses."""
    may_read = role in (Role.DISTRIBUTOR_ADMIN, Role.PLATFORM)
    return [("operator_messages", _("Messages"), "mail")] if may_read else []
