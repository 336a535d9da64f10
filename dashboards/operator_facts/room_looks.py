"""What needs a look while an event goes on, and the figures below it."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import number_words
from dashboards.selectors.event_watch import Watch, moment_of
from dashboards.times import hour_zone_words
from delivery.models import DeliveryState, Message
from events.models import Event, EventState
from events.room_parts import Look, RoomPart

MOST_FEEDERS = 5
# No modification number is longer.
_LAST = "9" * 20


@dataclass(frozen=True, slots=True)
class Delivered:
    """How the messages about an event went."""

    sent: int
    delivered: int
    unreachable: int


def delivered_of(event: Event) -> Delivered:
    """All messages about the event, of its announcement and of each change. One query."""
    # A range of keys, which the index answers; "starts with" would compare them as bytes, row by row.
    keys = Message.objects.filter(dedupe_key__gte=f"event-{event.pk}-0", dedupe_key__lte=f"event-{event.pk}-{_LAST}")
    counts = dict(keys.order_by().values_list("state").annotate(Count("pk")))
    sent = sum(counts.values())
    return Delivered(sent, counts.get(DeliveryState.DELIVERED, 0), counts.get(DeliveryState.UNREACHABLE, 0))


def looks_of(watch: Watch | None, delivered: Delivered, parts: list[RoomPart], messages_url: str = "") -> list[Look]:
    """What is wrong, the most pressing first; `messages_url` for who may read the messages about the event."""
    found = [*(_meter_looks(watch) if watch else []), *_notice_looks(delivered, messages_url)]
    found += [look for part in parts for look in part.looks]
    return sorted(found, key=lambda look: not look.is_pressing)


def _meter_looks(watch: Watch) -> list[Look]:
    if not watch.event.start <= watch.now:
        return []
    return [*_old_looks(watch), *_late_looks(watch), *_new_looks(watch)]


def _old_looks(watch: Watch) -> list[Look]:
    """Meters with old readings, feeder by feeder: where many of one stop, it is probably the gateway."""
    rows = np.flatnonzero(watch.old())
    by_feeder = Counter(watch.seats[watch.answers[row].meter_id].feeder for row in rows)
    newest: dict[str, int] = {}
    for row in rows:
        feeder = watch.seats[watch.answers[row].meter_id].feeder
        newest[feeder] = max(newest.get(feeder, 0), int(watch.newest[row]))
    looks = [_old_look(watch, name, count, newest[name]) for name, count in by_feeder.most_common(MOST_FEEDERS)]
    rest = len(rows) - sum(count for _name, count in by_feeder.most_common(MOST_FEEDERS))
    if rest:
        words = ngettext("%(count)d meter old", "%(count)d meters old", rest) % {"count": rest}
        looks.append(Look(words, _("On further feeders."), "?map=list", _("See them")))
    return looks


def _old_look(watch: Watch, feeder: str, count: int, newest: int) -> Look:
    label = ngettext("%(count)d meter old", "%(count)d meters old", count) % {"count": count}
    zone = watch.event.program.zone
    time = hour_zone_words(moment_of(newest) if newest else watch.grid.start, zone)
    last = _("last reading up to %(time)s") if newest else _("nothing since %(time)s")
    text = f"{feeder or _('Without a feeder')}, {last % {'time': time}}."
    if feeder and count > 1:
        text += " " + _("Probably one cause, such as a gateway.")
    return Look(label, text, "?map=list", _("See them"))


def _late_looks(watch: Watch) -> list[Look]:
    count = int(watch.late().sum())
    if not count:
        return []
    label = ngettext("%(count)d meter late", "%(count)d meters late", count) % {"count": count}
    return [Look(label, _("Until they report, they count at their usual use."), is_pressing=False)]


def _new_looks(watch: Watch) -> list[Look]:
    count = int((watch.counted & ~watch.comparable).sum())
    if not count:
        return []
    label = ngettext("%(count)d meter too new", "%(count)d meters too new", count) % {"count": count}
    text = _("Too few comparable days: they take part, and are left out of the figures here.")
    return [Look(label, text, is_pressing=False)]


def messages_url(event: Event) -> str:
    """Where the messages about the event stand that were given up."""
    return f"{reverse('operator_messages')}?event={event.pk}&state={DeliveryState.UNREACHABLE.value}"


def _notice_looks(delivered: Delivered, url: str) -> list[Look]:
    if not delivered.unreachable:
        return []
    label = ngettext("%(count)d notice not delivered", "%(count)d notices not delivered", delivered.unreachable)
    words = _("These people may not know of the event.")
    return [Look(label % {"count": delivered.unreachable}, words, url, _("See them") if url else "")]


def looks_facts(watch: Watch | None, delivered: Delivered, parts: list[RoomPart], event: Event) -> list[dict[str, Any]]:
    """Rows of components/facts.html."""
    pairs = [pair for part in parts for pair in part.facts]
    if delivered.sent:
        pairs.append((_("Notices delivered"), _of(delivered.delivered, delivered.sent)))
    elif event.state in (EventState.DRAFT, EventState.SCHEDULED):
        pairs.append((_("Notices delivered"), _("nobody was told yet")))
    if watch is not None and watch.now >= watch.event.start:
        counted = int(watch.counted.sum())
        stale = int((watch.old() | watch.late()).sum())
        pairs.append((_("Meters with fresh readings"), _of(counted - stale, counted)))
    return [{"label": label, "value": value} for label, value in pairs]


def _of(some: int, whole: int) -> str:
    return _("%(some)s of %(all)s") % {"some": number_words(some), "all": number_words(whole)}
