"""What needs somebody among meters."""

from datetime import datetime, timedelta

from django.db.models import Count, DateTimeField, Min, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from meters.models import IntervalReading, Meter

TOO_LONG = timedelta(days=1)


def silent(meters: QuerySet[Meter], since: datetime) -> QuerySet[Meter]:
    """Those in service without a reading at or after a moment, with `newest`: the last one's start, or None.

    Readings are clustered by meter and start, so each meter's newest one is a single look.
    """
    newest = IntervalReading.objects.filter(meter=OuterRef("pk")).order_by("-start").values("start")[:1]
    rows = meters.filter(retired_at__isnull=True).annotate(newest=Subquery(newest, output_field=DateTimeField()))
    return rows.filter(Q(newest__isnull=True) | Q(newest__lt=since))


@needs(30)
def silent_meters(user: User) -> list[Need]:
    """Meters without a reading for a day, or ever."""
    rows = silent(Meter.objects.visible_to(user).order_by(), timezone.now() - TOO_LONG)
    found = rows.aggregate(count=Count("pk"), oldest=Min("newest"), never=Count("pk", filter=Q(newest__isnull=True)))
    count, never = found["count"], found["never"]
    words = ngettext("%(count)d meter silent for a day", "%(count)d meters silent for a day", count)
    text = _("%(count)d of them never sent a reading.") % {"count": never} if never else ""
    url = f"{reverse('admin:meters_meter_changelist')}?silent=yes"
    return [Need(words % {"count": count}, url, count, found["oldest"], text)]
