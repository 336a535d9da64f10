"""What stands in a notice of an event: as a mail, in the portal, as a text message."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from common.speech import day_words, hour_words, hours_words
from delivery.letters import Letter, letter
from delivery.models import Topic
from delivery.tenants import site_url_for
from events.answers import answer_url

KIND = "event-notice"
REMINDER = "event-reminder"
# More links than these are not read; the event's page answers for all meters at once.
MOST_LINKS = 5


class Notice(StrEnum):
    """What happened to the event."""

    ANNOUNCED = "announced"
    CHANGED = "changed"
    EXTENDED = "extended"
    CANCELLED = "cancelled"
    SOON = "soon"
    ENDED = "ended"


_SUBJECTS = {
    Notice.ANNOUNCED: _lazy("Please use less power on %(when)s"),
    Notice.CHANGED: _lazy("New time: please use less power on %(when)s"),
    Notice.EXTENDED: _lazy("It goes on: please use less power on %(when)s"),
    Notice.CANCELLED: _lazy("Called off: %(when)s"),
    Notice.SOON: _lazy("Soon: please use less power on %(when)s"),
    Notice.ENDED: _lazy("Over: %(when)s"),
}
_SENTENCES = {
    Notice.ANNOUNCED: _lazy("%(program)s asks for less load on %(when)s. What you save is rewarded."),
    Notice.CHANGED: _lazy("The event of %(program)s has a new time: %(when)s. Your answer stays as it was."),
    Notice.EXTENDED: _lazy("The event of %(program)s lasts longer than was said: %(when)s."),
    Notice.CANCELLED: _lazy("The event of %(program)s on %(when)s is called off. Nothing is expected of you."),
    Notice.SOON: _lazy("The event of %(program)s begins within an hour: %(when)s."),
    Notice.ENDED: _lazy(
        "The event of %(program)s is over: %(when)s. Thank you. You hear of the amount once the readings are in."
    ),
}
# What a test says instead where money is spoken of.
_TEST_SENTENCES = {
    Notice.ANNOUNCED: _lazy("%(program)s tests whether this message reaches you, for %(when)s."),
    Notice.ENDED: _lazy("The test of %(program)s is over: %(when)s. Thank you."),
}
_TEXTS = {
    Notice.ANNOUNCED: _lazy("%(program)s: please use less power on %(when)s."),
    Notice.CHANGED: _lazy("%(program)s has a new time: %(when)s. Your answer stays."),
    Notice.EXTENDED: _lazy("%(program)s lasts longer: %(when)s."),
    Notice.CANCELLED: _lazy("%(program)s on %(when)s is called off."),
    Notice.SOON: _lazy("Soon: %(program)s, %(when)s."),
    Notice.ENDED: _lazy("%(program)s is over. Thank you."),
}


@letter(KIND, Topic.EVENTS, by_sms=True, is_kept=True)
@letter(REMINDER, Topic.REMINDERS, by_sms=True, is_kept=True)
def write_notice(payload: dict[str, Any]) -> Letter:
    """The notice as a mail, and shorter for the portal and for a text message.

    The links are made here and not kept: only who gets the message has them.
    """
    subject, text = render_notice(payload)
    url = reverse("event_detail", args=[payload["event"]]) if "event" in payload else ""
    body = "\n".join(line for line in (_test_words(payload), _sentence(payload), *_extra(payload)) if line)
    return Letter(subject, text, subject, body, url, _short(payload), _short_link(payload))


def render_notice(payload: dict[str, Any]) -> tuple[str, str]:
    """Subject and text of a notice, in the current language."""
    notice = Notice(payload["notice"])
    subject = str(_SUBJECTS[notice]) % {"when": _when(payload)}
    lines = [_("Hello %(name)s,") % payload, ""]
    if payload.get("is_test"):
        subject = _("Only a test: %(subject)s") % {"subject": subject}
        lines += [_test_words(payload), ""]
    lines += [_sentence(payload)]
    for extra in _extra(payload):
        lines += ["", extra]
    lines += ["", _("Meters: %(meters)s") % {"meters": ", ".join(payload["meters"])}]
    answer = _answer_lines(payload)
    lines += ["", *answer] if answer else []
    return subject, "\n".join(lines) + "\n"


def _test_words(payload: dict[str, Any]) -> str:
    if not payload.get("is_test"):
        return ""
    return _("This is only a test. You need not do anything, and nothing is paid.")


def _sentence(payload: dict[str, Any]) -> str:
    notice = Notice(payload["notice"])
    is_test = bool(payload.get("is_test"))
    words = _TEST_SENTENCES.get(notice, _SENTENCES[notice]) if is_test else _SENTENCES[notice]
    return str(words) % {**payload, "when": _when(payload)}


def _extra(payload: dict[str, Any]) -> list[str]:
    """The operator's own words, why it was called off, and what a standing wish did."""
    found = [str(payload.get("note") or "").strip()] if payload["notice"] != Notice.CANCELLED else []
    if payload.get("reason"):
        found.append(_("Why: %(reason)s") % {"reason": payload["reason"]})
    if payload.get("wishes") and payload.get("until"):
        words = _("Skipped by your standing wish: %(meters)s. You may join all the same.")
        found.append(words % {"meters": ", ".join(payload["wishes"])})
    return [words for words in found if words]


