"""The text of a text message: plain, and short enough. Pure."""

import unicodedata

# GSM 03.38: what a part of 160 characters can hold. Each of the second row counts twice.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
DOUBLE = frozenset("^{}\\[~]|€")
PLAIN = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\u00a0": " ", "\u202f": " "}
)
MOST_PARTS = 2


def plain(text: str) -> str:
    """The text with typographers' signs and accents made simple, where a phone's basic alphabet lacks them.

    >>> plain("Hasta las 18:30 – así no cuesta “nada”. ¿Está bien?")
    'Hasta las 18:30 - asi no cuesta "nada". ¿Esta bien?'
    """
    return "".join(_simple(sign) for sign in text.translate(PLAIN))


def _simple(sign: str) -> str:
    if sign in BASIC or sign in DOUBLE:
        return sign
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    return bare if bare and all(part in BASIC for part in bare) else sign


def parts(text: str) -> int:
    """How many parts the text is sent in.

    >>> [parts("a" * length) for length in (0, 160, 161, 306, 307)], parts("я" * 71)
    ([1, 1, 2, 2, 3], 2)
    """
    if all(sign in BASIC or sign in DOUBLE for sign in text):
        length = sum(2 if sign in DOUBLE else 1 for sign in text)
        return 1 if length <= 160 else -(-length // 153)
    length = len(text.encode("utf-16-be")) // 2
    return 1 if length <= 70 else -(-length // 67)


def fit(text: str, tail: str = "") -> str:
    """Text and tail, plain, in two parts at most: the text is cut at a word if it must be, the tail stays whole.

    A tail that leaves no room is left out: half a link opens nothing.
    """
    body, end = plain(" ".join(text.split())), f" {tail}" if tail else ""
    if parts(body + end) <= MOST_PARTS:
        return body + end
    words = body.split(" ")
    while len(words) > 1:
        words.pop()
        cut = f"{' '.join(words)}...{end}"
        if parts(cut) <= MOST_PARTS:
            return cut
    return fit(body[:60]) if tail else body[:60]
