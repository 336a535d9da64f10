"""What a meter's page shows, as files: every reading of the dates, and the numbers of each chart."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone, translation
from django.views.decorators.http import require_GET

from dashboards.charts import comparison as comparison_chart
from dashboards.charts import heat, peak_csv_rows, peaks
from dashboards.charts import meter as meter_chart
from dashboards.charts import sums as sums_chart
from dashboards.errors import BadRange
from dashboards.selectors import comparison, hours, readings_file, slots, sums, use
from dashboards.views.meter_asked import Reader, periods_asked, reader_of, span_asked
from meters.formats.green_button_out import ExportedMeter, green_button_lines

Rows = Iterable[Sequence[str]]
File = tuple[Sequence[str], Rows]


@require_GET
def readings(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """Every reading of the shown dates as CSV."""
    return _file(request, pk, "readings", _readings)


def _readings(request: HttpRequest, reader: Reader) -> File:
    found = use.meter_slots(user=reader.user, meter=reader.meter, span=span_asked(request, reader))
    return readings_file.HEADER, readings_file.rows_of(found, reader.meter)


@require_GET
def drawn(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """What the line chart draws: of a long range its peaks and dips, its events and its newest days."""
    return _file(request, pk, "chart", _drawn)


def _drawn(request: HttpRequest, reader: Reader) -> File:
    span = span_asked(request, reader)
    found = use.meter_slots(user=reader.user, meter=reader.meter, span=span)
    payload = use.meter_chart(found, meter=reader.meter, span=span, around=reader.around(span))
    return meter_chart.CSV_HEADER, meter_chart.meter_csv_rows(payload, reader.meter.zone)


@require_GET
def highest(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The highest intervals of the shown dates."""
    return _file(request, pk, "peaks", _highest)


def _highest(request: HttpRequest, reader: Reader) -> File:
    span = span_asked(request, reader)
    found = use.meter_slots(user=reader.user, meter=reader.meter, span=span)
    return peaks.CSV_HEADER, peak_csv_rows(use.highest_of(found, meter=reader.meter, span=span))


@require_GET
def bars(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The energy of each day or month."""
    return _file(request, pk, "sums", _bars)


def _bars(request: HttpRequest, reader: Reader) -> File:
    found = sums.bars_of(user=reader.user, meter=reader.meter, span=span_asked(request, reader))
    return sums_chart.CSV_HEADER, sums_chart.sums_csv_rows(found)


@require_GET
def heat_map(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The energy of each hour of each day."""
    return _file(request, pk, "hours", _heat_map)


def _heat_map(request: HttpRequest, reader: Reader) -> File:
    span = span_asked(request, reader)
    return heat.CSV_HEADER, hours.csv_rows(user=reader.user, meter=reader.meter, span=span)


@require_GET
def compared(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """Two periods place by place."""
    return _file(request, pk, "comparison", _compared)


def _compared(request: HttpRequest, reader: Reader) -> File:
    this, other = periods_asked(request, reader)
    found = comparison.compared(user=reader.user, meter=reader.meter, this=this, other=other)
    rows = comparison_chart.comparison_csv_rows(found.places, found.this, found.other)
    return comparison_chart.CSV_HEADER, rows


@require_GET
def green_button(request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The readings of the shown dates as Green Button XML, which other energy software reads."""
    reader = reader_of(request, pk)
    try:
        span = span_asked(request, reader)
    except BadRange as error:
        return _refused(error)
    meter = reader.meter
    rows = slots.plain_readings(user=reader.user, meter=meter, start=span.start, end=span.end)
    about = ExportedMeter(meter.number, meter.interval_minutes, feeds_grid=meter.exports)
    pieces = green_button_lines(about, rows, updated=timezone.now())
    response = StreamingHttpResponse(pieces, content_type="application/xml; charset=utf-8")
    return as_download(response, f"green-button-{file_word(meter.number)}.xml")


def _refused(error: BadRange) -> HttpResponse:
    return HttpResponse(f"{error}\n", status=400, content_type="text/plain; charset=utf-8")


def _file(
    request: HttpRequest, pk: int, name: str, content: Callable[[HttpRequest, Reader], File]
) -> HttpResponse | StreamingHttpResponse:
    reader = reader_of(request, pk)
    try:
        # A file says the same to everybody; only pages are translated.
        with translation.override("en"):
            header, rows = content(request, reader)
    except BadRange as error:
        return _refused(error)
    response = StreamingHttpResponse(_lines(header, rows), content_type="text/csv; charset=utf-8")
    return as_download(response, f"{name}-{file_word(reader.meter.number)}.csv")


def as_download(response: StreamingHttpResponse, name: str) -> StreamingHttpResponse:
    """The answer as a file of this name, which nobody keeps on the way."""
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def file_word(text: str) -> str:
    """A text as a part of a file's name.

    >>> file_word("A/1 b")
    'A-1-b'
    """
    return "".join(sign if sign.isalnum() else "-" for sign in text)


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        """The text itself."""
        return text


def _lines(header: Sequence[str], rows: Rows) -> Iterator[str]:
    writer = csv.writer(_Echo(), lineterminator="\n")
    yield writer.writerow(header)
    for row in rows:
        yield writer.writerow(row)
