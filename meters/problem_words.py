"""What readers of files and checks of rows say, in the words of whoever reads the page.

They speak English, for commands, logs and files, and an import keeps their sentences as they were said. Here a page or
a mail finds the same sentence in the catalog; what is not found stays as it is.
"""

import re
from functools import cache

from django.utils.translation import gettext, gettext_noop

_OF_ROWS = (
    gettext_noop("the value is empty"),
    gettext_noop("“%(text)s” has a decimal comma; write %(right)s"),
    gettext_noop("“%(text)s” is not a number"),
    gettext_noop("the time is empty"),
    gettext_noop("“%(text)s” has no zone; add Z or the offset from UTC"),
    gettext_noop("“%(text)s” has no time of day; write it like 2026-07-22T16:00"),
    gettext_noop("“%(text)s” has parts of a second"),
    gettext_noop("“%(text)s” is not a time like 2026-07-22T16:00:00Z"),
    gettext_noop("“%(text)s” is not a day like 20260722"),
    gettext_noop("has %(values)s values; the header has %(columns)s columns"),
    gettext_noop("the end %(time)s is not after the start"),
    gettext_noop("lasts %(minutes)s minutes; the meter has intervals of %(wanted)s"),
    gettext_noop("the quality “%(text)s” is neither measured nor estimated"),
    gettext_noop("the meter is missing"),
    gettext_noop("there is no such meter"),
    gettext_noop("the meter was not your organization’s at that time"),
    gettext_noop("is negative, but the meter does not feed into the grid"),
    gettext_noop("the same row gives another value for the same interval"),
    gettext_noop("row %(rows)s gives another value for the same interval"),
    gettext_noop("no interval of %(minutes)s minutes starts then"),
    gettext_noop("a time before 1990 cannot be right"),
    gettext_noop("the interval has not ended yet"),
    gettext_noop("is more than any meter measures; is the unit right?"),
    gettext_noop("is more than any meter measures"),
    gettext_noop("there is no quality %(text)s"),
    gettext_noop("its month is archived; archive_readings --restore brings it back"),
    gettext_noop("the register went back: no energy before this read"),
    gettext_noop("more than 400 days after the read before: no energy in between"),
    gettext_noop("another read is of a time of others: no energy in between"),
    gettext_noop("it would divide energy of a time in which the meter was not your organization’s"),
    gettext_noop("no whole number of intervals after the read before: no energy in between"),
    gettext_noop("the meter sends energies and has no register"),
    gettext_noop("a register never shows less than 0"),
    gettext_noop("the dial only counts to %(limit)s Wh"),
    gettext_noop("is more than any register shows; is the unit right?"),
    gettext_noop("is not valid JSON: %(what)s"),
    gettext_noop("is not an object with meter, start and kwh"),
    gettext_noop("names a field twice"),
    gettext_noop("%(names)s missing"),
    gettext_noop("%(name)s is not a number"),
    gettext_noop("%(name)s is not a text"),
    gettext_noop("has both kwh and wh; give one of them"),
    gettext_noop("start, duration or value is not a whole number"),
    gettext_noop("the energy to the grid is there twice"),
    gettext_noop("“%(text)s” is no record of NEM12"),
    gettext_noop("the meter comes again after another one; its records must stand together"),
    gettext_noop("intervals of “%(text)s” minutes; NEM12 has 5, 15 or 30"),
    gettext_noop("values without a usable 200 record before them"),
    gettext_noop("gives %(channel)s of this day again; row %(row)s is used"),
    gettext_noop("has %(values)s values; a day of %(minutes)s minutes has %(wanted)s"),
    gettext_noop("“%(text)s” stands where the quality of %(count)s values is expected"),
    gettext_noop("“%(first)s” to “%(last)s” is no range of the %(count)s values"),
    gettext_noop("“%(text)s” is no quality of NEM12"),
    gettext_noop("the channel %(channel)s has no values of this day, so the net energy is not known"),
    gettext_noop("the 400 records of %(channel)s tell the quality of %(told)s of %(count)s values"),
    gettext_noop("a row names a meter or a feeder, and not both"),
    gettext_noop("there is no meter of this name"),
    gettext_noop("there is no feeder of this name"),
    gettext_noop("the note is longer than 200 characters"),
    gettext_noop("row %(row)s says the same already"),
    gettext_noop("“%(text)s” is no kind; write %(kinds)s"),
)
# After the name of the file.
_OF_FILES = (
    gettext_noop("is empty"),
    gettext_noop("holds no readings"),
    gettext_noop("lists no outages"),
    gettext_noop("holds more than %(count)s readings; split it"),
    gettext_noop("holds more than %(count)s values of one meter; split it"),
    gettext_noop("describes more than %(count)s meters and series; split it"),
    gettext_noop("has more than %(count)s elements; split it"),
    gettext_noop("has more than %(count)s lines; split it"),
    gettext_noop("has more than %(count)s rows; split it"),
    gettext_noop("is no CSV of readings: its first row must name the columns, like meter,start,end,kwh"),
    gettext_noop("is in the format NEM13, which holds sums of months; ask for the interval data, NEM12"),
    gettext_noop("names its meters in a column; leave out --meter"),
    gettext_noop("names its meters in its entries; leave out --meter"),
    gettext_noop("holds several meters; leave out --meter"),
    gettext_noop("has no column “%(name)s”"),
    gettext_noop("has no column “meter”, and its first column is not “start”"),
    gettext_noop("has no column of a meter"),
    gettext_noop("has neither a column “meter” nor “feeder”"),
    gettext_noop("has a column “%(name)s” that is not known; known: %(known)s"),
    gettext_noop("has two columns named “%(name)s”"),
    gettext_noop("has its energies in %(unit)s, as its header says, not in %(other)s"),
    gettext_noop("does not say whose readings it holds; name the meter with --meter"),
    gettext_noop("does not say whose readings it holds (“%(title)s” is no meter); name it with --meter"),
    gettext_noop("does not say to which usage point and reading type its interval blocks belong"),
    gettext_noop("holds %(count)s usage points, and --meter can name only one of them"),
    gettext_noop("has intervals of %(minutes)s minutes; the meter %(number)s has intervals of %(wanted)s minutes"),
    gettext_noop("holds no interval readings of Green Button (ESPI)"),
    gettext_noop("holds no energy of electricity. %(notes)s"),
    gettext_noop("is XML, but no Green Button (ESPI) feed: it begins with “%(name)s”"),
    gettext_noop("has a reading type whose codes are no numbers"),
    gettext_noop("is not valid JSON (entry %(entry)s)"),
    gettext_noop('is JSON, but neither a list of readings nor {"readings": [...]}'),
    gettext_noop("goes on after its list of readings, or is cut off there"),
    gettext_noop("ends in the middle of its list, after %(count)s entries"),
    gettext_noop("has an entry longer than %(count)s characters (entry %(entry)s)"),
    gettext_noop("is nested too deeply (entry %(entry)s)"),
    gettext_noop("is nested deeper than %(count)s elements"),
    gettext_noop("is not text in UTF-8 (after entry %(entry)s)"),
    gettext_noop("is not text in UTF-8 (row %(row)s)"),
    gettext_noop("is not a text file (row %(row)s)"),
    gettext_noop("is a spreadsheet or ZIP archive; save it as CSV first"),
    gettext_noop("is an empty ZIP archive"),
    gettext_noop("is a spreadsheet; save it as CSV first"),
    gettext_noop("is a PDF; save it as CSV first"),
    gettext_noop("is a parquet file; save it as CSV first"),
    gettext_noop("is packed with %(program)s; unpack it, or pack it with gzip"),
    gettext_noop("is a 7z archive; unpack it, or pack the file with gzip"),
    gettext_noop("is packed with gzip; send it as it is"),
    gettext_noop("is text in UTF-16; save it as UTF-8"),
    gettext_noop("unpacks to more than %(size)s MB; a file of readings does not"),
    gettext_noop("has a line longer than %(count)s bytes (row %(row)s)"),
    gettext_noop("has a tag or comment longer than %(count)s bytes"),
    gettext_noop("has a text longer than %(count)s characters"),
    gettext_noop("is damaged or cut off after row %(row)s"),
    gettext_noop("cannot be read: %(why)s"),
    gettext_noop("is cut off: its last record, 900, is missing"),
    gettext_noop("cannot be split into columns (row %(row)s: %(why)s)"),
    gettext_noop("declares a document type or entities, which a Green Button file never does"),
    gettext_noop("is cut off or no well-formed XML (line %(line)s: %(why)s)"),
    gettext_noop("has an encoding that cannot be read; save it as UTF-8"),
)
_WHOLE = (
    gettext_noop("Columns not used: %(names)s."),
    gettext_noop("Channels not used: %(names)s."),
    gettext_noop("%(count)s intervals are marked as without a value (quality N) and left as gaps."),
    gettext_noop("Not used: %(title)s (%(count)s values, %(codes)s)."),
    gettext_noop("Power is not used where the energy is there too."),
    gettext_noop(
        "Energy to the grid was subtracted in %(both)s intervals; %(one)s had only one of the two directions."
    ),
    gettext_noop("There is no unit “%(name)s”; use one of %(known)s."),
    gettext_noop("There is no meter “%(name)s”."),
    gettext_noop("%(count)s rows cannot be used, so nothing was stored."),
    gettext_noop("The command was stopped (%(why)s). Nothing was stored."),
    gettext_noop("The portal stopped in the middle of it (%(why)s). Nothing of it was stored."),
    gettext_noop("The portal stopped in the middle of it (%(why)s). Nothing was taken back."),
    gettext_noop(
        "The portal stopped in the middle of it (%(why)s). The readings are taken back, but what rested on them is not "
        "settled again yet: ask for the undo once more."
    ),
    gettext_noop("Readings came in meanwhile that this file would change. Upload it again."),
)

