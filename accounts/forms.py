"""What a person changes about the own account."""

from django import forms

from accounts.models import User


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """Name and colors; address and password have their own pages."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "theme"]
