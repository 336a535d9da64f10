"""`manage.py forecast`, as somebody at a terminal sees it."""

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from forecasting.models import Forecast
from forecasting.tests.readings import NOW, feed
from meters.models import Meter, Prediction
from tests.builder import make_distributor, make_meter

AT = "2021-05-24T00:00-04:00"
COLUMNS = ["meter", "start", "wh", "lower_wh", "upper_wh", "engine"]


@pytest.fixture
def home(db: None) -> Meter:
    meter = make_meter(make_distributor("Vermont"), "home")
    feed(meter, 30)
    return meter


def forecast(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    call_command("forecast", "--engine", "similar-days", *arguments)
    return capsys.readouterr().out


def rows_of(file: Path) -> list[list[str]]:
    with file.open(newline="") as stream:
        return list(csv.reader(stream))


def test_it_says_what_was_made_of_how_many_meters(home: Meter, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(22):
        make_meter(home.distributor, f"empty{number:02}")
    said = forecast(capsys, "--issued-at", AT)
    issue = Forecast.objects.get()
    assert said.splitlines()[:4] == [
        f"Forecast {issue.pk}, issued at 2021-05-24T04:00Z:",
        "  22 meters: no forecast",
        "  1 meter: similar-days",
        "  empty00: no readings of the last weeks",
    ]
    assert said.splitlines()[-1] == "  … and 2 more"


def test_the_file_has_the_documented_columns_in_utc(
    home: Meter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    feed(make_meter(home.distributor, "a five-minute one", interval_minutes=5), 8)
    file = tmp_path / "forecast.csv"
    said = forecast(capsys, "--issued-at", AT, "--csv", str(file), "--horizon-hours", "3")
    header, *rows = rows_of(file)
    assert header == COLUMNS
    assert [row[0] for row in rows] == ["a five-minute one"] * 36 + ["home"] * 6
    assert [row[1] for row in rows[-6:-4]] == ["2021-05-24T04:00:00Z", "2021-05-24T04:30:00Z"]
    stored = Prediction.objects.filter(meter=home).order_by("start").values_list("wh", "lower_wh", "upper_wh")
    assert [tuple(map(int, row[2:5])) for row in rows[-6:]] == list(stored)
    assert {row[5] for row in rows} == {"similar-days"}
    assert said.splitlines()[-1] == f"42 rows in {file}"


def test_the_file_is_the_same_when_a_later_forecast_is_in_force(
    home: Meter, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, again, after = (tmp_path / name for name in ("first.csv", "again.csv", "after.csv"))
    forecast(capsys, "--issued-at", AT, "--csv", str(first))
    forecast(capsys, "--issued-at", AT, "--csv", str(again))
    forecast(capsys, "--issued-at", "2021-05-24T12:00Z")
    forecast(capsys, "--issued-at", AT, "--csv", str(after))
    assert len(rows_of(first)) == 97
    assert first.read_bytes() == again.read_bytes() == after.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--issued-at", "2021-05-24T00:00"], "“2021-05-24T00:00” is no time with its zone"),
        (["--issued-at", "2021-05-32T00:00Z"], "“2021-05-32T00:00Z” is no time with its zone"),
        (["--issued-at", "tomorrow"], "“tomorrow” is no time with its zone"),
        (["--issued-at", "2999-01-01T00:00Z"], "2999-01-01T00:00Z has not come yet"),
        (["--issued-at", "2021-01-01T00:00Z"], "No meter has readings of the weeks before that moment"),
        (["--distributor", "Nobody"], "Nobody"),
        (["--horizon-hours", "0"], "“0” is no number of hours from 1 to 336"),
        (["--horizon-hours", "1000"], "“1000” is no number of hours from 1 to 336"),
        (["--horizon-hours", "two"], "“two” is no number of hours from 1 to 336"),
        (["--engine", "oracle"], "invalid choice: 'oracle'"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_leaves_the_file_alone(
    home: Meter, tmp_path: Path, arguments: list[str], sentence: str
) -> None:
    file = tmp_path / "forecast.csv"
    file.write_text("what was there")
    with pytest.raises(CommandError, match=sentence) as refusal:
        call_command("forecast", *arguments, "--csv", str(file))
    assert refusal.value.returncode == 1
    assert "\n" not in str(refusal.value)
    assert file.read_text() == "what was there"
    assert not Prediction.objects.exists()


def test_a_file_that_cannot_be_written_is_told_before_the_work(home: Meter, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: Is a directory"):
        call_command("forecast", "--issued-at", AT, "--csv", str(tmp_path))
    assert not Forecast.objects.exists()


def test_without_a_moment_it_is_issued_now(home: Meter, capsys: pytest.CaptureFixture[str]) -> None:
    feed(home, 1, end=NOW + timedelta(days=1))
    with pytest.raises(CommandError, match="No meter has readings"):
        forecast(capsys)  # the readings are years old
    assert Forecast.objects.get().issued_at.second == 0
