"""What needs somebody among VTNs above."""

from datetime import timedelta

from django.db.models import Count, Min
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from openadr.models import Upstream, UpstreamEvent
from openadr.upstream.polling import waiting

# Shorter silence passes by itself.
SILENT = timedelta(minutes=10)


@needs(9)
def silent_upstreams(user: User) -> list[Need]:
    """VTNs above that do not work, or that have ended our registration."""
    long_ago = timezone.now() - SILENT
    rows = Upstream.objects.visible_to(user).filter(failing_since__lt=long_ago)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("failing_since"), first=Min("pk"))
    words = ngettext("%(count)d VTN above does not work", "%(count)d VTNs above do not work", found["count"])
    url = reverse("operator_upstream", args=[found["first"]]) if found["count"] == 1 else reverse("operator_upstreams")
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]


@needs(54)
def events_from_above(user: User) -> list[Need]:
    """Events from above that are drafts, or that could not follow a change."""
    rows = UpstreamEvent.objects.visible_to(user).filter(waiting())
    found = rows.order_by().aggregate(
        count=Count("pk"), oldest=Min("changed_at"), first=Min("upstream"), some=Count("upstream", distinct=True)
    )
    words = ngettext(
        "%(count)d event from above waits for a decision",
        "%(count)d events from above wait for a decision",
        found["count"],
    )
    url = reverse("operator_upstream", args=[found["first"]]) if found["some"] == 1 else reverse("operator_upstreams")
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]
