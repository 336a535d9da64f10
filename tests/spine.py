"""The spine, from a meter list to the ledger, on the database of DATABASE_URL: what came of it, as JSON.

`python -m tests.spine FOLDER NAME` reads the files that `write_files` put there, and writes NAME beside them.
"""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import time_machine

FIRST, END = datetime(2026, 8, 20, 4, tzinfo=UTC), datetime(2026, 9, 19, 4, tzinfo=UTC)
CALLED = [(datetime(2026, 9, day, 21, tzinfo=UTC), datetime(2026, 9, day, 23, tzinfo=UTC)) for day in (10, 17)]
LATE = END - timedelta(days=2)  # what is read from then on comes in after its forecast
# A home of five minutes, one with solar panels, plain ones, one without a contract, a school and the water works.
CHOSEN = ("L-0001", "L-0003", "L-0004", "L-0047", "L-0048", "L-0049", "L-0104", "L-0105", "L-0106")
RESIDENTS = ("L-0001", "L-0003", "L-0004", "L-0047")
CORRECTED = "L-0105"


def write_files(folder: Path) -> None:
    """Meters and readings of a part of the simulated town, the late readings and a correction apart."""
    called = [{"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{end:%Y-%m-%dT%H:%M:%SZ}"} for start, end in CALLED]
    (folder / "events.json").write_text(json.dumps(called))
    _simulate("meters", "--out", folder / "town.csv")
    times = [f"{moment:%Y-%m-%dT%H:%M:%SZ}" for moment in (FIRST, END)]
    options = ("--start", times[0], "--end", times[1], "--events", folder / "events.json")
    _simulate("history", "--out", folder / "history.csv.gz", *options)
    meters = _rows((folder / "town.csv").read_text())
    school = [row["meter"] for row in meters if row["kind"] == "school"]
    chosen = [row for row in meters if row["meter"] in CHOSEN]
    _write(folder / "school.csv", [row for row in chosen if row["meter"] in school])
    _write(folder / "meters.csv", [row for row in chosen if row["meter"] not in school])
    with gzip.open(folder / "history.csv.gz", "rt") as stream:
        readings = [row for row in csv.DictReader(stream) if row["meter"] in CHOSEN]
    border = f"{LATE:%Y-%m-%dT%H:%M:%SZ}"
    _write(folder / "readings.csv", [row for row in readings if row["start"] < border])
    _write(folder / "late.csv", [row for row in readings if row["start"] >= border])
    in_event = f"{CALLED[0][0]:%Y-%m-%dT%H:%M:%SZ}"
    wrong = [row for row in readings if (row["meter"], row["start"]) == (CORRECTED, in_event)]
    _write(folder / "correction.csv", [row | {"kwh": "0.125"} for row in wrong])


