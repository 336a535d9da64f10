"""Mails about whose a meter is."""

from datetime import datetime
from typing import Any

from django.template.loader import render_to_string
from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import User
from common.intervals import local_day
from delivery.letters import Letter, letter
from delivery.models import Topic
from delivery.notify import notify
from delivery.tenants import site_url_for
from meters.models import MeterMap

KIND = "meter-notice"


def tell_claimed(row: MeterMap, user: User) -> None:
    """Tells a resident that a meter is theirs, in case it was somebody else with their account."""
    _tell(row, user, about="claimed", at=row.valid_from)


def tell_ended(row: MeterMap, *, at: datetime, why: str) -> None:
    """Tells who had the meter that it is no longer theirs. `why`: newcomer, moved, or chosen."""
    user = User.objects.filter(pk=row.entity_id).first()
    if user is not None:
        _tell(row, user, about=why, at=at)


def tell_stays(row: MeterMap, *, was: datetime) -> None:
    """Tells who took a moving out back that the meter stays theirs."""
    user = User.objects.filter(pk=row.entity_id).first()
    if user is not None:
        _tell(row, user, about="stays", at=was)


def _tell(row: MeterMap, user: User, *, about: str, at: datetime) -> None:
    meter = row.meter
    notify(
        user=user,
        kind=KIND,
        payload={
            "about": about,
            "tenant": meter.distributor_id,
            "meter": meter.label,
            "name": user.get_short_name(),
            "day": local_day(at, meter.zone).isoformat(),
            "contact": meter.distributor.contact_email,
        },
    )


@letter(KIND, Topic.SECURITY)
def write_meter_notice(content: dict[str, Any]) -> Letter:
    """Whose the meter is now, and from when on; always told, as it may have been somebody else's doing."""
    day = formats.date_format(datetime.fromisoformat(content["day"]).date(), "DATE_FORMAT")
    words = {**content, "day": day, "site_url": site_url_for(content["tenant"])}
    text = render_to_string(f"meters/mail/{content['about']}.txt", words)
    return Letter(_subject(content["about"]) % {"meter": content["meter"]}, text)


def _subject(about: str) -> str:
    if about == "claimed":
        return _("Meter %(meter)s is linked to your account")
    if about == "stays":
        return _("Meter %(meter)s stays yours")
    return _("Meter %(meter)s is no longer linked to your account")
