"""The terms of a program as a form: made of the columns, so that pages and the administration ask for the same."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from common.errors import PortalError
from events.models import ProgramVersion
from events.rules import rules_of
from events.term_fields import GROUPS, HELPS, NAMES
from events.terms import Terms
from organizations.models import Distributor


def _field_of(name: str) -> forms.Field:
    """The form field of a column. Only the rule is required: what is left empty is what terms say by default."""
    column = ProgramVersion._meta.get_field(name)
    assert isinstance(column, models.Field)
    words: dict[str, Any] = {
        "label": capfirst(column.verbose_name),
        "help_text": HELPS.get(name, ""),
        "required": False,
    }
    if name == "preset":
        return forms.ChoiceField(**words | {"required": True})
    if name == "holidays":
        return forms.CharField(**words)
    if isinstance(column, models.DateField):
        return forms.DateField(widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **words)
    if isinstance(column, models.TimeField):
        return forms.TimeField(widget=forms.TimeInput({"type": "time"}, format="%H:%M"), **words)
    if name == "terms_text":
        return forms.CharField(widget=forms.Textarea({"rows": 8}), **words)
    if column.choices:
        return forms.ChoiceField(choices=column.choices, **words)
    if isinstance(column, models.DecimalField):
        words["min_value"] = 0
    made = column.formfield(**words)
    assert made is not None
    # An amount always stands there; emptied, it is the one that terms have by default.
    made.has_default = not column.null and not isinstance(column, models.CharField)  # type: ignore[attr-defined]  # not generic at run time
    return made


def _short(value: Any) -> Any:
    """A number without the zeros that only the column's decimals add."""
    return Decimal(format(value.normalize(), "f")) if isinstance(value, Decimal) else value


class TermsForm(forms.Form):
    """Every term of a program. Valid, it knows `terms`."""

    terms: Terms

    def use(self, distributor: Distributor | None) -> None:
        """Offers the rules that a distributor may choose, with what each does."""
        rules = rules_of(distributor)
        preset = self.fields["preset"]
        assert isinstance(preset, forms.ChoiceField)
        preset.choices = [(name, name) for name in rules]

    def show(self, terms: Terms) -> None:
        """Starts with these terms."""
        self.initial.update({name: _short(value) for name, value in terms.columns().items()})
        self.initial["holidays"] = ", ".join(terms.columns()["holidays"])

    def clean_holidays(self) -> tuple[date, ...]:
        """The days, out of their text."""
        texts = [text.strip() for text in self.cleaned_data["holidays"].split(",") if text.strip()]
        try:
            return tuple(date.fromisoformat(text) for text in texts)
        except ValueError:
            raise forms.ValidationError(_("Write days like 2026-07-03, with commas between.")) from None

    def clean(self) -> dict[str, Any]:
        """The terms, refused where they could not be kept."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if any(name in self.errors for name in NAMES):
            return cleaned
        given = {name: cleaned[name] for name in NAMES if cleaned.get(name) not in (None, "")}
        try:
            self.terms = Terms(**given)
        except PortalError as refusal:
            self.add_error(None, str(refusal))
        return cleaned

    def groups(self) -> list[dict[str, Any]]:
        """The fields by groups, for a page; a group opens by itself where it says something or has a fault."""
        return [
            {
                "key": group.key,
                "title": group.title,
                "fields": [self[name] for name in group.names],
                "is_open": group.is_common or any(self._says(name) or self[name].errors for name in group.names),
            }
            for group in GROUPS
        ]

    def _says(self, name: str) -> bool:
        """Whether the field has another value than terms have by default."""
        default = Terms.__dataclass_fields__[name].default
        value = self[name].value()
        return value not in (None, "", False) and str(value) != str(default) and value != default


TermsForm.declared_fields.update({name: _field_of(name) for name in NAMES})