def run(folder: Path) -> dict[str, Any]:
    """What came of the spine in this database, which is empty before."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "drportal.settings"
    django.setup()
    # Hashes of the ledger are over the time of posting too; so the clock stands still.
    with time_machine.travel(END + timedelta(hours=12), tick=False):
        said = _spine(folder)
        return {"said": said} | _stored()


def _spine(folder: Path) -> list[str]:
    """What the commands said."""
    from organizations.models import Distributor
    from tests.builder import make_organization

    _call("migrate", "--verbosity", "0")
    said = [_call("create_distributor", "Larkfield", "--timezone", "America/New_York")]
    make_organization(Distributor.objects.get(), "Schools")
    said += [
        _call("import_meters", folder / "meters.csv"),
        _call("import_meters", folder / "school.csv", "--organization", "Schools"),
    ]
    _move_residents_in()
    said.append(_call("import_readings", folder / "readings.csv"))
    said += [_forecast(folder, END - timedelta(days=days), f"{days}.csv") for days in (9, 3)]
    said += [_call("import_readings", folder / "late.csv"), _forecast(folder, END, "0.csv", "statsmodels")]
    said.append(_call("create_program", "Peak", "--rate", "2.80", "--wholesale-cost", "10.35", "--enroll-all"))
    said += [_settle(folder, number) for number in (0, 1)]
    said.append(_call("import_readings", folder / "correction.csv"))
    said += [_settle(folder, 0), _settle(folder, 0)]
    return [text.replace(str(folder), "") for text in said]


def _move_residents_in() -> None:
    from meters.models import Meter
    from meters.services import map_meter, move_in, move_out
    from organizations.models import Distributor
    from tests.builder import make_user

    distributor = Distributor.objects.get()
    for number in RESIDENTS:
        meter = Meter.objects.get(number=number)
        map_meter(meter=meter, holder=make_user(distributor, f"{number}@example.com".lower()), valid_from=FIRST)
    # One resident moves out between the events, and the next one in.
    leaving = meter.maps.get(holder_kind="user").entity.as_user
    move_out(resident=leaving, at=CALLED[0][1])
    move_in(resident=make_user(distributor, "next@example.com"), meter=meter, at=CALLED[0][1])


def _forecast(folder: Path, issued_at: datetime, name: str, engine: str = "similar-days") -> str:
    options = ["--issued-at", issued_at.isoformat(), "--engine", engine, "--csv", folder / name]
    return _call("forecast", *options) + (folder / name).read_text()


def _settle(folder: Path, number: int) -> str:
    local = [f"{moment - timedelta(hours=4):%Y-%m-%dT%H:%M}" for moment in CALLED[number]]
    options = ["--program", "Peak", "--start", local[0], "--end", local[1], "--csv", folder / "settled.csv"]
    return _call("settle_event", *options) + (folder / "settled.csv").read_text()


def _stored() -> dict[str, Any]:
    """What the tables hold, in an order of its own, times and decimals as text."""
    from django.db.models import Model

    from forecasting.models import MeterForecast
    from meters.models import IntervalReading, MeterMap, Prediction, ReadingRevision
    from organizations.models import Distributor
    from settlement.models import LedgerBatch, LedgerEntry, SettlementLine, SettlementRun
    from settlement.services import check_chain

    def rows(model: type[Model], key: str, more: str = "") -> list[list[Any]]:
        found = model._default_manager.order_by(*key.split()).values_list(*key.split(), *more.split())
        return [[value if isinstance(value, int | dict | None) else str(value) for value in row] for row in found]

    measured = "status baseline_wh event_wh performance_wh delivered_wh nomination_kw performance_factor"
    return {
        "maps": rows(MeterMap, "meter__number holder_kind valid_from", "entity_id valid_to"),
        "readings": rows(IntervalReading, "meter__number start", "energy_wh predicted_wh saving_wh quality"),
        "revisions": rows(ReadingRevision, "meter__number start", "energy_wh replaced_by_wh"),
        "predictions": rows(Prediction, "meter__number start", "wh lower_wh upper_wh issued_at forecast_number"),
        "forecasts": rows(MeterForecast, "forecast_id meter__number", "rung fallback_reason mae_wh naive_mae_wh"),
        "runs": rows(SettlementRun, "event__start number", "kind preset rule_sha256 inputs_sha256"),
        "lines": rows(
            SettlementLine,
            "run__event__start run__number meter__number kind",
            f"holder_id {measured} credit demand_savings trace",
        ),
        "entries": rows(LedgerEntry, "batch__number key", "account holder_id amount"),
        "batches": rows(LedgerBatch, "number", "previous_sha256 sha256 posted_at"),
        "broken_at": check_chain(distributor=Distributor.objects.get()),
    }


def _call(command: str, *arguments: object) -> str:
    from django.core.management import call_command

    stream = io.StringIO()
    call_command(command, *map(str, arguments), stdout=stream, skip_checks=True)
    return stream.getvalue()


def _simulate(*arguments: object) -> None:
    # A program apart, like the portal sees it.
    subprocess.run([sys.executable, "-m", "simulator", *map(str, arguments)], check=True, capture_output=True)


def _rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def _write(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    (target / sys.argv[2]).write_text(json.dumps(run(target), indent=0))
