"""Texts for files that people open in a spreadsheet."""

# A cell that begins so is run as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "|", "%")


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula; numbers do not come through here.

    >>> safe_cell("=1+1"), safe_cell("M1")
    ("'=1+1", 'M1')
    """
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA) else text
