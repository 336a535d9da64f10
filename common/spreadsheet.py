"""Texts for files that people open in a spreadsheet."""

import unicodedata
from itertools import takewhile

# A cell that begins so is run as a formula, or ends the one before it.
_FORMULA = ("=", "+", "-", "@", "|", "%")
_BREAKS = ("\t", "\r", "\n")


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula; numbers do not come through here.

    >>> safe_cell("=1+1"), safe_cell("M1")
    ("'=1+1", 'M1')
    """
    return f"'{text}" if _could_run(text) else text


def plain_cell(text: str) -> str:
    """The text that `safe_cell` was given, of a cell that comes back.

    >>> plain_cell("'=1+1"), plain_cell("'twas")
    ('=1+1', "'twas")
    """
    return text[1:] if text.startswith("'") and _could_run(text[1:]) else text


def _could_run(text: str) -> bool:
    before = takewhile(str.isspace, text)
    return any(sign in _BREAKS for sign in before) or _first_sign(text).startswith(_FORMULA)


def _first_sign(text: str) -> str:
    """The first sign that shows; a full-width one as the ordinary one, which some spreadsheets take it for."""
    shown = (sign for sign in text if not sign.isspace() and unicodedata.category(sign)[0] != "C")
    return unicodedata.normalize("NFKC", next(shown, ""))
