"""What needs somebody among meters."""

from datetime import datetime, timedelta

from django.db.models import Count, DateTimeField, Min, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from meters.models import BatchState, HitState, ImportBatch, IntervalReading, Meter, QualityHit
from meters.services.batches import needs_distributor
from organizations.access import Role, role_of

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


@needs(20)
def imports_to_decide(user: User) -> list[Need]:
    """Undos that wait for a second person's word, and organizations' files that correct what is stored."""
    if role_of(user) not in (Role.DISTRIBUTOR_ADMIN, Role.PLATFORM):
        return []
    rows = ImportBatch.objects.managed_by(user)
    undos = rows.filter(state=BatchState.UNDO_ASKED).exclude(undo_asked_by=user)
    asked = undos.order_by().aggregate(count=Count("pk"), oldest=Min("undo_asked_at"))
    checked = rows.filter(state=BatchState.CHECKED, organization__isnull=False).order_by("created_at")
    waiting = [row.created_at for row in checked if needs_distributor(row)]
    undo_words = ngettext("%(count)d undo waits for you", "%(count)d undos wait for you", asked["count"])
    file_words = ngettext(
        "%(count)d file of an organization corrects readings",
        "%(count)d files of organizations correct readings",
        len(waiting),
    )
    url = reverse("operator_imports")
    return [
        Need(undo_words % {"count": asked["count"]}, f"{url}?state=undo_asked", asked["count"], asked["oldest"]),
        Need(file_words % {"count": len(waiting)}, f"{url}?state=checked", len(waiting), next(iter(waiting), None)),
    ]


@needs(25)
def failed_imports(user: User) -> list[Need]:
    """Imports that failed in the last days and were neither tried again nor dropped."""
    since = timezone.now() - 7 * TOO_LONG
    rows = ImportBatch.objects.visible_to(user).filter(state=BatchState.FAILED, created_at__gte=since)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("created_at"))
    words = ngettext("%(count)d import failed", "%(count)d imports failed", found["count"])
    url = f"{reverse('operator_imports')}?state=failed"
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]


@needs(35)
def doubtful_readings(user: User) -> list[Need]:
    """Readings that look wrong and wait for a decision."""
    rows = QualityHit.objects.visible_to(user).filter(state=HitState.OPEN)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("found_at"))
    words = ngettext("%(count)d reading looks wrong", "%(count)d readings look wrong", found["count"])
    return [Need(words % {"count": found["count"]}, reverse("operator_quality_hits"), found["count"], found["oldest"])]
