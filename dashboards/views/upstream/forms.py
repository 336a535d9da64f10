"""What is asked for a VTN above."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from dashboards.operator_facts import selection
from dashboards.views.operator.scope import Scope
from events.models import Program
from openadr.models import Upstream, UpstreamPolicy
from openadr.services.upstream import BadUpstream, Entered

MOST_PEM = 64_000
_FIELDS = {"vtn_fingerprint": "fingerprint"}


class SecretTextarea(forms.Textarea):
    """A box whose text is never sent back, not even where another one is to be corrected."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


def _pem(label: Any, help_text: Any, widget: type[forms.Textarea] = forms.Textarea) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=MOST_PEM,
        widget=widget({"rows": 4, "spellcheck": "false", "autocomplete": "off"}),
    )


class UpstreamForm(forms.Form):
    """A VTN above; valid, `entered` is what to give to the services."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=64,
        help_text=gettext_lazy("What you call it here, as “Market operator”."),
    )
    url = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=200,
        widget=forms.URLInput({"placeholder": "https://vtn.example.com/OpenADR2/Simple/2.0b"}),
        help_text=gettext_lazy("Its operator gives it to you; as far as /OpenADR2/Simple/2.0b."),
    )
    program = forms.ModelChoiceField(
        Program.objects.none(), label=gettext_lazy("Program"), help_text=gettext_lazy("Its meters answer to the VTN.")
    )
    policy = forms.ChoiceField(
        label=gettext_lazy("Its events become"),
        choices=UpstreamPolicy.choices,
        widget=forms.RadioSelect,
        initial=UpstreamPolicy.DRAFT,
        help_text=gettext_lazy("What the program’s terms do not allow is a draft in any case."),
    )
    targets = forms.MultipleChoiceField(
        label=gettext_lazy("Its events ask"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Nothing chosen: everybody who is enrolled."),
    )
    ven_name = forms.CharField(
        label=gettext_lazy("Our name there"), max_length=64, help_text=gettext_lazy("As agreed with its operator.")
    )
    ven_id = forms.CharField(
        label=gettext_lazy("Our venID there"),
        max_length=64,
        required=False,
        help_text=gettext_lazy("Empty where the VTN gives us one when we register."),
    )
    poll_seconds = forms.IntegerField(
        label=gettext_lazy("Seconds between polls"),
        min_value=1,
        max_value=86_400,
        initial=10,
        help_text=gettext_lazy("Where the VTN asks for fewer polls, it is done as it asks."),
    )
    certificate = _pem(
        gettext_lazy("Our certificate"), gettext_lazy("PEM, with the certificates above it if there are any.")
    )
    key = _pem(
        gettext_lazy("Its key"),
        gettext_lazy(
            "PEM without a password. It is kept encrypted and never shown; empty keeps the one that is there."
        ),
        SecretTextarea,
    )
    fingerprint = forms.CharField(
        label=gettext_lazy("SHA-256 of the VTN’s certificate"),
        max_length=100,
        required=False,
        help_text=gettext_lazy("Then only this certificate counts, whoever signed it and for whatever name."),
    )
    ca = _pem(
        gettext_lazy("Who vouches for the VTN"),
        gettext_lazy("CA certificate as PEM. Empty: those that this machine trusts."),
    )
    signs = forms.BooleanField(
        label=gettext_lazy("Sign every message (XML signature)"),
        required=False,
        help_text=gettext_lazy("Only where the VTN asks for it; with the certificate above."),
    )

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["program"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = Program.objects.filter(distributor=scope.distributor).order_by("name")
        asked = self.fields["targets"]
        assert isinstance(asked, forms.MultipleChoiceField)
        # The first group, of everybody and nobody, is what an event without targets is.
        named = selection.choices(scope.distributor)[1:]
        asked.choices = [(group.label, [(one.value, one.label) for one in group.choices]) for group in named]
        if not named:
            del self.fields["targets"]

    @property
    def entered(self) -> Entered:
        """What was entered."""
        return Entered(**self.cleaned_data)

    def refuse(self, refusal: BadUpstream) -> None:
        """Says a refusal at the field that it is about."""
        name = _FIELDS.get(refusal.field, refusal.field)
        self.add_error(name if name in self.fields else None, str(refusal))


def values_of(row: Upstream) -> dict[str, Any]:
    """The form's values for a VTN that is there; never its key."""
    return {
        "name": row.name,
        "url": row.url,
        "program": row.program_id,
        "policy": row.policy,
        "ven_name": row.ven_name,
        "ven_id": row.ven_id,
        "poll_seconds": row.poll_seconds,
        "certificate": row.certificate,
        "fingerprint": row.vtn_fingerprint,
        "ca": row.ca,
        "signs": row.signs,
        "targets": row.targets,
    }
