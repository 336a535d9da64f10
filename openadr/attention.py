"""What needs somebody among the devices that were told of events."""

from typing import Any

from django.db.models import Count, F, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from events.models import Event
from events.room_parts import Look, RoomPart, register
from openadr.models import EventDelivery, Opt

ACKNOWLEDGED = Q(acknowledged_modification=F("modification_number"))
UNREACHABLE = Q(unreachable_at__isnull=False)


@needs(8)
def devices_out_of_reach(user: User) -> list[Need]:
    """VENs that did not acknowledge an event in time that is not over."""
    rows = EventDelivery.objects.visible_to(user).filter(UNREACHABLE, end__gt=timezone.now())
    found = rows.order_by().aggregate(
        count=Count("ven", distinct=True), events=Count("event", distinct=True),
        oldest=Min("unreachable_at"), first=Min("event"),
    )  # fmt: skip
    words = ngettext(
        "%(count)d device was not reached about an event",
        "%(count)d devices were not reached about an event",
        found["count"],
    )
    url = reverse("operator_event", args=[found["first"]]) if found["events"] == 1 else reverse("operator_events")
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]


@register(40)
def devices_of(event: Event) -> RoomPart:
    """How far the event's devices were reached, and who of them will not follow. Two queries."""
    counts = EventDelivery.objects.filter(event=event).aggregate(
        all=Count("pk"),
        reached=Count("pk", filter=ACKNOWLEDGED),
        lost=Count("pk", filter=UNREACHABLE),
    )
    if not counts["all"]:
        return RoomPart()
    facts = [(_("Devices that acknowledged"), _("%(reached)d of %(all)d") % counts)]
    return RoomPart(facts, [*_lost_looks(counts), *_late_looks(event)])


def _lost_looks(counts: dict[str, Any]) -> list[Look]:
    if not counts["lost"]:
        return []
    label = ngettext("%(lost)d device out of reach", "%(lost)d devices out of reach", counts["lost"]) % counts
    return [Look(label, _("It has not acknowledged what it was to be told last; its load stays as it is."))]


def _late_looks(event: Event) -> list[Look]:
    """Devices that said no once it was too late: their meters count all the same."""
    late = EventDelivery.objects.filter(
        event=event, opt=Opt.OUT, is_cancelled=False, opted_at__gte=F("event__opt_until")
    )
    count = late.count()
    if not count:
        return []
    label = ngettext("%(count)d device does not follow", "%(count)d devices do not follow", count) % {"count": count}
    return [Look(label, _("It said so once answers were closed, so its meter counts all the same."))]
