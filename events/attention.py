"""What needs somebody among events."""

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import ngettext

from accounts.attention import Need, needs
from accounts.models import User
from events.models import Event, EventState, Participation, ParticipationState


@needs(60)
def disputes(user: User) -> list[Need]:
    """Participations whose holders say that the figures are wrong."""
    rows = Participation.objects.visible_to(user).filter(state=ParticipationState.DISPUTED)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("event__end"))
    words = ngettext("%(count)d dispute", "%(count)d disputes", found["count"])
    url = f"{reverse('admin:events_participation_changelist')}?state__exact={ParticipationState.DISPUTED}"
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]


@needs(70)
def events_to_settle(user: User) -> list[Need]:
    """Events that are over and not in the ledger yet."""
    states = [EventState.COMPLETED.value, EventState.MEASURED.value]
    rows = Event.objects.visible_to(user).filter(state__in=states)
    found = rows.order_by().aggregate(count=Count("pk"), oldest=Min("end"))
    words = ngettext(
        "%(count)d event waits for its settlement", "%(count)d events wait for their settlement", found["count"]
    )
    url = f"{reverse('admin:events_event_changelist')}?state__in={','.join(states)}"
    return [Need(words % {"count": found["count"]}, url, found["count"], found["oldest"])]
