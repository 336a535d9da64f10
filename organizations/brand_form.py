"""A distributor describes itself."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from organizations.images import LARGEST
from organizations.models import Distributor
from organizations.models.brand import validate_logo


class BrandForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """How the distributor shows itself. Name, zone and currency are changed in the admin: figures hang on them."""

    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("PNG, JPEG or WebP, at most 200 kB. It stands on a white ground."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp"}),
    )
    clear_logo = forms.BooleanField(label=_("Take the logo away"), required=False)
    field_order = [
        "logo",
        "clear_logo",
        "accent",
        "contact_email",
        "phone",
        "website",
        "host",
        "sender_name",
        "sender_email",
        "language",
        "latitude",
        "longitude",
    ]

    class Meta:
        model = Distributor
        fields = [
            "accent", "contact_email", "phone", "website", "host", "sender_name", "sender_email", "language",
            "latitude", "longitude",
        ]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whoever could take any name could take that of another utility before it does.
        self.fields["host"].disabled = True
        self.fields["host"].help_text = _("Ask whoever runs the platform to set it, once its name leads here.")

    def clean_logo(self) -> bytes | None:
        """The picture, checked by its bytes."""
        upload: Any = self.cleaned_data.get("logo")
        if not isinstance(upload, UploadedFile):
            return None
        content: bytes = upload.read(LARGEST + 1)
        validate_logo(content)
        return content
