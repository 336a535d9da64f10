"""A CSV table with a header: which separator it has, its columns by name, its rows with their numbers."""

import csv
from collections import Counter
from collections.abc import Iterator, Sequence

from meters.formats.lines import Lines


class Table:
    """One CSV file behind its header.

    Args:
        lines: A file whose first line is the header.

    `names` are the header's cells as written, `keys` the same in lower case; `number` is the row last read.

    Raises:
        UnreadableFile: Two columns have one name.
    """

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.delimiter = delimiter_of(lines.first)
        self._rows = csv.reader(lines, delimiter=self.delimiter)
        self.names = [name.strip() for name in self._next() or ()]
        self.keys = [name.lower() for name in self.names]
        twice = sorted(name for name, count in Counter(self.names).items() if name and count > 1)
        if twice:
            raise lines.refusal(f"has two columns named “{twice[0][:40]}”")

    @property
    def number(self) -> int:
        """The number of the row last read; the header of an ordinary file is row 1."""
        return self.lines.number

    def index(self, *names: str) -> int | None:
        """The place of the first of these columns that exists."""
        return next((self.keys.index(name) for name in names if name in self.keys), None)

    def rows(self) -> Iterator[list[str]]:
        """Every row that is not blank, whatever its length."""
        while (row := self._next()) is not None:
            if not is_blank(row):
                yield row

    def pending_rows(self) -> Iterator[list[str]]:
        """The same until the chunk that was put back is used up (a cell over several lines may reach beyond it)."""
        while self.lines.pending and (row := self._next()) is not None:
            if not is_blank(row):
                yield row

    def length_problem(self, row: Sequence[str]) -> str:
        """One sentence for a row that does not fit the header."""
        return f"has {len(row)} values; the header has {len(self.names)} columns"

    def _next(self) -> list[str] | None:
        try:
            return next(self._rows, None)
        except csv.Error as problem:
            sentence = f"cannot be split into columns (row {self.number}: {problem})"
            raise self.lines.refusal(sentence) from None


def is_blank(row: Sequence[str]) -> bool:
    """Whether no cell says anything."""
    return not any(cell and not cell.isspace() for cell in row)


def delimiter_of(header: str) -> str:
    """The separator of a header: a comma unless only semicolons or tabs are there."""
    return next((sign for sign in ",;\t" if sign in header), ",")