def _answer_lines(payload: dict[str, Any]) -> list[str]:
    """How to answer, for whoever may; a text from before links were known names the portal only."""
    site = site_url_for(payload["tenant"])
    if "until" not in payload:
        is_off = payload["notice"] == Notice.CANCELLED
        words = _("You can join or skip it until it starts; skipping costs nothing: %(site)s")
        return [] if is_off else [words % {"site": site}]
    if not payload["until"] and not payload.get("longer_until"):
        return []
    if not payload["parts"]:
        return [_("Your organization’s admins answer for its meters.")]
    return [*(_longer_lines(payload) or _opt_lines(payload)), *_link_lines(payload)]


def _opt_lines(payload: dict[str, Any]) -> list[str]:
    lines = [_("You can join or skip it until %(until)s. Skipping in time never costs.") % {"until": _until(payload)}]
    return [*lines, _silence(payload)]


def _longer_lines(payload: dict[str, Any]) -> list[str]:
    """Whether the added time counts for the reader, and how to say otherwise."""
    if not payload.get("longer_until"):
        return []
    told = {"end": _until(payload, "told_end"), "until": _until(payload, "longer_until")}
    if payload["stops"]:
        return [
            _("For you it ends at %(end)s, as you were told, unless you say until %(until)s that you go on.") % told
        ]
    return [
        _("You go on without an answer. You can say until %(until)s that you stop at %(end)s, as you were told.") % told
    ]


def _link_lines(payload: dict[str, Any]) -> list[str]:
    if len(payload["parts"]) == 1:
        return [_("Answer here, without signing in: %(link)s") % {"link": _links(payload)[0]}]
    if len(payload["parts"]) <= MOST_LINKS:
        pairs = zip(payload["meters"], _links(payload), strict=True)
        return [_("Answer here, without signing in:"), *(f"{label}: {link}" for label, link in pairs)]
    return [_("Answer here: %(link)s") % {"link": _page(payload)}]


def _silence(payload: dict[str, Any]) -> str:
    if payload.get("silence") == "opt_in":
        return _("Without an answer you do not take part.")
    return _("Without an answer you take part.")


def _links(payload: dict[str, Any]) -> list[str]:
    user, tenant = payload["user"], payload["tenant"]
    return [answer_url(participation_id=part, user_id=user, tenant_id=tenant) for part in payload["parts"]]


def _page(payload: dict[str, Any]) -> str:
    return f"{site_url_for(payload['tenant'])}{reverse('event_detail', args=[payload['event']])}"


def _short(payload: dict[str, Any]) -> str:
    when = _when(payload, "short")
    words = str(_TEXTS[Notice(payload["notice"])]) % {**payload, "when": when}
    if payload.get("is_test"):
        words = _("Only a test, nothing to do: %(text)s") % {"text": words}
    if payload.get("until") and payload.get("parts"):
        asks = _("Join or skip until %(until)s:") % {"until": _until(payload)}
        if payload.get("wishes"):
            asks = _("Skipped by your standing wish; join until %(until)s:") % {"until": _until(payload)}
        words = f"{words} {asks}"
    elif payload.get("longer_until") and payload.get("parts"):
        asks = (
            _("Without an answer it ends at %(end)s for you:") if payload["stops"] else _("Go on, or stop at %(end)s:")
        )
        words = f"{words} {asks % {'end': _until(payload, 'told_end')}}"
    return words


def _short_link(payload: dict[str, Any]) -> str:
    if not (payload.get("until") or payload.get("longer_until")) or not payload.get("parts"):
        return ""
    return _links(payload)[0] if len(payload["parts"]) == 1 else _page(payload)


def _until(payload: dict[str, Any], name: str = "until") -> str:
    zone = ZoneInfo(payload["zone"])
    until, start = (datetime.fromisoformat(payload[key]).astimezone(zone) for key in (name, "start"))
    hour = hour_words(until, minutes=bool(until.minute))
    return hour if until.date() == start.date() else f"{hour}, {day_words(until.date(), 'day')}"


def _when(payload: dict[str, Any], form: str = "long day") -> str:
    zone = ZoneInfo(payload["zone"])
    start, end = (datetime.fromisoformat(payload[key]).astimezone(zone) for key in ("start", "end"))
    day = day_words(start.date(), "day" if form == "short" else form)
    return f"{day}, {hours_words(start, end, zones=True)}"
