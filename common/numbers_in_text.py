"""Numbers in what visitors send."""

# Nineteen digits may be more than a column of 64 bits holds.
DIGITS = 18


def number_in(text: str) -> int | None:
    """The whole number that a text is; None for any other text, also for digits that `int` does not read.

    >>> number_in("12"), number_in("²"), number_in("-1"), number_in("9" * 5000)
    (12, None, None, None)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= DIGITS else None
