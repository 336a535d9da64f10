"""Times as files and the portal write them."""

from datetime import UTC, datetime

from simulator.errors import SimulatorError


def parse_time(text: str) -> int:
    """Seconds since 1970 of an ISO 8601 time with a zone.

    >>> parse_time("2026-03-08T02:00:00-05:00")
    1772953200

    Raises:
        SimulatorError: not a time, or a time without a zone.
    """
    try:
        when = datetime.fromisoformat(text)
    except (ValueError, TypeError):
        raise SimulatorError(f"“{text}” is not a time; write it as 2026-11-20T22:00:00Z.") from None
    if when.tzinfo is None:
        raise SimulatorError(f"The time {text} needs a zone; write it as 2026-11-20T22:00:00Z.")
    return int(when.timestamp())


def utc_text(seconds: int) -> str:
    """The instant in UTC.

    >>> utc_text(1772953200)
    '2026-03-08T07:00:00Z'
    """
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
