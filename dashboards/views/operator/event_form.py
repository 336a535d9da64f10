"""What is asked for an event: program and time, whom, words for people, test or real."""

import re
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import PortalError
from common.intervals import AmbiguousTime, MissingTime, resolve_local
from dashboards.operator_facts import selection
from dashboards.views.operator.area_form import AREA_FIELDS, AreaFields
from events.models import Event, Program
from events.selectors import targets_of
from events.services import Words, meters_numbered, read_targets
from events.services.changes import check_span
from events.targets import Targets
from meters.models import Meter
from organizations.models import Distributor

LENGTHS = [
    (30, _("30 minutes")),
    (60, _("1 hour")),
    (90, _("1 hour 30 minutes")),
    (120, _("2 hours")),
    (180, _("3 hours")),
    (240, _("4 hours")),
    (360, _("6 hours")),
    (480, _("8 hours")),
]
_KNOWN = dict(LENGTHS)
MINUTE = timedelta(minutes=1)
TIME = ("program", "day", "at", "minutes")
WHOM = ("ask", "meters", *AREA_FIELDS)
WORDS = ("note", "target_kw", "is_test")


class EventForm(AreaFields, forms.Form):
    """Valid, it knows `start` and `end` (UTC), `targets` and `words`."""

    program = forms.ModelChoiceField(Program.objects.none(), label=_("Program"))
    day = forms.DateField(label=_("Day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    at = forms.TimeField(label=_("Start"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    minutes = forms.TypedChoiceField(label=_("Length"), choices=LENGTHS, coerce=int, initial=60)

    ask = forms.MultipleChoiceField(
        label=_("Organizations, groups and feeders"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing chosen here or below: everybody who is enrolled."),
    )
    meters = forms.CharField(
        label=_("Single meters"),
        required=False,
        max_length=50_000,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Their numbers, with spaces, commas or line breaks between them."),
    )
    note = forms.CharField(
        label=_("Words for those who are asked"),
        required=False,
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("They stand in the notice, for example why this evening matters."),
    )
    target_kw = forms.DecimalField(
        label=_("Your goal, kW"), required=False, min_value=0, max_digits=12, decimal_places=3
    )
    is_test = forms.BooleanField(
        label=_("Only a test"),
        required=False,
        help_text=_("People and devices are told that it is one, and nobody is paid."),
    )

    start: datetime
    end: datetime
    targets: Targets

    def __init__(
        self, *args: Any, user: User, distributor: Distributor, event: Event | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.distributor, self.event = distributor, event
        # The first group, of everybody and nobody, is what an event without targets is.
        named = selection.choices(distributor)[1:]
        asked = self.fields["ask"]
        assert isinstance(asked, forms.MultipleChoiceField)
        asked.choices = [(group.label, [(one.value, one.label) for one in group.choices]) for group in named]
        if not named:
            del self.fields["ask"]
        self._offer_programs(user)
        if event is not None:
            self._fill(event)

    def _offer_programs(self, user: User) -> None:
        managed = Program.objects.managed_by(user).filter(distributor=self.distributor)
        open_ones = managed.filter(is_open=True, versions__published_at__isnull=False)
        field = self.fields["program"]
        assert isinstance(field, forms.ModelChoiceField)
        mine = managed.filter(pk=self.event.program_id) if self.event is not None else open_ones
        field.queryset = mine.distinct().select_related("distributor")
        if field.queryset.count() == 1:
            field.empty_label = None
        self.fields["at"].help_text = _("On the program’s clock; the distributor’s is %(zone)s.") % {
            "zone": self.distributor.timezone
        }

    def _fill(self, event: Event) -> None:
        """What the draft says, as the form shows it."""
        wall = event.start.astimezone(event.program.zone)
        length = round((event.end - event.start) / MINUTE)
        minutes = self.fields["minutes"]
        assert isinstance(minutes, forms.TypedChoiceField)
        if length not in _KNOWN:
            minutes.choices = sorted([*LENGTHS, (length, _("%(count)d minutes") % {"count": length})])
        targets = targets_of(event)
        numbers = Meter.objects.filter(pk__in=targets.meters).order_by("number").values_list("number", flat=True)
        values = {
            "program": event.program_id, "day": wall.date(), "at": wall.time(), "minutes": length,
            "ask": [row.value for row in event.targets.all() if row.area is None and row.meter_id is None],
            "meters": ", ".join(numbers), "note": event.note, "target_kw": event.target_kw, "is_test": event.is_test,
        }  # fmt: skip
        self.initial = {**values, **self.area_values(targets.areas), **self.initial}

    @property
    def chosen(self) -> Program:
        """The program of a valid form."""
        program: Program = self.cleaned_data["program"]
        return program

    @property
    def words(self) -> Words:
        """What a valid form says beside time and targets."""
        said = self.cleaned_data
        return Words(said["note"].strip(), said["target_kw"], said["is_test"])

    @property
    def parts(self) -> dict[str, list[Any]]:
        """The fields of each step of the page."""
        steps = {"time": TIME, "whom": WHOM, "words": WORDS}
        return {step: [self[name] for name in names if name in self.fields] for step, names in steps.items()}

    def clean(self) -> dict[str, Any]:
        """Start and end as instants, refused where the services would refuse them."""
        cleaned = self.cleaned_data
        if self.errors:
            return cleaned
        if not self._read_targets(cleaned):
            return cleaned
        wall = datetime.combine(cleaned["day"], cleaned["at"])
        try:
            self.start = resolve_local(wall, cleaned["program"].zone)
        except MissingTime:
            self.add_error("at", _("The clock skips this time on that day. Choose another start."))
        except AmbiguousTime:
            self.add_error("at", _("The clock shows this time twice on that day. Choose another start."))
        except OverflowError:
            self.add_error("day", _("This day is too far away."))
        else:
            self._check_span(cleaned)
        return cleaned

    def _read_targets(self, cleaned: dict[str, Any]) -> bool:
        try:
            named = read_targets(distributor=self.distributor, values=cleaned.get("ask", []))
            numbers = [number for number in re.split(r"[\s,;]+", cleaned.get("meters", "")) if number]
            meters = meters_numbered(distributor=self.distributor, numbers=numbers)
        except PortalError as refusal:
            self.add_error("meters", str(refusal))
            return False
        areas = self.areas_of(cleaned)
        if areas is None:
            return False
        self.targets = Targets(named.groups, named.feeders, named.organizations, meters, areas)
        return True

    def _check_span(self, cleaned: dict[str, Any]) -> None:
        if self.start <= timezone.now():
            self.add_error("day", _("The start must be in the future."))
            return
        try:
            self.end = self.start + timedelta(minutes=cleaned["minutes"])
            check_span(cleaned["program"], self.start, self.end, self.targets)
        except OverflowError:
            self.add_error("day", _("This day is too far away."))
        except PortalError as refusal:
            self.add_error("at", str(refusal))
