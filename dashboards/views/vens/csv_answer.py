"""A file of rows as it is read, so that a long one needs no memory."""

import csv
from collections.abc import Iterable, Sequence

from django.http import HttpResponse, StreamingHttpResponse


class _Echo:
    """A file that gives back what is written to it."""

    def write(self, text: str) -> str:
        return text


def streamed(rows: Iterable[Sequence[str]], name: str) -> HttpResponse:
    """The rows as a CSV file of this name, kept by no cache."""
    writer = csv.writer(_Echo(), lineterminator="\n")
    response = StreamingHttpResponse((writer.writerow(row) for row in rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response  # type: ignore[return-value]  # streamed, so that a long file needs no memory