_PLACE = re.compile(r"%\((\w+)\)s")


def problem_in_words(sentence: str) -> str:
    """The sentence about a row or a whole import in the reader's language.

    >>> problem_in_words("lasts 30 minutes; the meter has intervals of 15")
    'lasts 30 minutes; the meter has intervals of 15'
    """
    return _translated(sentence, (*_OF_ROWS, *_WHOLE)) or _of_file(sentence) or sentence


def _of_file(sentence: str) -> str | None:
    """The sentence where it is the name of a file and what is wrong with it."""
    for english in _OF_FILES:
        if found := _pattern(english, "(?P<file_>.+?) ", r"\.").fullmatch(sentence):
            places = found.groupdict()
            file = places.pop("file_")
            return gettext("%(file)s %(problem)s.") % {"file": file, "problem": gettext(english) % places}
    return None


def _translated(sentence: str, known: tuple[str, ...]) -> str | None:
    for english in known:
        if found := _pattern(english).fullmatch(sentence):
            return gettext(english) % found.groupdict()
    return None


@cache
def _pattern(english: str, before: str = "", after: str = "") -> re.Pattern[str]:
    """Finds the sentence with anything in its places."""
    parts = _PLACE.split(english)
    middle = "".join(f"(?P<{part}>.+?)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(f"{before}{middle}{after}", re.DOTALL)
