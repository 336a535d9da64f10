"""Forms for inviting people."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from organizations.models import MembershipRole
from organizations.services import Guest

MOST = 50


class InviteForm(forms.Form):
    """Addresses, as people write or paste them, and one role for all."""

    emails = forms.CharField(
        label=_("Email addresses"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("One or many, by comma or line, at most 50. For more, upload a file."),
    )
    role = forms.ChoiceField(
        label=_("As"),
        choices=[
            (MembershipRole.MEMBER, _("member: sees everything of the organization")),
            (MembershipRole.ADMIN, _("admin: also lets people in and answers events")),
        ],
        initial=MembershipRole.MEMBER,
    )

    def clean_emails(self) -> list[str]:
        found = [part for part in re.split(r"[\s,;]+", self.cleaned_data["emails"]) if part]
        if len(found) > MOST:
            raise forms.ValidationError(_("At most 50 at once. Upload a file for more."))
        if not found:
            raise forms.ValidationError(_("Write at least one address."))
        return list(dict.fromkeys(found))

    def guests(self) -> list[Guest]:
        """Whom the form invites."""
        data: dict[str, Any] = self.cleaned_data
        return [Guest(email, data["role"]) for email in data["emails"]]


class FileForm(forms.Form):
    """A file of whom to invite."""

    file = forms.FileField(
        label=_("CSV file"),
        max_length=200,
        help_text=_("The first line names the columns: email,first_name,last_name,role. At most 500 rows."),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )
