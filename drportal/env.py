"""The environment variables that the portal reads: each is declared once here, with its type and meaning.

`docs/settings.md` lists the same ones; a test compares the two.
"""

import os
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def _flag(text: str) -> bool:
    choices = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False, "": False}
    try:
        return choices[text.strip().lower()]
    except KeyError:
        raise ValueError("must be true or false") from None


def _number(text: str) -> int:
    if not text.strip().isdigit():
        raise ValueError("must be a whole number, 0 or more")
    return int(text)


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _networks(text: str) -> list[str]:
    for part in _names(text):
        try:
            ip_network(part, strict=False)
        except ValueError:
            raise ValueError("must be addresses or networks, like 10.0.0.5,10.1.0.0/16") from None
    return _names(text)


def _dialled(text: str) -> list[str]:
    codes = _names(text)
    if not all(code.startswith("+") and code[1:].isdigit() for code in codes):
        raise ValueError("must be like +1,+34")
    return codes


def _url(*schemes: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and urlsplit(text).scheme not in schemes:
            raise ValueError(f"must start with one of {', '.join(f'{scheme}:' for scheme in schemes)}")
        return text

    return parse


def _keys(text: str) -> list[str]:
    keys = _names(text)
    for key in keys:
        try:
            whole = len(urlsafe_b64decode(key)) == 32
        except ValueError:
            whole = False
        if not whole:
            raise ValueError("must be Fernet keys, by comma; `openssl rand -base64 32 | tr '+/' '-_'` makes one")
    return keys


def _level(text: str) -> str:
    if text.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise ValueError("must be DEBUG, INFO, WARNING, ERROR or CRITICAL")
    return text.upper()


def _secret(text: str) -> str:
    if text and len(text) < 50:
        raise ValueError("must have at least 50 characters; `openssl rand -base64 48` makes one")
    return text


@dataclass(frozen=True)
class Variable:
    """One environment variable: name, how its text is read, the default as text, and what it is for."""

    name: str
    parse: Callable[[str], Any]
    default: str
    meaning: str


VARIABLES = {
    variable.name: variable
    for variable in (
        Variable("SECRET_KEY", _secret, "", "Signs sessions and links. Empty: kept in `VAR_DIR/secret_key`."),
        Variable("DEBUG", _flag, "false", "Error pages with code, for development only."),
        Variable("DEMO", _flag, "false", "Demonstration: says so on every page and shows all sent mail."),
        Variable("SITE_URL", _url("http", "https"), "http://localhost:8000", "Where people reach the portal."),
        Variable("ALLOWED_HOSTS", _names, "", "Further host names, by comma; that of SITE_URL is in."),
        Variable(
            "DATABASE_URL",
            _url("sqlite", "mysql"),
            "sqlite:///var/portal.sqlite3",
            "`mysql://user:password@host/name` for MariaDB, or `sqlite:///path`.",
        ),
        Variable(
            "REDIS_URL",
            _url("redis", "rediss", "unix"),
            "",
            "Redis for sessions and cache. Empty: both are in the database.",
        ),
        Variable(
            "CELERY_BROKER_URL",
            _url("redis", "rediss", "redis+socket", "filesystem"),
            "",
            "Where jobs wait. Empty: Redis if REDIS_URL is set, else files under VAR_DIR.",
        ),
        Variable(
            "VAR_DIR",
            str,
            "var",
            "Folder for what the portal writes to disk. With web and workers on several hosts, `VAR_DIR/exports` "
            "(copies of personal data, kept 7 days) and `VAR_DIR/imports` (uploaded files of readings) must each be "
            "one folder for all of them.",
        ),
        Variable(
            "EMAIL_URL",
            _url("consolemail", "filemail", "smtp", "smtp+tls", "smtp+ssl"),
            "consolemail:",
            "How mail leaves: `smtp+tls://user:password@host:587`, or `consolemail:` to print it.",
        ),
        Variable("EMAIL_FROM", str, "portal@localhost", "Sender of the portal's mail."),
        Variable(
            "SMS_BACKEND",
            str,
            "",
            "Who sends text messages: `console`, `file` (under VAR_DIR/sms), or the dotted path of a provider's class "
            "(see `delivery/sms/base.py`). Empty: none are offered; the demonstration writes files.",
        ),
        Variable(
            "SMS_RECEIPT_SECRET",
            _secret,
            "",
            "What a provider of text messages must say when it posts receipts. Empty: none are taken.",
        ),
        Variable(
            "SMS_COUNTRIES",
            _dialled,
            "",
            "Beginnings of the numbers that may get text messages, by comma, such as `+1,+34`. Empty: all.",
        ),
        Variable(
            "MFA_REQUIRED", _flag, "true", "Distributor admins and platform operators need a second step to sign in."
        ),
        Variable(
            "MFA_ENCRYPTION_KEYS",
            _keys,
            "",
            "Fernet keys, by comma: the first encrypts second factors and the keys of VTNs above, all decrypt. Empty: "
            "made from SECRET_KEY.",
        ),
        Variable(
            "IMPORT_MAX_MB",
            _number,
            "64",
            "Largest file or body of readings that the upload page and the API take, in MB.",
        ),
        Variable(
            "API_WRITES_PER_MINUTE",
            _number,
            "600",
            "How many changes one person's API calls may make in a minute; readings are not counted.",
        ),
        Variable(
            "QUALITY_ESTIMATE_HOURS",
            _number,
            "24",
            "How long after its end a gap in readings waits for late ones before it is estimated.",
        ),
        Variable(
            "SETTLE_ESTIMATE_MINUTES",
            _number,
            "15",
            "How long after an event its first estimate waits for readings that are missing; all in, it is made at "
            "once.",
        ),
        Variable(
            "SETTLE_FINAL_HOURS",
            _number,
            "24",
            "How long after an event its final settlement is made at the earliest, for late and corrected readings.",
        ),
        Variable(
            "VTN_POLL_SECONDS",
            _number,
            "10",
            "Seconds between two polls of a newly enrolled device (VEN), and between two reports of power.",
        ),
        Variable(
            "UPSTREAM_NETWORKS",
            _networks,
            "",
            "Private networks in which VTNs above may be, by comma, such as `10.8.0.0/16`. Empty: public addresses "
            "only; the demonstration allows this machine.",
        ),
        Variable("VTN_ID", str, "DR-Portal-VTN", "What the portal calls itself to devices (vtnID)."),
        Variable(
            "VTN_URL",
            _url("http", "https"),
            "",
            "Where devices reach the VTN; stands in the configuration that they are given. Empty: the host of "
            "SITE_URL at port 8080, by https unless it is the demonstration.",
        ),
        Variable(
            "VTN_CERTIFICATE",
            str,
            "",
            "File with the VTN's certificate and its chain (PEM). Empty: one of the portal's own authority.",
        ),
        Variable("VTN_KEY", str, "", "File with the key of VTN_CERTIFICATE (PEM, EC P-256 for quick signatures)."),
        Variable(
            "VTN_CLIENT_CAS",
            str,
            "",
            "File with further authorities (PEM) whose certificates devices may show; each is pinned all the same.",
        ),
        Variable(
            "VTN_PROXIES",
            _networks,
            "",
            "Addresses or networks, by comma, of proxies that end TLS and say the device's certificate in "
            "VTN_FINGERPRINT_HEADER. The VTN then speaks plain HTTP with them, and with nobody else.",
        ),
        Variable(
            "VTN_FINGERPRINT_HEADER",
            str,
            "X-Client-Certificate",
            "The header in which a proxy says the certificate: its SHA-256 in hex, or the URL-encoded PEM (nginx: "
            "`$ssl_client_escaped_cert`).",
        ),
        Variable(
            "VTN_RATE",
            _number,
            "120",
            "How many messages a minute one device may send to each process of the VTN; 0: any number.",
        ),
        Variable(
            "VTN_SKEW_SECONDS",
            _number,
            "60",
            "How far the clocks of devices may be off: the time in a signed message, both ways, and as long it cannot "
            "be used a second time; an energy that ends so much later waits for its end.",
        ),
        Variable("VTN_LOG_DAYS", _number, "30", "How many days the log of messages with devices is kept."),
        Variable(
            "VTN_CHECK_OUTGOING",
            _flag,
            "false",
            "Holds each message to devices against the schema before it goes; for tests, as it costs time.",
        ),
        Variable("TRUSTED_PROXY_COUNT", _number, "0", "Proxies in front; needed for fair rate limits."),
        Variable("LOG_LEVEL", _level, "INFO", "What is logged: DEBUG, INFO, WARNING, ERROR, CRITICAL."),
    )
}


# Never shown, not even where they are wrong.
SECRETS = ("SECRET_KEY", "MFA_ENCRYPTION_KEYS", "DATABASE_URL", "EMAIL_URL", "SMS_RECEIPT_SECRET")


def read(name: str) -> Any:
    """The value of a declared variable.

    Raises:
        ImproperlyConfigured: Its text does not fit; the message is one sentence that names it.
    """
    variable = VARIABLES[name]
    text = os.environ.get(name, variable.default)
    try:
        return variable.parse(text)
    except ValueError as problem:
        shown = "its value" if name in SECRETS else f"“{text}”"
        raise ImproperlyConfigured(f"The setting {name} is wrong: {shown} {problem}.") from None


def path(text: str) -> Path:
    """A folder or file, relative ones from the project's root."""
    return Path(text) if os.path.isabs(text) else BASE_DIR / text


def secret_key(var_dir: Path) -> str:
    """The secret of this installation: from SECRET_KEY, else from a private file that is made once."""
    if key := read("SECRET_KEY"):
        return str(key)
    file = var_dir / "secret_key"
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        # O_EXCL: of several processes that start at once, one writes the file and the others read it.
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    except OSError as problem:
        raise ImproperlyConfigured(f"Set SECRET_KEY: {file} cannot be written ({problem.strerror}).") from None
    key = file.read_text()
    if not key:
        raise ImproperlyConfigured(f"{file} is empty: remove it, or set SECRET_KEY.")
    return key


def database(url: str) -> dict[str, Any]:
    """Django's DATABASES entry for a DATABASE_URL."""
    if url.startswith("sqlite:"):
        return _sqlite(url)
    parts = urlsplit(url)
    from urllib.parse import parse_qs, unquote

    query = parse_qs(parts.query)
    options: dict[str, Any] = {
        "charset": "utf8mb4",
        # A trigger's existence read must see what a writer committed before it got the lock.
        "isolation_level": "read committed",
        "init_command": "SET sql_mode='STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', time_zone='+00:00'",
    }
    if "unix_socket" in query:
        options["unix_socket"] = query["unix_socket"][0]
    return {
        "ENGINE": "django.db.backends.mysql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"CHARSET": "utf8mb4", "COLLATION": "utf8mb4_general_ci"},
    }


def _sqlite(url: str) -> dict[str, Any]:
    file = path(url.removeprefix("sqlite:///") or "var/portal.sqlite3")
    if url != "sqlite:///:memory:":
        file.parent.mkdir(parents=True, exist_ok=True)
    return {
        "ENGINE": "common.db.sqlite",
        "NAME": ":memory:" if url == "sqlite:///:memory:" else str(file),
        "OPTIONS": {
            # Several processes write: take the write lock at BEGIN and wait for it, instead of failing midway.
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": ("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON;"),
        },
        # Said outright: pytest-django gives each xdist worker a file otherwise, as it does not know our engine.
        "TEST": {"NAME": ":memory:"},
    }
