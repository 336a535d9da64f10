"""What a person changes about the own account."""

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Scope, User


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Name, colors, language, quiet hours; address and password have their own pages."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "language", "theme", "quiet_from", "quiet_until"]
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        labels = {"quiet_from": _("No mails or texts from"), "quiet_until": _("until")}
        help_texts = {
            "language": _("Of pages and mails."),
            "quiet_until": _(
                "In this time mails and text messages wait, each day, in the time zone of your distributor. Not held "
                "back: what concerns your account’s security, and an event that starts before the time is over."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [pair for pair in User._meta.get_field("language").flatchoices if pair[0]]
        language = self.fields["language"]
        assert isinstance(language, forms.ChoiceField)
        language.choices = [("", _("as my browser says")), *choices]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        start, end = cleaned.get("quiet_from"), cleaned.get("quiet_until")
        if start is not None and start == end:
            self.add_error("quiet_until", _("Both ends are the same. Leave both empty for no quiet hours."))
        return cleaned


class TokenForm(forms.Form):
    """A new token: what for, what it may do, and how long."""

    DAYS = {
        "30": _("30 days"),
        "90": _("90 days"),
        "365": _("1 year"),
        "1095": _("3 years"),
    }

    name = forms.CharField(
        label=_("What is it for?"), max_length=60, help_text=_("A name by which you know it again, like “Home server”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What may it do?"),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("As little as it needs. It never may more than you yourself."),
    )
    days = forms.ChoiceField(label=_("How long is it valid?"), choices=list(DAYS.items()), initial="365")

    def __init__(self, *args: Any, scopes: list[Scope], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(scope.value, scope.label) for scope in scopes]

    def expires_at(self) -> datetime:
        """When the token ends."""
        return timezone.now() + timedelta(days=int(self.cleaned_data["days"]))


class CloseForm(forms.Form):
    """The last question before an account is closed: the own address, typed."""

    address = forms.CharField(
        label=_("Type your e-mail address to confirm"),
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_address(self) -> str:
        typed: str = self.cleaned_data["address"]
        if typed.strip().lower() != self.user.email:
            raise forms.ValidationError(_("This is not the address of your account."))
        return typed
