"""What belongs to an enrollment's own row, and what follows when meters change hands."""

from datetime import datetime, timedelta
from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.utils import timezone

from accounts.models import User
from accounts.signals import account_closing
from events.feeds import end_feed
from events.models import CalendarFeed, Enrollment, Event, EventState
from events.notices import Notice, tell_participants
from events.services import follow_end, follow_newcomer, follow_return
from events.signals import event_changed
from meters.models import MeterMap
from meters.signals import moved_in, moved_out, moving_out_undone

FRESH = timedelta(days=1)


@receiver(pre_save, sender=Enrollment)
def copy_exclusive(sender: type[Enrollment], instance: Enrollment, **kwargs: Any) -> None:
    """The copy of the program's word."""
    instance.copy_exclusive()


@receiver(moved_out)
def leave_programs(sender: type[MeterMap], meter_map: MeterMap, **kwargs: Any) -> None:
    """The meter takes part in nothing from then on."""
    follow_end(meter_map=meter_map)


@receiver(moving_out_undone)
def stay_in_programs(sender: type[MeterMap], meter_map: MeterMap, was: datetime, **kwargs: Any) -> None:
    """The meter takes part as before."""
    follow_return(meter_map=meter_map, was=was)


@receiver(moved_in)
def take_part_from_now_on(sender: type[MeterMap], meter_map: MeterMap, **kwargs: Any) -> None:
    """Events to come are the new resident's."""
    follow_newcomer(meter_map=meter_map)


@receiver(event_changed)
def say_it_is_over(sender: type[Event], event: Event, **kwargs: Any) -> None:
    """Whoever took part reads that the event is over; not of one that is put on record long after."""
    was_told = event.notified_at is not None and event.notified_at < event.end
    if event.state == EventState.COMPLETED and was_told and event.end > timezone.now() - FRESH:
        tell_participants(event=event, notice=Notice.ENDED)


@receiver(account_closing)
def end_calendar(sender: Any, user: User, **kwargs: Any) -> None:
    """The secret address of a closed account opens nothing."""
    CalendarFeed.objects.filter(user=user).delete()


@receiver([password_changed, password_set, password_reset])
def end_calendar_of_old_password(sender: Any, user: User, **kwargs: Any) -> None:
    """Whoever had the password may have made an address too; a new password shuts that door as well."""
    end_feed(user=user)
