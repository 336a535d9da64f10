"""What a reader sees or hears of a page."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

HEARD = ("alt", "title", "aria-label", "aria-description", "placeholder", "data-label")
# Words that stand in nearly every English sentence and in no Spanish one.
ENGLISH = frozenset({
    "the", "and", "your", "you", "of", "with", "this", "that", "these", "are", "was", "were", "which", "from",
    "what", "how", "when", "where", "not", "will", "there", "here", "their", "they", "than", "then", "for", "by",
    "to", "it", "its", "we", "our", "all", "or", "at", "be", "been", "have", "if", "only", "about", "after",
    "before", "meter", "meters", "event", "events", "reading", "readings", "home", "account", "rewards", "save",
    "saved", "paid", "forecast", "measured", "today", "tomorrow", "ago", "yet", "show", "choose", "next", "open",
    "settings", "name", "email", "password", "programs",
})  # fmt: skip


class _Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("script", "style", "pre"):
            self.inside = tag
        self.texts += [value for name, value in attrs if name in HEARD and value]

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if not self.inside and data.strip():
            self.texts.append(" ".join(data.split()))


def texts_of(html: str) -> list[str]:
    """Each visible text and each text for screen readers."""
    seen = _Seen()
    seen.feed(html)
    return seen.texts


def english(texts: list[str], *, names: Iterable[str] = ()) -> list[str]:
    """The texts that have an English word in them, once the names in the world's data are taken off."""
    found = []
    for text in texts:
        rest = text
        for name in sorted(names, key=len, reverse=True):
            rest = rest.replace(name, " ")
        words = set(re.findall(r"\b[^\W\d_]+\b", re.sub(r"\S+@\S+|https?://\S+", " ", rest.lower())))
        if words & ENGLISH:
            found.append(text)
    return found
