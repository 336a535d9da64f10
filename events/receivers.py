"""What follows when meters change hands."""

from datetime import datetime
from typing import Any

from django.dispatch import receiver

from events.services import follow_end, follow_newcomer, follow_return
from meters.models import MeterMap
from meters.signals import moved_in, moved_out, moving_out_undone


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
