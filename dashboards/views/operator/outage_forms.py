"""What is asked for times that do not count."""

from datetime import date, datetime, time, tzinfo
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.intervals import AmbiguousTime, MissingTime, resolve_local
from dashboards.views.operator.scope import Scope
from meters.models import Exclusion, ExclusionKind, Feeder, Meter

SOURCE = "operator"
KINDS = [(kind.value, kind.label.capitalize) for kind in (ExclusionKind.OUTAGE, ExclusionKind.IDLE, ExclusionKind.TEST)]
MAX_FILE_BYTES = 5_000_000
_DAY = {"type": "date"}
_TIME = {"type": "time"}


def kinds() -> list[tuple[str, str]]:
    """What a person may enter, in words."""
    return [(value, label()) for value, label in KINDS]


class MomentsForm(forms.Form):
    """Days and times on the distributor's clock."""

    zone: tzinfo

    def moment(self, name: str) -> datetime | None:
        """The instant of the day `name` and the time `name`_at; None where they are wrong, which the form says."""
        day, at = self.cleaned_data.get(name), self.cleaned_data.get(f"{name}_at")
        if not isinstance(day, date) or not isinstance(at, time):
            return None
        try:
            return resolve_local(datetime.combine(day, at), self.zone)
        except MissingTime:
            self.add_error(f"{name}_at", _("The clock skips this time on that day. Choose another one."))
        except AmbiguousTime:
            self.add_error(f"{name}_at", _("The clock shows this time twice on that day. Choose another one."))
        except OverflowError:
            self.add_error(name, _("This day is too far away."))
        return None


def _day(label: Any, **options: Any) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput(_DAY, format="%Y-%m-%d"), **options)


def _time(label: Any, **options: Any) -> forms.TimeField:
    return forms.TimeField(label=label, widget=forms.TimeInput(_TIME, format="%H:%M"), **options)


class OutageForm(MomentsForm):
    """A new time that does not count; valid, `row()` is what to store."""

    kind = forms.ChoiceField(label=gettext_lazy("What it was"), choices=kinds)
    feeder = forms.ModelChoiceField(
        Feeder.objects.none(),
        label=gettext_lazy("Feeder"),
        required=False,
        empty_label=gettext_lazy("none: a single meter"),
        help_text=gettext_lazy("Counts for all meters of the feeder."),
    )
    meter = forms.CharField(label=gettext_lazy("or number of a meter"), required=False, max_length=40)
    start = _day(gettext_lazy("From, day"))
    start_at = _time(gettext_lazy("From, time"))
    end = _day(gettext_lazy("Until, day"))
    end_at = _time(gettext_lazy("Until, time"))
    note = forms.CharField(label=gettext_lazy("Note"), required=False, max_length=200)

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope, self.zone = scope, scope.distributor.zone
        feeders = Feeder.objects.managed_by(scope.user).filter(distributor=scope.distributor)
        if feeders.exists():
            self.fields["feeder"].queryset = feeders  # type: ignore[attr-defined]  # a model choice
        else:
            del self.fields["feeder"]
            self.fields["meter"].label = _("Number of the meter")
        self.fields["start_at"].help_text = self.fields["end_at"].help_text = _("On the clock of %(zone)s.") % {
            "zone": scope.distributor.timezone
        }

    def clean_meter(self) -> Meter | None:
        """The meter of the number."""
        number = self.cleaned_data["meter"].strip()
        if not number:
            return None
        own = Meter.objects.managed_by(self.scope.user).filter(distributor=self.scope.distributor)
        found = own.filter(number=number).first()
        if found is None:
            raise forms.ValidationError(_("There is no meter of this number."))
        return found

    def clean(self) -> dict[str, Any]:
        """One place, and an end after the start."""
        cleaned = self.cleaned_data
        feeder, meter = cleaned.get("feeder"), cleaned.get("meter")
        if feeder and meter:
            self.add_error("meter", _("Choose a feeder or a meter, not both."))
        elif not feeder and not meter and "meter" not in self.errors:
            self.add_error("meter", _("Say which meter or which feeder."))
        start, end = self.moment("start"), self.moment("end")
        if start is not None and end is not None and end <= start:
            self.add_error("end_at", _("The end must be after the start."))
        self.begins, self.ends = start, end
        return cleaned

    def row(self) -> Exclusion:
        """The valid form as a row that is not stored yet."""
        cleaned = self.cleaned_data
        assert self.begins is not None
        assert self.ends is not None
        return Exclusion(
            distributor=self.scope.distributor,
            kind=cleaned["kind"],
            meter=cleaned["meter"],
            feeder=cleaned.get("feeder"),
            start=self.begins,
            end=self.ends,
            note=cleaned["note"],
            source=SOURCE,
        )


class EndForm(MomentsForm):
    """An earlier end."""

    end = _day(gettext_lazy("Day"))
    end_at = _time(gettext_lazy("Time"))
    reason = forms.CharField(label=gettext_lazy("Why"), required=False, max_length=200)

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.zone = scope.distributor.zone
        self.fields["end_at"].help_text = _("On the clock of %(zone)s.") % {"zone": scope.distributor.timezone}

    def clean(self) -> dict[str, Any]:
        """The end as an instant."""
        self.at = self.moment("end")
        return self.cleaned_data


class OutageFileForm(forms.Form):
    """A CSV list."""

    file = forms.FileField(label=gettext_lazy("CSV file"), widget=forms.FileInput({"accept": ".csv,text/csv"}))
    only_check = forms.BooleanField(label=gettext_lazy("Only check it, store nothing"), required=False)

    def clean_file(self) -> Any:
        """A file of a size that is worth reading at once."""
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE_BYTES:
            raise forms.ValidationError(_("The file is larger than 5 MB. Use manage.py import_outages for it."))
        return file


class OutageFilter(forms.Form):
    """Which ones are listed."""

    meter = forms.CharField(required=False, max_length=40)
    feeder = forms.ModelChoiceField(Feeder.objects.none(), required=False)
    kind = forms.ChoiceField(required=False, choices=[("", ""), *ExclusionKind.choices])
    since = forms.DateField(required=False)
    until = forms.DateField(required=False)

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        feeders = Feeder.objects.visible_to(scope.user).filter(distributor=scope.distributor)
        self.fields["feeder"].queryset = feeders  # type: ignore[attr-defined]  # a model choice
