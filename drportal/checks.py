"""What must be true of the database for the portal's promises to hold; `manage.py check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import connections

# Variable, what it must be, and what breaks otherwise.
MARIADB_VARIABLES = [
    (
        "tx_isolation",
        "READ-COMMITTED",
        "E001",
        "two first members of an organization could both become its admin",
    ),
    ("innodb_flush_log_at_trx_commit", "1", "E002", "a power cut would lose readings that were acknowledged"),
]


@register(Tags.database)
def check_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Isolation, durability and strictness of each MariaDB that is asked about."""
    return [problem for alias in databases or () for problem in _problems(alias)]


@register(Tags.security, deploy=True)
def check_factor_keys(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether the secrets of second factors have a key of their own, in a portal with real people."""
    if settings.MFA_ENCRYPTION_KEYS or settings.DEMO or not settings.HTTPS:
        return []
    words = "MFA_ENCRYPTION_KEYS is empty: who learns SECRET_KEY reads the second factors, and a new one loses them."
    return [Warning(words, "Set it as docs/security.md says.", id="portal.W004")]


def _problems(alias: str) -> list[CheckMessage]:
    connection = connections[alias]
    if connection.vendor != "mysql":
        return []
    found: list[CheckMessage] = []
    with connection.cursor() as cursor:
        for name, wanted, code, consequence in MARIADB_VARIABLES:
            cursor.execute(f"SELECT @@{name}")
            value = str(cursor.fetchone()[0])
            if value != wanted:
                found.append(
                    _message(code)(
                        f"MariaDB's {name} is {value}: {consequence}.",
                        f"Set it to {wanted}.",
                        id=f"portal.{code}",
                    )
                )
        cursor.execute("SELECT @@sql_mode")
        if "STRICT_ALL_TABLES" not in str(cursor.fetchone()[0]):
            found.append(Error("MariaDB is not strict: it would cut values.", id="portal.E003"))
    return found


def _message(code: str) -> type[Error] | type[Warning]:
    # Durability off is right for a test server, so it is a warning; doctor calls it a fault.
    return Warning if code == "E002" else Error
