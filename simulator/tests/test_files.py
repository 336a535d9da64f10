"""Files and commands, as the demonstration calls them."""

import csv
import gzip
import json
from pathlib import Path

import pytest

from simulator.cli import main

pytestmark = pytest.mark.slow

START, MIDDLE, END = "2026-10-30T00:00:00Z", "2026-11-01T05:30:00Z", "2026-11-03T00:00:00Z"


def rows(path: Path) -> list[dict[str, str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def history(path: Path, start: str, end: str, *more: str) -> list[dict[str, str]]:
    assert main(["history", "--out", str(path), "--start", start, "--end", end, *more]) == 0
    return rows(path)


def test_meters_writes_a_row_per_meter_and_per_owner(tmp_path):
    assert main(["meters", "--out", str(tmp_path / "meters.csv")]) == 0
    meters, people = rows(tmp_path / "meters.csv"), rows(tmp_path / "people.csv")
    columns = "meter,kind,nomination_kw,name,lat,lon,feeder,interval_minutes,exports"
    assert list(meters[0]) == columns.split(",")
    assert [row["meter"] for row in meters] == [row["meter"] for row in people]
    assert {row["owner_kind"] for row in people} == {"resident", "organization", "none"}
    assert all(bool(row["owner_name"]) == (row["owner_kind"] != "none") for row in people)
    assert {row["exports"] for row in meters} == {"true", "false"}
    assert (meters[0]["meter"], meters[0]["interval_minutes"], meters[1]["interval_minutes"]) == (
        "L-0001",
        "5",
        "30",
    )


def test_history_in_two_parts_is_history_in_one_also_across_the_clock_change(tmp_path):
    whole = history(tmp_path / "whole.csv.gz", START, END)
    parts = history(tmp_path / "a.csv", START, MIDDLE) + history(tmp_path / "b.csv", MIDDLE, END)

    def key(row):
        return row["meter"], row["start"]

    assert sorted(parts, key=key) == sorted(whole, key=key)
    assert len({key(row) for row in whole}) == len(whole)


def test_history_holds_only_whole_slots_of_the_window(tmp_path):
    got = history(tmp_path / "h.csv", "2026-11-02T00:10:00Z", "2026-11-02T01:20:00Z")
    assert {(row["start"], row["end"]) for row in got if row["meter"] == "L-0002"} == {
        ("2026-11-02T00:30:00Z", "2026-11-02T01:00:00Z")
    }
    assert len([row for row in got if row["meter"] == "L-0001"]) == 14


def test_ninety_days_stay_under_six_hundred_thousand_rows(tmp_path):
    got = history(tmp_path / "h.csv", "2026-08-25T00:00:00Z", "2026-11-23T00:00:00Z")
    assert 355_000 < len(got) < 370_000
    assert {row["meter"] for row in got} == {f"L-{number:04d}" for number in [*range(1, 61), *range(101, 115)]}


@pytest.mark.parametrize("wrap", [lambda events: events, lambda events: {"results": events}])
def test_events_of_the_file_lower_the_history(tmp_path, wrap):
    events = [
        {"start": "2026-11-02T22:00:00Z", "end": "2026-11-02T23:00:00Z"},
        {"start": "2026-11-02T10:00:00Z", "end": "2026-11-02T12:00:00Z", "state": "CANCELLED"},
    ]
    (tmp_path / "events.json").write_text(json.dumps(wrap(events)))
    usual = history(tmp_path / "u.csv", START, END)
    real = history(tmp_path / "r.csv", START, END, "--events", str(tmp_path / "events.json"))
    changed = {row["start"] for row, other in zip(real, usual, strict=True) if row != other}
    assert min(changed) == "2026-11-02T22:00:00Z"
    assert max(changed) == "2026-11-02T23:55:00Z"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--start", "2026-11-02", "--end", END], "needs a zone"),
        (["--start", "yesterday", "--end", END], "is not a time"),
        (["--start", END, "--end", START], "must come after"),
        (["--start", START, "--end", END, "--events", "nowhere.json"], "cannot be read"),
    ],
)
def test_wrong_options_get_one_sentence(tmp_path, capsys, arguments, sentence):
    assert main(["history", "--out", str(tmp_path / "h.csv"), *arguments]) == 1
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "h.csv").exists()


@pytest.mark.parametrize("content", ["[1]", '{"a": 2}', "no json", '[{"start": 5, "end": 6}]'])
def test_a_wrong_events_file_gets_one_sentence(tmp_path, capsys, content):
    (tmp_path / "events.json").write_text(content)
    options = ["--start", START, "--end", END, "--events", str(tmp_path / "events.json")]
    assert main(["history", "--out", str(tmp_path / "h.csv"), *options]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_that_is_not_there_gets_one_sentence(tmp_path, capsys):
    assert main(["meters", "--out", str(tmp_path / "none" / "meters.csv")]) == 1
    assert "No such file" in capsys.readouterr().err
