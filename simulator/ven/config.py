"""The configuration file of a VEN, as `manage.py ven enroll` writes it.

```json
{
  "url": "https://vtn.example:8443/OpenADR2/Simple/2.0b",
  "ven_name": "D-0001",
  "ven_id": "ven-3f…",
  "certificate": "D-0001.crt",
  "key": "D-0001.key",
  "ca": "ca.crt",
  "resources": [{"name": "D-0001", "meter": "D-0001"}],
  "poll_seconds": 10
}
```

`certificate`, `key` and `ca` are files beside the configuration, all three null or absent for the open demonstration
(plain HTTP). A resource may also be its name alone. Further keys are left alone.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simulator.errors import SimulatorError

PATH = "/OpenADR2/Simple/2.0b"


@dataclass(frozen=True)
class Resource:
    """One thing behind the VEN; `meter` is the number of the meter it is behind, empty without."""

    name: str
    meter: str = ""


@dataclass(frozen=True)
class VenConfig:
    """What a VEN must know to talk to its VTN. Without `ven_id` it takes the one it is given at registration."""

    url: str
    ven_name: str
    ven_id: str = ""
    certificate: Path | None = None
    key: Path | None = None
    ca: Path | None = None
    resources: tuple[Resource, ...] = ()
    poll_seconds: float = 10.0


def read_config(path: Path, *, url: str | None = None) -> VenConfig:
    """The configuration in the file at `path`; `url` takes the place of the file's own.

    Raises:
        SimulatorError: the file cannot be read, or something in it is missing or of the wrong kind.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorError(f"The configuration {path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise SimulatorError(f"The configuration {path} is not JSON.") from None
    if not isinstance(content, dict):
        raise SimulatorError(f"The configuration {path} is not a JSON object.")
    try:
        return _config(content, path.parent, url)
    except SimulatorError as error:
        raise SimulatorError(f"The configuration {path} cannot be used: {error}") from None


def read_configs(folder: Path, *, url: str | None = None) -> list[VenConfig]:
    """Every configuration (`*.json`) in the folder, by name.

    Raises:
        SimulatorError: there is none, or one cannot be used.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise SimulatorError(f"There is no VEN configuration (*.json) in {folder}.")
    return [read_config(path, url=url) for path in paths]


def service_url(url: str) -> str:
    """The address up to the services; the standard's path is added to a bare host.

    >>> service_url("http://127.0.0.1:8080")
    'http://127.0.0.1:8080/OpenADR2/Simple/2.0b'

    Raises:
        SimulatorError: not an HTTP(S) address.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SimulatorError(f"“{url}” is not an address; write it as https://127.0.0.1:8080.")
    return url.rstrip("/") if parts.path.strip("/") else url.rstrip("/") + PATH


def _config(content: Mapping[str, Any], folder: Path, url: str | None) -> VenConfig:
    files = {name: _file(content.get(name), folder, name) for name in ("certificate", "key", "ca")}
    if content.get("must_sign"):
        raise SimulatorError("the VEN must sign its messages, which this client does not do.")
    if (files["certificate"] is None) != (files["key"] is None):
        raise SimulatorError("certificate and key belong together.")
    return VenConfig(
        url=service_url(url or _text(content, "url")),
        ven_name=_text(content, "ven_name"),
        ven_id=_text(content, "ven_id", needed=False),
        resources=_resources(content.get("resources", [])),
        poll_seconds=_seconds(content.get("poll_seconds", 10)),
        **files,
    )


def _text(content: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = content.get(name) or ""
    if not isinstance(value, str) or (needed and not value):
        raise SimulatorError(f"“{name}” should be a text.")
    return value


def _file(value: object, folder: Path, name: str) -> Path | None:
    if not value:
        return None
    if not isinstance(value, str):
        raise SimulatorError(f"“{name}” should be the name of a file.")
    path = folder / value
    if not path.is_file():
        raise SimulatorError(f"“{name}” names {path}, which is not there.")
    return path


def _resources(value: object) -> tuple[Resource, ...]:
    if not isinstance(value, list):
        raise SimulatorError("“resources” should be a list.")
    return tuple(_resource(row) for row in value)


def _resource(row: object) -> Resource:
    if isinstance(row, str) and row:
        return Resource(row)
    if isinstance(row, dict) and isinstance(row.get("name"), str) and row["name"]:
        return Resource(row["name"], str(row.get("meter") or ""))
    raise SimulatorError("each of “resources” should be a name, or an object with “name” and “meter”.")


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        raise SimulatorError("“poll_seconds” should be a number greater than 0.")
    return float(value)
