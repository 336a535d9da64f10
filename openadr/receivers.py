"""What news of the rooms below mean for what VENs are told."""

from typing import Any

from django.db.models.signals import post_save, pre_save
from django.dispatch import receiver

from accounts.models import User
from accounts.signals import approval_changed
from events.models import AnswerSource, Event, EventState, Participation
from events.signals import event_changed, opt_recorded, wishes_asked
from meters.models import Meter, MeterMap
from meters.signals import moved_in, moved_out, moving_out_undone, organization_map_changed
from openadr.models import Resource, Ven
from openadr.services.changes import announce_later
from openadr.services.deliveries import deliver_event, deliver_meters, deliver_vens, hear_schedules
from openadr.services.reports import replan_reports
from openadr.services.sources import pass_on_later


@receiver(wishes_asked)
def hear_devices(sender: type[Event], event: Event, **kwargs: Any) -> int:
    """Whose VEN said beforehand that it is not available then skips the event, before they are told of it."""
    return hear_schedules(event=event)


@receiver(event_changed)
def tell_of_event(sender: type[Event], event: Event, **kwargs: Any) -> None:
    """Its VENs are told what it is now; of one that nobody was told of, they are not."""
    if event.notified_at is not None:
        deliver_event(event=event)


@receiver(opt_recorded)
def tell_of_answer(sender: type[Participation], participation: Participation, **kwargs: Any) -> None:
    """The devices behind the meter follow what its people said; what a device said, its service brings in line."""
    is_told = participation.event.state in (EventState.NOTIFIED, EventState.ACTIVE)
    if is_told and participation.answer_source != AnswerSource.DEVICE:
        deliver_meters([participation.meter_id], event=participation.event)


@receiver([moved_in, moved_out, moving_out_undone, organization_map_changed])
def tell_of_move(sender: type[MeterMap], meter_map: MeterMap, **kwargs: Any) -> None:
    """The devices of who had the meter hear no more of it, and those of who has it do, and report its readings."""
    deliver_meters([meter_map.meter_id])
    pass_on_later([meter_map.meter_id])


@receiver(approval_changed)
def tell_of_owner(sender: type[User], user: User, **kwargs: Any) -> None:
    """Devices of somebody who is not approved hear nothing, and are cut off by every process of the VTN."""
    vens = set(Ven.objects.filter(owner=user.pk).values_list("pk", flat=True))
    if vens:
        deliver_vens(vens)
        announce_later(vens)


@receiver(pre_save, sender=Meter)
def note_interval(
    sender: type[Meter], instance: Meter, raw: bool = False, update_fields: frozenset[str] | None = None, **kwargs: Any
) -> None:
    """Which VENs report a meter whose interval is about to change, for `ask_anew`."""
    vens: set[int] = set()
    if instance.pk is not None and not raw and (update_fields is None or "interval_minutes" in update_fields):
        rows = Resource.objects.filter(meter=instance.pk, ended_at__isnull=True)
        rows = rows.exclude(meter__interval_minutes=instance.interval_minutes)
        vens = set(rows.values_list("ven_id", flat=True))
    instance._vens_to_ask = vens  # type: ignore[attr-defined]


@receiver(post_save, sender=Meter)
def ask_anew(sender: type[Meter], instance: Meter, **kwargs: Any) -> None:
    """The VENs behind a meter of another interval report its energies in that one."""
    for ven_pk in sorted(getattr(instance, "_vens_to_ask", ())):
        replan_reports(ven_pk=ven_pk)
