"""Field types of our own."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils.translation import gettext_lazy as _


def normalize_email(text: str) -> str:
    """The one spelling under which an address is stored and looked up: stripped and in lower case.

    >>> normalize_email("  Ada@Example.COM ")
    'ada@example.com'
    """
    return text.strip().lower()


def validate_ascii(address: str) -> None:
    """Raises ValidationError for an address with other than ASCII characters.

    A domain with an umlaut has an ASCII form (xn--…); with one spelling only, no look-alike passes for another.
    """
    if not address.isascii():
        raise ValidationError(_("Write the address without accents or other special letters."))


class NormalizedEmailField(models.EmailField):  # type: ignore[type-arg]  # not generic at run time
    """An address in one spelling, compared byte by byte on every database.

    MariaDB's usual collations take "é" for "e", so that one person's reset mail could open another's account.
    """

    default_validators = [*models.EmailField.default_validators, validate_ascii]

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return normalize_email(value) if isinstance(value, str) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = normalize_email(value)
            setattr(model_instance, self.attname, value)
        return value

    def db_parameters(self, connection: BaseDatabaseWrapper) -> Any:
        parameters: Any = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters
