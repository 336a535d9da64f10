"""What needs somebody among people and organizations."""

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.attention import Need, Part, needs
from accounts.models import ApprovalStatus, User
from organizations.models import Membership, OrganizationRequest

NAMED = 5


@needs(10)
def people_waiting(user: User) -> list[Need]:
    """People with a verified address who wait for an organization, by organization, the longest wait first."""
    waiting = Membership.objects.visible_to(user).filter(user__approval_status=ApprovalStatus.PENDING)
    groups = list(
        waiting.order_by()
        .values("organization__name")
        .annotate(count=Count("pk"), since=Min("created_at"))
        .order_by("since", "organization__name")
    )
    count = sum(group["count"] for group in groups)
    words = ngettext("%(count)d person waits for approval", "%(count)d people wait for approval", count)
    parts = [Part(group["organization__name"], group["count"], group["since"]) for group in groups[:NAMED]]
    url = f"{reverse('admin:organizations_membership_changelist')}?user__approval_status__exact=pending&o=5"
    more = len(groups) - NAMED
    text = _("and %(count)d more organizations") % {"count": more} if more > 0 else ""
    return [Need(words % {"count": count}, url, count, groups[0]["since"] if groups else None, text, parts)]


@needs(20)
def requests_waiting(user: User) -> list[Need]:
    """Organizations that somebody wants to register."""
    waiting = OrganizationRequest.objects.visible_to(user).filter(
        Q(state="pending"), person__emailaddress__verified=True
    )
    found = waiting.order_by().aggregate(count=Count("pk", distinct=True), since=Min("asked_at"))
    count = found["count"]
    words = ngettext(
        "%(count)d organization wants to be registered", "%(count)d organizations want to be registered", count
    )
    url = f"{reverse('admin:organizations_organizationrequest_changelist')}?state__exact=pending"
    return [Need(words % {"count": count}, url, count, found["since"])]
