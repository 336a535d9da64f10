"""What requests of this room ask for: who calls, which meter, which times."""

from datetime import datetime
from typing import cast

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request

from accounts.models import User
from meters.models import Meter

METER = OpenApiParameter("meter", str, required=True, description="number or id of the meter")
START = OpenApiParameter("start", OpenApiTypes.DATETIME, description="first start, with Z or an offset")
END = OpenApiParameter("end", OpenApiTypes.DATETIME, description="before this start")


class LongPages(LimitOffsetPagination):
    """Pages for time series: three weeks of half hours, at most half a year."""

    default_limit = 1_000
    max_limit = 10_000


def user_of(request: Request) -> User:
    """Who calls; the permission classes let nobody else in."""
    return cast(User, request.user)


def meter_asked_for(request: Request) -> Meter:
    """The one meter that the query names.

    Raises:
        ValidationError: It names none, or a number that several distributors have.
        NotFound: The caller may see no such meter.
    """
    name = request.query_params.get("meter", "").strip()
    if not name:
        raise ValidationError({"meter": "Say which meter, by number or id."})
    visible = Meter.objects.visible_to(user_of(request)).select_related("distributor")
    return meter_named(name, visible)


def meter_named(name: str, among: QuerySet[Meter]) -> Meter:
    """The meter of this number, else of this id.

    Raises:
        ValidationError: Several have the number.
        NotFound: None has.
    """
    found = list(among.filter(number=name)[:2])
    if not found and name.isascii() and name.isdigit() and len(name) < 19:
        found = list(among.filter(pk=int(name)))
    if len(found) > 1:
        raise ValidationError({"meter": "Several distributors have a meter of this number; give its id."})
    if not found:
        raise NotFound
    return found[0]


def moment_asked_for(request: Request, name: str) -> datetime | None:
    """The time that the query gives by this name; None without one.

    Raises:
        ValidationError: It is no time, or has no zone.
    """
    text = request.query_params.get(name, "").strip()
    if not text:
        return None
    try:
        # A plus that was not encoded arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise ValidationError({name: "Write the time like 2026-07-22T16:00:00Z."}) from None
    if moment.tzinfo is None:
        raise ValidationError({name: "The time has no zone; add Z or the offset from UTC."})
    return moment
