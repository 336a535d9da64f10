"""What may go wrong with a VTN above, in words that say what to do."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from openadr.errors import OpenadrError

LONGEST = 300


class Words(NamedTuple):
    """What happened, and what to do."""

    what: str | Promise
    to_do: str | Promise


FAULTS: dict[str, Words] = {
    "name": Words(
        _("The name in its address is not known to any name server."),
        _("Check the address for slips, and that this machine’s name server knows the name."),
    ),
    "forbidden": Words(
        _("Its address is in a network that the portal may not reach."),
        _("If the VTN really is in a private network, name that network in UPSTREAM_NETWORKS."),
    ),
    "plain": Words(
        _("Its address has no TLS."),
        _("Use an address that begins with https://; plain HTTP is for the demonstration only."),
    ),
    "refused": Words(
        _("Nothing answers at its address."),
        _("Check host and port, and ask its operator whether the VTN runs and lets this machine in."),
    ),
    "timeout": Words(
        _("It did not answer in time."),
        _("Often this passes by itself. If not, ask its operator about the VTN’s load."),
    ),
    "cut": Words(_("It broke the connection off."), _("Often this passes by itself. If not, ask its operator.")),
    "untrusted": Words(
        _("Its certificate is not vouched for."),
        _("Ask its operator for the CA certificate, or for its certificate’s SHA-256, and enter that."),
    ),
    "fingerprint": Words(
        _("Its certificate is not the one that was entered."),
        _("Ask its operator whether the certificate was replaced, and only then enter the new SHA-256."),
    ),
    "own_certificate": Words(
        _("It refuses our certificate."),
        _("Send our certificate’s SHA-256 to its operator, or enter the certificate and key that they gave out."),
    ),
    "own_key": Words(
        _("Our certificate and key cannot be used."),
        _("Enter both again: they must be PEM, belong together, and the key must have no password."),
    ),
    "status": Words(
        _("It answers with an HTTP status that means no."),
        _("404: check the address. 401 or 403: its operator must know our certificate. 5xx: its operator must look."),
    ),
    "too_large": Words(_("Its answer is larger than any message."), _("Ask its operator; this is no OpenADR 2.0b.")),
    "not_valid": Words(
        _("Its answer is no valid message of OpenADR 2.0b."),
        _("Check that the address is that of an OpenADR 2.0b VTN; else send its operator what is said here."),
    ),
    "unregistered": Words(
        _("It does not take our registration."),
        _("Its operator must know our name, venID and certificate; compare them with what is entered here."),
    ),
    "ended": Words(
        _("It has ended our registration."), _("Ask its operator why. To register again, put it back into use here.")
    ),
    "event_unread": Words(
        _("One of its events cannot be read; what was said of it before stands, and its other events are followed."),
        _("Tell its operator the eventID and what is wrong with it."),
    ),
    "event_failed": Words(
        _("The portal failed to follow one of its events; the others are followed."),
        _("It is tried again at each poll. If that does not help, look into the log of the jobs, and decide here."),
    ),
    "too_many": Words(
        _("It calls more events than the portal takes of one VTN: 200 to come, and 500 new ones in a day."),
        _("Tell its operator. Those that are known are followed all the same."),
    ),
    "internal": Words(
        _("The portal itself failed while it talked to the VTN."),
        _("It is tried again by itself. If this stays, look into the log of the jobs."),
    ),
    "code": Words(
        _("It answers a message with an error."), _("If this does not pass by itself, tell its operator what it says.")
    ),
}


# Faults of a part, where all else was said: the VTN is polled as often as before.
OF_A_PART = ("event_unread", "event_failed", "too_many")


class Fault(OpenadrError):
    """An exchange that did not work.

    Attributes:
        code: a key of `FAULTS`.
        detail: what it says itself, or a status.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code} {detail}".strip())
        self.code, self.detail = code, detail

    @property
    def stored(self) -> str:
        """As `Upstream.last_fault` keeps it, without a language."""
        return f"{self.code} {self.detail}".strip()[:LONGEST]


class LeaseLost(OpenadrError):
    """Somebody else talks to the VTN now, or it was changed or stopped meanwhile."""


def fault_words(stored: str) -> tuple[Words, str] | None:
    """What a stored fault says to its reader, and the detail; None where there is none."""
    code, _space, detail = stored.partition(" ")
    if not code:
        return None
    return FAULTS.get(code, FAULTS["code"]), detail if code in FAULTS else stored
