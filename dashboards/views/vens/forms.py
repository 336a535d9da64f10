"""What is asked for VENs: a new one, its resources, a certificate of its own, and what to find in the log."""

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Entity, User
from common.intervals import day_bounds
from dashboards.views.operator.scope import Scope
from meters.models import Meter
from openadr.models import Ven
from organizations.models import Organization

MOST_METERS = 200
MOST_PEM = 64_000
FIND_WITHIN = timedelta(days=2)
# Moments around them are moments, too.
_DAYS = [MinValueValidator(date(2000, 1, 1)), MaxValueValidator(date(2200, 1, 1))]
_SEPARATORS = re.compile(r"[\s,;]+")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._:@/-]{0,63}")


def _meters(scope: Scope, numbers: list[str]) -> list[Meter]:
    """The distributor's meters of these numbers, in their order.

    Raises:
        ValidationError: some are not there; the first of them are named.
    """
    own = Meter.objects.managed_by(scope.user).filter(distributor=scope.distributor)
    found = {meter.number: meter for meter in own.filter(number__in=numbers)}
    missing = [number for number in numbers if number not in found]
    if missing:
        words = _("There is no meter of this number: %(numbers)s.")
        raise forms.ValidationError(words % {"numbers": ", ".join(missing[:5])})
    return [found[number] for number in numbers]


class EnrollForm(forms.Form):
    """A new VEN; valid, `owner` and `resources` are what to give to the service."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        help_text=gettext_lazy("The device says it when it registers: letters, digits and . _ - : @ /, no accents."),
    )
    owner = forms.CharField(
        label=gettext_lazy("Whose device it is"),
        required=False,
        max_length=254,
        help_text=gettext_lazy(
            "E-mail address of a resident, or name of an organization. Empty: the distributor’s own. It is cut off "
            "when its owner’s approval is withdrawn."
        ),
    )
    meters = forms.CharField(
        label=gettext_lazy("Meters behind it"),
        required=False,
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy(
            "Numbers, one a line. Each becomes a resource of this name, and the device hears of every event that asks "
            "its meter. The energy it reports becomes the meter’s readings, unless another device’s does."
        ),
    )
    must_sign = forms.BooleanField(
        label=gettext_lazy("It signs every message (XML signature)"),
        required=False,
        help_text=gettext_lazy("Beside TLS; few devices can. Messages without a signature are then refused."),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.scope = scope

    def clean_name(self) -> str:
        """A name that fits into a certificate, and that nobody has here."""
        name: str = self.cleaned_data["name"]
        if not _NAME.fullmatch(name):
            raise forms.ValidationError(
                _("Use letters, digits, blanks and . _ - : @ /, beginning with a letter or digit.")
            )
        if Ven.objects.filter(distributor=self.scope.distributor, name=name).exists():
            raise forms.ValidationError(_("There is a VEN of this name already."))
        return name

    def clean_owner(self) -> Entity | None:
        """Who is called so, among those whom the reader may see."""
        words = self.cleaned_data["owner"].strip()
        if not words:
            return None
        here = self.scope.distributor
        organizations = Organization.objects.managed_by(self.scope.user).filter(distributor=here, name__iexact=words)
        found = organizations.first() or _resident(self.scope, words)
        if found is None:
            raise forms.ValidationError(
                _("There is no resident of this address and no organization of this name here.")
            )
        return Entity.objects.get(pk=found.pk)

    def clean_meters(self) -> list[Meter]:
        """The meters of the numbers, each once."""
        numbers = list(dict.fromkeys(part for part in _SEPARATORS.split(self.cleaned_data["meters"]) if part))
        if len(numbers) > MOST_METERS:
            raise forms.ValidationError(_("At most %(most)d meters at once.") % {"most": MOST_METERS})
        return _meters(self.scope, numbers)

    @property
    def resources(self) -> list[tuple[str, Meter]]:
        """A resource for each meter, of its number."""
        return [(meter.number, meter) for meter in self.cleaned_data["meters"]]


def _resident(scope: Scope, words: str) -> User | None:
    user = User.objects.filter(email=words.lower(), tenant=scope.distributor.pk, staff_role="").first()
    return user if user is not None and not hasattr(user, "membership") else None


class ResourceForm(forms.Form):
    """One thing behind a VEN, and its meter."""

    name = forms.CharField(
        label=gettext_lazy("Name of the resource"),
        max_length=64,
        help_text=gettext_lazy("As the device calls it (resourceID)."),
    )
    meter = forms.CharField(label=gettext_lazy("Number of its meter"), max_length=40, required=False)
    is_source = forms.BooleanField(
        label=gettext_lazy("The energy it reports is the meter’s reading"),
        required=False,
        help_text=gettext_lazy("One resource of a meter at most."),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "prefix": "resource"})
        self.scope = scope

    def clean_meter(self) -> Meter | None:
        """The meter of the number."""
        number = self.cleaned_data["meter"].strip()
        return _meters(self.scope, [number])[0] if number else None

    def clean(self) -> dict[str, Any]:
        """Readings need a meter."""
        cleaned = self.cleaned_data
        if cleaned.get("is_source") and not cleaned.get("meter") and "meter" not in self.errors:
            self.add_error("meter", _("Say whose readings they are."))
        return cleaned


class PinForm(forms.Form):
    """The certificate that a device has already."""

    pem = forms.FileField(
        label=gettext_lazy("Certificate (PEM)"),
        widget=forms.FileInput({"accept": ".pem,.crt,.cer"}),
        help_text=gettext_lazy("Only the certificate, never its key."),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "prefix": "pin"})

    def clean_pem(self) -> bytes:
        """What the file says."""
        file = self.cleaned_data["pem"]
        if file.size > MOST_PEM:
            raise forms.ValidationError(_("This is too large for a certificate."))
        pem: bytes = file.read()
        if b"PRIVATE KEY" in pem:
            raise forms.ValidationError(
                _("This file holds a private key. It was not kept; send only the certificate, and make a new key.")
            )
        return pem


class LogFilter(forms.Form):
    """What to find among messages."""

    ven = forms.IntegerField(required=False, min_value=1, max_value=2**62)
    name = forms.CharField(required=False, max_length=80)
    kind = forms.CharField(required=False, max_length=40)
    code = forms.IntegerField(required=False, min_value=1, max_value=999)
    refused = forms.BooleanField(required=False)
    since = forms.DateField(required=False, validators=_DAYS)
    until = forms.DateField(required=False, validators=_DAYS)
    find = forms.CharField(required=False, max_length=80)
    is_narrowed = False

    def wanted(self, scope: Scope) -> dict[str, Any]:
        """What is valid of it, days as moments on the distributor's clock.

        Text of all devices is looked for in the last two of the days asked for (`is_narrowed`): no index finds it.
        """
        self.is_valid()
        asked: dict[str, Any] = dict(self.cleaned_data)
        zone = scope.distributor.zone
        if isinstance(asked.get("since"), date):
            asked["since"] = day_bounds(asked["since"], zone)[0]
        if isinstance(asked.get("until"), date):
            asked["until"] = day_bounds(asked["until"], zone)[0] + timedelta(days=1)
        if asked.get("find") and not asked.get("ven"):
            first = (asked.get("until") or timezone.now()) - FIND_WITHIN
            self.is_narrowed = not asked.get("since") or asked["since"] < first
            asked["since"] = first if self.is_narrowed else asked["since"]
        return asked
