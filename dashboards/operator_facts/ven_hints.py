"""What is wrong with one VEN, and what to do about it: hints for certificate and registration faults."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import ApprovalStatus, Kind
from dashboards.operator_facts.vens import heard_words
from dashboards.selectors.ven_messages import Fault
from dashboards.selectors.vens import ENDS_SOON, Standing, heard_at, standing_of
from dashboards.times import day_words, length_words
from openadr.models import Ven, VenCertificate, VenState

# What the reasons in the log are about: the first of these that a note holds.
_NOTES = (
    ("clock", ("too far off", "clock", "older than")),
    ("replay", ("used before", "from before")),
    ("signature", ("sign", "transform", "reference does not")),
    ("schema", ("schema", "is not one openadr", "is not a message")),
    ("stranger", ("certificate", "several venids")),
)


@dataclass(frozen=True, slots=True)
class Hint:
    """One fault and what to do; fields of components/note.html."""

    tone: str
    title: str
    text: str
    url: str = ""
    url_label: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """What the hints of one VEN are told from; `away`: numbers of meters behind it that its owner does not have."""

    ven: Ven
    certificates: Sequence[VenCertificate]
    faults: Sequence[Fault]
    has_resources: bool
    is_report_offered: bool
    now: datetime
    zone: ZoneInfo
    away: Sequence[str] = ()


def hints_of(case: Case) -> list[Hint]:
    """The most pressing first; of a revoked VEN only that."""
    if case.ven.state == VenState.REVOKED:
        return [_revoked(case)]
    found = [*_owner(case), *_certificate(case), *_heard(case), *_refused(case), *_set_up(case)]
    order = ("danger", "attention", "info")
    return sorted(found, key=lambda hint: order.index(hint.tone))


def _revoked(case: Case) -> Hint:
    ven = case.ven
    when = _("on %(day)s") % {"day": day_words(ven.revoked_at, case.zone)} if ven.revoked_at else ""
    text = _("It was cut off %(when)s: %(why)s. That is for good; enroll the device again under a new name.") % {
        "when": when,
        "why": ven.revoke_reason or _("no reason was given"),
    }
    return Hint("danger", _("This VEN is revoked."), text, reverse("operator_ven_new"), _("Enroll a device"))


def _owner(case: Case) -> Iterator[Hint]:
    owner = case.ven.owner
    if owner is None or owner.kind != Kind.USER:
        return
    user = owner.as_user
    if user.approval_status != ApprovalStatus.APPROVED or not user.is_active:
        text = _("Its owner is not approved, or closed the account. Approve the owner, or revoke the VEN.")
        yield Hint("danger", _("It is cut off with its owner."), text)


def _certificate(case: Case) -> Iterator[Hint]:
    good = [row for row in case.certificates if row.revoked_at is None]
    if not good:
        text = _("Without a certificate the VEN is taken for nobody. Issue a new one, or pin the device’s own.")
        yield Hint("danger", _("It has no certificate."), text, "#certificates", _("To its certificates"))
        return
    last = max(row.valid_to for row in good)
    if last <= case.now:
        text = _("Expired on %(day)s. Issue a new one below and copy it to the device; until then nothing is taken.")
        yield Hint(
            "danger",
            _("Its certificate is expired."),
            text % {"day": day_words(last, case.zone)},
            "#certificates",
            _("To its certificates"),
        )
    elif last < case.now + ENDS_SOON:
        text = _("It is good for another %(time)s. Issue the next one now: the old one stays good meanwhile.")
        yield Hint(
            "attention",
            _("Its certificate ends soon."),
            text % {"time": length_words(last - case.now)},
            "#certificates",
            _("To its certificates"),
        )


def _heard(case: Case) -> Iterator[Hint]:
    ven, standing = case.ven, standing_of(case.ven, case.now)
    if standing is Standing.ENROLLED and heard_at(ven) is None:
        text = _(
            "It has never been heard. Copy certificate, key and configuration to the device and switch it on. If it is "
            "on: is the address of the VTN right, does its network let it out to that port, and does it trust the CA "
            "of the download?"
        )
        yield Hint("attention", _("It has not registered yet."), text)
    elif standing is Standing.ENROLLED:
        text = _(
            "It was heard, but has no registration. Most devices register when they start: start it again, and look at "
            "its messages if that does not help."
        )
        yield Hint("attention", _("It is not registered."), text, _log(ven), _("Its messages"))
    elif standing is Standing.SILENT:
        words = {"ago": heard_words(heard_at(ven), case.now, case.zone), "seconds": ven.poll_seconds}
        text = _(
            "Last heard: %(ago)s, though it should ask every %(seconds)d seconds. Is the device on, and online? Events "
            "wait for it and are delivered when it comes back; after their deadline it counts as not reached."
        )
        yield Hint("attention", _("It is silent."), text % words)
    if ven.must_reregister:
        text = _("At its next poll it is told to register again.")
        yield Hint("info", _("Asked to register again."), text)


def _refused(case: Case) -> Iterator[Hint]:
    """One hint for each kind of refusal of the last day, however many messages it was."""
    kinds: dict[str, list[Fault]] = {}
    for fault in case.faults:
        kinds.setdefault(_kind_of(fault), []).append(fault)
    for kind, faults in kinds.items():
        count = sum(fault.count for fault in faults)
        last = max(faults, key=lambda fault: fault.last_at)
        title, text = _WORDS[kind](case)
        times = ngettext("%(count)d message", "%(count)d messages", count) % {"count": count}
        seen = _("%(times)s in the last day, the last %(ago)s: %(note)s") % {
            "times": times,
            "ago": heard_words(last.last_at, case.now, case.zone),
            "note": last.note or str(last.code),
        }
        # Where the sender was not proven the messages are nobody's, and not in this VEN's log.
        url = f"{_log(case.ven)}&refused=1" if any(fault.is_known for fault in faults) else ""
        yield Hint("attention", title, f"{text} ({seen})", url, _("See them") if url else "")


def _kind_of(fault: Fault) -> str:
    note = fault.note.lower()
    for kind, words in _NOTES:
        if any(word in note for word in words):
            return kind
    return "often" if fault.code == 429 else "other"


def _stranger(case: Case) -> tuple[str, str]:
    return _("Somebody names this VEN and is not taken for it."), _(
        "Either the device has another certificate than the ones below, then issue a new one or pin its own; or "
        "somebody else tries its venID, then there is nothing to do: nothing was told to them."
    )


def _clock(case: Case) -> tuple[str, str]:
    return _("Its clock seems wrong."), _(
        "Signed messages are taken for a short while only. Set the device’s clock, best by NTP, and its time zone."
    )


def _replay(case: Case) -> tuple[str, str]:
    return _("It sends the same signed message twice."), _(
        "Each signed message counts once. Its software has to sign anew when it tries again; if the device is not "
        "yours to explain it, somebody may be sending what they overheard: it was not taken."
    )


def _signature(case: Case) -> tuple[str, str]:
    return _("Its signatures are not taken."), _(
        "Each message must be signed with the key of its certificate. Copy both from the same download."
    )


def _schema(case: Case) -> tuple[str, str]:
    title = _("Its messages break the schema.")
    if case.ven.is_lenient:
        return title, _("They are read all the same, as far as they can be. Ask its maker for newer software.")
    if case.ven.must_sign:
        return title, _("As it signs, they are not taken. Ask its maker for newer software.")
    return title, _("Ask its maker for newer software; until then press “Take what breaks the schema” below.")


def _often(case: Case) -> tuple[str, str]:
    return _("It asks too often."), _(
        "Set its poll interval to %(seconds)d seconds; further messages are turned away for a while."
    ) % {"seconds": case.ven.poll_seconds}


def _other(case: Case) -> tuple[str, str]:
    return _("Some of its messages were refused."), _("The log says which, and what was answered.")


_WORDS = {
    "stranger": _stranger,
    "clock": _clock,
    "replay": _replay,
    "signature": _signature,
    "schema": _schema,
    "often": _often,
    "other": _other,
}


def _set_up(case: Case) -> Iterator[Hint]:
    if not case.has_resources:
        text = _("Say below which meters are behind it; without one no event asks anything of it.")
        yield Hint("attention", _("No meter is behind it."), text, "#resources", _("To its resources"))
    if case.away:
        text = ngettext(
            "Its owner does not have meter %(meters)s now: no event of that time reaches it, and what it reports of "
            "the meter is not taken. If the owner moved out for good, end the resource; a device of who lives there "
            "now is enrolled under their name.",
            "Its owner does not have the meters %(meters)s now: no event of that time reaches it, and what it reports "
            "of them is not taken. If the owner moved out for good, end the resources; devices of who lives there now "
            "are enrolled under their name.",
            len(case.away),
        )
        title = ngettext("Its owner does not have its meter.", "Its owner does not have its meters.", len(case.away))
        words = {"meters": ", ".join(case.away)}
        yield Hint("attention", title, text % words, "#resources", _("To its resources"))
    if case.ven.state == VenState.REGISTERED and not case.is_report_offered:
        text = _("It hears of events, but does not say what it uses. If it can report, ask it to register again.")
        yield Hint("info", _("It offers no reports."), text)


def _log(ven: Ven) -> str:
    return f"{reverse('operator_ven_messages')}?ven={ven.pk}"
