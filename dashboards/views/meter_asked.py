"""What an address of a meter's page, chart or file asks for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from common.intervals import local_day
from dashboards.selectors import use
from dashboards.selectors.comparison import other_of
from dashboards.selectors.spans import Period, Span, span_of
from dashboards.selectors.windows import window_of
from dashboards.views.readers import signed_in
from meters.models import Meter


def visible_meter(user: User, pk: int) -> Meter:
    """A meter that the reader may see, with distributor and feeder; else 404."""
    meters = Meter.objects.visible_to(user).select_related("distributor", "feeder")
    return get_object_or_404(meters, pk=pk)


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks at a meter that they may see.

    Attributes:
        held: when the meter was theirs; empty for the distributor's people.
        anchor: the moment up to which there is something to show.
    """

    user: User
    meter: Meter
    held: Sequence[use.Holding]
    anchor: datetime

    @property
    def window(self) -> str:
        """For whom an answer is made."""
        return window_of(self.user)

    def around(self, span: Span) -> use.Around:
        """Events and exclusions of the dates. Two queries."""
        return use.around(user=self.user, meter=self.meter, span=span, held=self.held)

    def version(self, *asked: object, around: use.Around = use.NOTHING_AROUND) -> str:
        """What an answer depends on, as a short text."""
        return use.version_of(meter=self.meter, window=self.window, held=self.held, around=around, asked=asked)


def reader_of(request: HttpRequest, pk: int) -> Reader:
    """Who looks at the meter of an address; 404 where they may not."""
    user = signed_in(request)
    meter = visible_meter(user, pk)
    held = use.holdings(user=user, meter=meter)
    if not held and not use.sees_everything(user):
        # The map ended since the meter was found.
        raise Http404
    return Reader(user, meter, held, use.anchor_of(held))


def span_asked(request: HttpRequest, reader: Reader) -> Span:
    """The dates that the address names.

    Raises:
        BadRange: They are none.
    """
    return span_of(request.GET, anchor=reader.anchor, zone=reader.meter.zone)


def periods_asked(request: HttpRequest, reader: Reader) -> tuple[Period, Period]:
    """The period that the address names and the one to compare it with; without a period the running week.

    Raises:
        BadRange: They are none.
    """
    span = span_asked(request, reader)
    newest = local_day(min(reader.anchor, span.end), reader.meter.zone)
    this = span.period or Period.of("week", newest)
    return this, other_of(request.GET, this)
