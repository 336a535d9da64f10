"""Files of lists: CSV in and out, JSON out."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from tablib import Dataset

from accounts.errors import UnusableFile

LARGEST = 5 * 1024 * 1024
MOST_ROWS = 5_000
LONGEST_CELL = 2_000


def text_of(file: Any) -> str:
    """The file's text.

    Raises:
        UnusableFile: It is too large, or no text.
    """
    if (file.size or 0) > LARGEST:
        raise UnusableFile(_("The file is larger than 5 MB. Split it."))
    try:
        text: str = file.read().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnusableFile(_("The file is no text in UTF-8. Save it as “CSV UTF-8”.")) from None
    if "\0" in text:
        raise UnusableFile(_("The file is no CSV file."))
    return text


def dataset_of(text: str, known: Sequence[str], required: Iterable[str]) -> tuple[Dataset, list[int]]:
    """The rows of a CSV text with known columns, and the number of the line that each begins on.

    Raises:
        UnusableFile: A column is unknown, missing or twice there; a row is too long; there are none, or too many.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        headers = [name.strip().lower() for name in next(reader, [])]
        _check(headers, known, required)
        dataset, numbers = Dataset(headers=headers), []
        before = reader.line_num
        for cells in reader:
            number, before = before + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                dataset.append(_whole(cells, len(headers), number))
                numbers.append(number)
            if len(numbers) > MOST_ROWS:
                raise UnusableFile(_("The file has more than %(count)d rows. Split it.") % {"count": MOST_ROWS})
    except csv.Error:
        raise UnusableFile(_("The file is no CSV file.")) from None
    if not numbers:
        raise UnusableFile(_("The file has no rows below its headings."))
    return dataset, numbers


def _delimiter(text: str) -> str:
    first = text.partition("\n")[0]
    return max(",;\t", key=first.count)


def _check(headers: list[str], known: Sequence[str], required: Iterable[str]) -> None:
    for name in headers:
        if name not in known:
            words = _("There is no column “%(name)s”. Columns are: %(known)s.")
            raise UnusableFile(words % {"name": name[:40], "known": ", ".join(known)})
        if headers.count(name) > 1:
            raise UnusableFile(_("The column “%(name)s” is there twice.") % {"name": name})
    for name in required:
        if name not in headers:
            raise UnusableFile(_("The column “%(name)s” is missing.") % {"name": name})


def _whole(cells: list[str], count: int, number: int) -> list[str]:
    if len(cells) > count or any(len(cell) > LONGEST_CELL for cell in cells):
        raise UnusableFile(_("Row %(number)d has more in it than its headings say.") % {"number": number})
    return [*cells, *[""] * (count - len(cells))]


def csv_answer(name: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> HttpResponse:
    """A CSV file to download; its cells are safe already."""
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    # The mark tells spreadsheets that the text is UTF-8.
    answer.write("\ufeff")
    writer = csv.writer(answer)
    writer.writerow(headers)
    writer.writerows(rows)
    return _download(answer, f"{name}.csv")


def json_answer(name: str, headers: Sequence[str], rows: Iterable[Sequence[str]]) -> HttpResponse:
    """A JSON file to download: a list with an object for each row."""
    objects: list[dict[str, Any]] = [dict(zip(headers, row, strict=True)) for row in rows]
    answer = HttpResponse(json.dumps(objects, ensure_ascii=False, indent=1), content_type="application/json")
    return _download(answer, f"{name}.json")


def _download(answer: HttpResponse, name: str) -> HttpResponse:
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    return answer
