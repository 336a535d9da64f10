"""How a distributor shows itself: what its fields may hold, and its logo."""

import hashlib
import re
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from organizations.colors import READABLE, WHITE, contrast, parse_color
from organizations.images import JPEG, LARGEST, LARGEST_SIDE, MEDIA_TYPES, PNG, WEBP, media_type_of, size_of

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


def validate_accent(text: str) -> None:
    """Raises ValidationError unless it is a color on which white can be read."""
    color = parse_color(text)
    if color is None:
        raise ValidationError(_("Write the color as # and six digits, like #0d5c66."))
    if contrast(color, WHITE) < READABLE:
        raise ValidationError(_("White writing cannot be read on this color. Take a darker one."))


def validate_host(host: str) -> None:
    """Raises ValidationError unless it is a host name that is not the portal's own."""
    labels = host.split(".")
    if len(host) > 253 or len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValidationError(_("Write a host name like portal.example.org, without https:// and without a path."))
    if labels[-1].isdigit():
        raise ValidationError(_("Write a host name, not a number."))
    if host in {known.lstrip(".") for known in settings.ALLOWED_HOSTS}:
        raise ValidationError(_("This is the portal’s own address, where every distributor is at home."))


def validate_header(text: str) -> None:
    """Raises ValidationError for what would begin a new line in a mail's header."""
    if any(not letter.isprintable() for letter in text):
        raise ValidationError(_("Write one line, without line breaks and control characters."))


def normalize_host(text: str) -> str:
    """The one spelling of a host name: lower case, no spaces, no dot at the end, no port.

    >>> normalize_host(" Portal.Example.ORG. "), normalize_host("portal.example.org:8000")
    ('portal.example.org', 'portal.example.org')
    """
    return re.sub(r":\d+$", "", text.strip().lower()).rstrip(".")


class HostField(models.CharField):  # type: ignore[type-arg]  # not generic at run time
    """A host name in one spelling; NULL where there is none, so that many may have none."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return (normalize_host(value) or None) if isinstance(value, str) else value

    def to_python(self, value: Any) -> Any:
        value = super().to_python(value)
        return (normalize_host(value) or None) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = self.to_python(super().pre_save(model_instance, add))
        setattr(model_instance, self.attname, value)
        return value


def validate_logo(content: bytes) -> None:
    """Raises ValidationError unless the bytes are a small PNG, JPEG or WebP picture."""
    if len(content) > LARGEST:
        raise ValidationError(_("The picture is larger than 200 kB. Make it smaller first."))
    size = size_of(content)
    if media_type_of(content) is None or size is None:
        raise ValidationError(_("This is no PNG, JPEG or WebP picture."))
    if not all(0 < side <= LARGEST_SIDE for side in size):
        raise ValidationError(_("The picture has more than 2,000 pixels on a side. Make it smaller first."))


class DistributorLogo(models.Model):
    """The logo of one distributor. Written by `organizations.services.set_logo`.

    In the database, so that every web host has it, and apart from the distributor's row, which is read often.
    """

    distributor = models.OneToOneField(
        "organizations.Distributor", models.CASCADE, primary_key=True, related_name="logo"
    )
    content = models.BinaryField()
    media_type = models.CharField(max_length=20, choices=[(PNG, "PNG"), (JPEG, "JPEG"), (WEBP, "WebP")], editable=False)
    digest = models.CharField(max_length=64, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(media_type__in=MEDIA_TYPES), name="logo_type_known"),
        ]

    def __str__(self) -> str:
        return f"{self.media_type}, {self.digest[:8]}"

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history a change of the logo belongs to."""
        return self.distributor_id, None

    @staticmethod
    def digest_of(content: bytes) -> str:
        """SHA-256 of the picture, in hex: its version in addresses and ETags."""
        return hashlib.sha256(content).hexdigest()
