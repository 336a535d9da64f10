"""The form for a file of readings."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from common.units import W_PER_UNIT, WH_PER_UNIT
from meters.models import Meter
from meters.services.batches import too_large


class ImportForm(forms.Form):
    """A file, and what it does not say by itself. `meters` are those whose number may be given."""

    file = forms.FileField(
        label=_("File"),
        max_length=200,
        help_text=_("CSV (also packed as .csv.gz), Green Button XML or NEM12; the format is found by itself."),
        widget=forms.FileInput(attrs={"data-drop": ""}),
    )
    meter = forms.CharField(
        label=_("Meter"),
        max_length=40,
        required=False,
        help_text=_("Its number, only where the file does not name a meter, as Green Button files do not."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    unit = forms.ChoiceField(
        label=_("Unit of the energies"),
        required=False,
        choices=[("", _("as the file says, else kWh")), *((unit, unit) for unit in (*WH_PER_UNIT, *W_PER_UNIT))],
    )
    zone = forms.CharField(
        label=_("Time zone"),
        max_length=64,
        required=False,
        help_text=_("Of times without one, such as America/New_York. Empty: each meter’s own."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, meters: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._meters = meters

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.IMPORT_MAX_BYTES:
            raise ValidationError(str(too_large()))
        return file

    def clean_meter(self) -> str:
        number = str(self.cleaned_data["meter"]).strip()
        if number and not Meter.objects.filter(pk__in=self._meters.values("pk"), number=number).exists():
            raise ValidationError(_("There is no meter of this number here."))
        return number

    def clean_zone(self) -> str:
        name = str(self.cleaned_data["zone"]).strip()
        try:
            if name:
                zoneinfo.ZoneInfo(name)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValidationError(_("There is no such time zone; take one like Europe/Athens.")) from None
        return name
