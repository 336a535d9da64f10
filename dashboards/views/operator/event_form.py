"""What is asked for a new event."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from common.errors import PortalError
from common.intervals import AmbiguousTime, MissingTime, resolve_local
from dashboards.operator_facts import selection
from events.models import Program
from events.services import read_targets
from events.services.changes import check_span
from events.targets import Targets
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


class EventForm(forms.Form):
    """Program, day, start, length and whom it asks. Valid, it knows `start` and `end` (UTC), and `targets`."""

    program = forms.ModelChoiceField(Program.objects.none(), label=_("Program"))
    day = forms.DateField(label=_("Day"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))
    at = forms.TimeField(label=_("Start"), widget=forms.TimeInput({"type": "time"}, format="%H:%M"))
    minutes = forms.TypedChoiceField(label=_("Length"), choices=LENGTHS, coerce=int, initial=60)

    ask = forms.MultipleChoiceField(
        label=_("Whom to ask"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Nothing ticked: everybody who is enrolled."),
    )

    start: datetime
    end: datetime
    targets: Targets

    def __init__(self, *args: Any, user: User, distributor: Distributor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.distributor = distributor
        asked = self.fields["ask"]
        assert isinstance(asked, forms.MultipleChoiceField)
        # The first group, of everybody and nobody, is what an event without targets is.
        named = selection.choices(distributor)[1:]
        asked.choices = [(group.label, [(one.value, one.label) for one in group.choices]) for group in named]
        if not named:
            del self.fields["ask"]
        managed = Program.objects.managed_by(user).filter(distributor=distributor, is_open=True)
        programs = managed.filter(versions__isnull=False).distinct().select_related("distributor")
        field = self.fields["program"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = programs
        if not self.is_bound and programs.count() == 1:
            self.initial["program"] = programs.get().pk
        self.fields["at"].help_text = _("On the program’s clock; the distributor’s is %(zone)s.") % {
            "zone": distributor.timezone
        }

    @property
    def chosen(self) -> Program:
        """The program of a valid form."""
        program: Program = self.cleaned_data["program"]
        return program

    def clean(self) -> dict[str, Any]:
        """Start and end as instants, refused where the services would refuse them."""
        cleaned = self.cleaned_data
        if not all(cleaned.get(name) is not None for name in self.fields):
            return cleaned
        self.targets = read_targets(distributor=self.distributor, values=cleaned.get("ask", []))
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
