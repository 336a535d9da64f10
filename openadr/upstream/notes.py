"""What became of an event from above, in words; stored as a code and what the portal refused."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LONGEST = 300
FAILED = "failed"

NOTES: dict[str, str | Promise] = {
    "draft": _("A draft; somebody here decides."),
    "draft_widened": _("A draft, as its times had to be widened to whole intervals of the meters: look at it."),
    "draft_refused": _("A draft, as the program’s terms do not let it be called by itself:"),
    "draft_nothing": _("A draft, as nobody is expected to save anything in it."),
    "called": _("Scheduled and announced."),
    "followed": _("Changed as it was changed above."),
    "same": _("Nothing changed that matters here."),
    "stands": _("The change could not be followed; the event here stands as it was. Look at it:"),
    "moved_here": _("It lies at another time here, so we do not take part in this one above."),
    FAILED: _("The portal failed to follow it, and tries again; its log says why."),
    "no_call": _("It asks nobody to use less, so nothing is called for it."),
    "no_end": _("It has no end, and the portal calls no event without one."),
    "over": _("It was over before it could be called."),
    "refused": _("It could not become an event:"),
    "cancelled": _("Called off above, and here."),
    "cancelled_late": _("Called off above when it was over here."),
    "off_here": _("Called off here."),
    "deleted_here": _("Its draft was deleted here."),
    "ended": _("Ended above, and here."),
}


def stored_note(code: str, refusal: object = "") -> str:
    """As `UpstreamEvent.note` keeps it."""
    return f"{code}|{refusal}"[:LONGEST] if refusal else code


def note_words(stored: str) -> str:
    """What a stored note says to its reader."""
    code, _bar, refusal = stored.partition("|")
    return f"{NOTES.get(code, '')} {refusal}".strip()
