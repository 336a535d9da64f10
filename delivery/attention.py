"""What needs somebody among messages and jobs."""

from datetime import timedelta

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from delivery.models import DeliveryState, FailedJob, Message

TOO_LONG = timedelta(hours=1)
LOOKED_BACK = timedelta(days=30)
# As a state to list by: what needs somebody, given up or not.
UNDELIVERED = "undelivered"


def undelivered() -> Q:
    """Messages of the last month that were given up, or wait for more than an hour."""
    now = timezone.now()
    late = Q(state=DeliveryState.PENDING, created_at__lt=now - TOO_LONG, next_attempt_at__lt=now + TOO_LONG)
    return Q(created_at__gte=now - LOOKED_BACK) & (Q(state=DeliveryState.UNREACHABLE) | late)


@needs(40)
def undelivered_messages(user: User) -> list[Need]:
    """Messages that did not arrive."""
    lost = Count("pk", filter=Q(state=DeliveryState.UNREACHABLE))
    rows = Message.objects.visible_to(user).filter(undelivered()).order_by()
    found = rows.aggregate(count=Count("pk"), lost=lost, oldest=Min("created_at"))
    words = ngettext("%(count)d message not delivered", "%(count)d messages not delivered", found["count"])
    text = _("%(lost)d given up, %(late)d still being tried.") % {
        "lost": found["lost"],
        "late": found["count"] - found["lost"],
    }
    url = f"{reverse('operator_messages')}?state={UNDELIVERED}"
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"], text)]


@needs(50)
def failed_jobs(user: User) -> list[Need]:
    """Jobs that failed and nobody has looked at."""
    if not user.is_superuser:
        return []
    found = FailedJob.objects.visible_to(user).unseen().aggregate(count=Count("pk"), oldest=Min("at"))
    words = ngettext("%(count)d job failed", "%(count)d jobs failed", found["count"])
    url = f"{reverse('admin:delivery_failedjob_changelist')}?seen_at__isempty=1"
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]
