"""The first system's dump into the portal: what comes over, what is refused, and whether the sums agree."""

import csv
import gzip
import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import ApprovalStatus, Entity, User
from drportal.legacy import Choices, Report, import_dump
from drportal.legacy.dump import COLUMNS, Dump
from drportal.legacy.places import latitude_first, point_of
from events.models import Event
from meters.models import ImportBatch, IntervalReading, Meter, MeterMap, Prediction
from organizations.models import Distributor, Membership, Organization
from tests.builder import make_distributor, make_user

BASE = 900_000
START = datetime(2021, 3, 28)  # noqa: DTZ001 (a dump's times have no zone)
SLOTS = 96
SCHOOLS = "Schools; (old) 'North'"
CREATE = {
    "entities": "`entity_id` int(11) NOT NULL,\n  `entity_type` enum('user','organization') NOT NULL",
    "users": "`account_id` int(11) NOT NULL,\n  `email` varchar(254) NOT NULL,\n  `first_name` varchar(50),\n"
    "  `last_name` varchar(50),\n  `org_id` int(11) DEFAULT NULL,\n  `approval_status` varchar(10) NOT NULL",
    "organizations": "`org_id` int(11) NOT NULL,\n  `org_name` varchar(50) NOT NULL,\n  `coordinates` point",
    "meters": "`meter_id` int(11) NOT NULL,\n  `coordinates` point DEFAULT NULL",
    "meter_map": "`entity_id` int(11) NOT NULL,\n  `meter_id` int(11) NOT NULL",
    "meter_data": "`meter_id` int(11) NOT NULL,\n  `start_time` datetime NOT NULL,\n  `end_time` datetime NOT NULL,\n"
    "  `meter_value` double,\n  `prediction_value` double,\n  `delta_value` double",
    "drp_periods": "`drp_id` int(11) NOT NULL,\n  `start_time` datetime NOT NULL,\n  `end_time` datetime NOT NULL",
}
Tables = dict[str, list[tuple[Any, ...]]]

pytestmark = pytest.mark.django_db


def _point(longitude: float, latitude: float) -> str:
    return "0x" + (struct.pack("<I", 0) + struct.pack("<BIdd", 1, 1, longitude, latitude)).hex().upper()


def _tables() -> Tables:
    """Two schools of one organization, a water works without anybody approved, two homes; some rows break rules."""
    kinds = ("organization", "user")
    ids = {
        name: BASE + number for number, name in enumerate(("schools", "water", "ann", "bob", "cy", "dee", "eve", "fay"))
    }
    people = [
        (ids["ann"], "Ann@Schools.example", "Ann", "O'Hara", ids["schools"], "Admin"),
        (ids["bob"], "bob@schools.example", "Bob", "Back\\slash", ids["schools"], "Pending"),
        (ids["cy"], "cy@water.example", "Cy", "", ids["water"], "Pending"),
        (ids["dee"], "dee@home.example", "Dee", "", None, "Approved"),
        (ids["eve"], "eve@home.example", "Eve", "", None, "Approved"),
        (ids["fay"], "no address", "Fay", "", None, "Approved"),
    ]
    meters = [BASE + 100 + number for number in range(4)]
    data: list[tuple[Any, ...]] = []
    for meter in meters[:3]:
        for slot in range(SLOTS):
            start = START + slot * timedelta(minutes=30)
            used = round(1 + meter % 7 + slot / 100, 3)
            expected = None if slot < 48 else round(used + (0.25 if slot % 2 else -0.125), 3)
            delta = None if expected is None else max(0.0, round(expected - used, 3))
            data.append((meter, start, start + timedelta(minutes=30), used, expected, delta))
    data.append((meters[0], START + timedelta(days=9), START + timedelta(days=9, hours=1), 3.5, None, None))
    data.append((BASE + 999, START, START + timedelta(minutes=30), 1.0, None, None))
    return {
        "entities": [(1, "organization"), *((pk, kinds[pk > ids["water"]]) for pk in ids.values())],
        "users": people,
        "organizations": [(ids["schools"], SCHOOLS, _point(-73.2, 44.5)), (ids["water"], "Water", None)],
        "meters": [(meter, _point(-73.1, 44.4)) for meter in meters],
        "meter_map": [
            *((1, meter) for meter in meters),
            (ids["schools"], meters[0]),
            (ids["schools"], meters[1]),
            (ids["dee"], meters[2]),
            (ids["eve"], meters[2]),
            (ids["ann"], meters[3]),
        ],
        "meter_data": data,
        "drp_periods": [(1, START + timedelta(hours=31), START + timedelta(hours=32))],
    }  # fmt: skip


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str) and value.startswith("0x"):
        return value
    text = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{text}'"


def _sql(tables: Tables) -> str:
    lines = ["-- MariaDB dump 10.19", "/*!40101 SET NAMES utf8mb4 */;"]
    for name in sorted(tables):
        lines += [
            f"DROP TABLE IF EXISTS `{name}`;",
            f"CREATE TABLE `{name}` (",
            f"  {CREATE[name]}",
            ") ENGINE=InnoDB;",
        ]
        rows = [f"({','.join(map(_literal, row))})" for row in tables[name]]
        lines += [f"LOCK TABLES `{name}` WRITE;", f"INSERT INTO `{name}` VALUES {','.join(rows)};", "UNLOCK TABLES;"]
    return "\n".join(lines) + "\n"


def _write_sql(folder: Path, tables: Tables) -> Path:
    path = folder / "dump.sql"
    path.write_text(_sql(tables), encoding="utf-8")
    return path


def _write_gzip(folder: Path, tables: Tables) -> Path:
    path = folder / "dump.sql.gz"
    path.write_bytes(gzip.compress(_sql(tables).encode()))
    return path


def _write_csv(folder: Path, tables: Tables) -> Path:
    path = folder / "tables"
    path.mkdir()
    for name, rows in tables.items():
        with (path / f"{name}.csv").open("w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream)
            writer.writerow(COLUMNS[name])
            writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return path


@pytest.fixture
def here() -> Distributor:
    return make_distributor("Larkfield", timezone="America/New_York")


def _reasons(report: Report) -> dict[str, int]:
    return {f"{table}: {reason}": count for (table, reason), count in report.reasons.items()}


@pytest.mark.parametrize("write", [_write_sql, _write_gzip, _write_csv])
def test_everything_that_keeps_the_rules_comes_over_with_its_id(
    here: Distributor, tmp_path: Path, write: Callable[[Path, Tables], Path]
) -> None:
    report = import_dump(path=write(tmp_path, _tables()), distributor=here, choices=Choices())
    schools = Organization.objects.get(pk=BASE)
    assert (schools.name, schools.latitude, schools.longitude) == (
        "Schools; (old) 'North'", Decimal("44.500000"), Decimal("-73.200000"),
    )  # fmt: skip
    ann = User.objects.get(pk=BASE + 2)
    assert (ann.email, ann.last_name, ann.approval_status) == ("ann@schools.example", "O'Hara", "approved")
    assert not ann.has_usable_password()
    assert Membership.objects.get(user=ann).is_admin
    bob = User.objects.get(pk=BASE + 3)
    assert (bob.last_name, bob.approval_status) == ("Back\\slash", ApprovalStatus.PENDING)
    assert not Membership.objects.get(user=bob).is_admin
    assert Meter.objects.get(pk=BASE + 100).interval_minutes == 30
    assert IntervalReading.objects.count() == 3 * SLOTS
    assert report.agrees
    assert set(_reasons(report).values()) == {1}
    assert _reasons(report).keys() == {
        "users: its organization has nobody who was approved; the first one in would become its admin",
        "users: email: Enter a valid email address.",
        "meter_data: its interval does not have the 30 minutes of the meter's others",
        "meter_data: its meter did not come over",
        "meter_map: Another resident holds this meter in that time",
        "meter_map: Members of an organization see its meters; they cannot have one of their own",
        "drp_periods: no --program was named whose events they are",
    }


def test_sums_of_energy_predictions_and_deltas_are_those_of_the_dump(here: Distributor, tmp_path: Path) -> None:
    tables = _tables()
    report = import_dump(path=_write_sql(tmp_path, tables), distributor=here, choices=Choices())
    for meter in (BASE + 100, BASE + 101, BASE + 102):
        rows = [row for row in tables["meter_data"] if row[0] == meter and row[2] - row[1] == timedelta(minutes=30)]
        sums = report.meters[str(meter)]
        assert sums.stored == len(rows) == SLOTS
        assert sums.stored_wh == sum(round(row[3] * 1000) for row in rows)
        assert sums.stored_predicted_wh == sums.predicted_wh == sum(round(row[4] * 1000) for row in rows if row[4])
        assert sums.stored_delta_wh == sums.delta_wh == sum(round(row[5] * 1000) for row in rows if row[5]) > 0
    assert report.meters[str(BASE + 100)].refused_wh == 3500
    first = IntervalReading.objects.filter(meter=BASE + 100).earliest("start")
    assert first.start == datetime(2021, 3, 28, 4, tzinfo=UTC)


def test_no_reward_can_be_paid_on_a_former_prediction(here: Distributor, tmp_path: Path) -> None:
    import_dump(path=_write_sql(tmp_path, _tables()), distributor=here, choices=Choices())
    assert Prediction.objects.count() == 3 * 48
    for prediction in Prediction.objects.all()[:10]:
        assert (prediction.issued_at, prediction.forecast_number) == (prediction.start, 0)


def test_holders_have_their_meters_from_the_first_reading_on(here: Distributor, tmp_path: Path) -> None:
    import_dump(path=_write_sql(tmp_path, _tables()), distributor=here, choices=Choices())
    held = MeterMap.objects.exclude(holder_kind="distributor").order_by("meter_id")
    assert list(held.values_list("entity_id", "meter_id")) == [
        (BASE, BASE + 100), (BASE, BASE + 101), (BASE + 5, BASE + 102),
    ]  # fmt: skip
    assert {row.valid_from for row in held} == {datetime(2021, 3, 28, 4, tzinfo=UTC)}


def test_the_same_dump_twice_changes_nothing(here: Distributor, tmp_path: Path) -> None:
    path = _write_sql(tmp_path, _tables())
    import_dump(path=path, distributor=here, choices=Choices())
    before = [model.objects.count() for model in (Entity, User, Meter, MeterMap, IntervalReading, Prediction)]
    again = import_dump(path=path, distributor=here, choices=Choices())
    after = [model.objects.count() for model in (Entity, User, Meter, MeterMap, IntervalReading, Prediction)]
    assert after == before
    assert {name: count.made for name, count in again.tables.items() if name != "entities" and count.made} == {}
    assert again.agrees
    assert ImportBatch.objects.count() == 1


def test_a_taken_id_is_told_and_another_one_is_used(here: Distributor, tmp_path: Path) -> None:
    make_user(here, "taken@example.com", id=BASE + 5)
    Meter.objects.create(id=BASE + 100, distributor=here, number="another")
    report = import_dump(path=_write_sql(tmp_path, _tables()), distributor=here, choices=Choices())
    assert User.objects.get(email="taken@example.com").pk == BASE + 5
    dee = User.objects.get(email="dee@home.example")
    assert report.moved_ids == {
        "users": [(str(BASE + 5), dee.pk)],
        "meters": [(str(BASE + 100), Meter.objects.get(number=str(BASE + 100)).pk)],
    }
    assert MeterMap.objects.filter(entity_id=dee.pk, meter__number=str(BASE + 102)).exists()
    assert report.agrees


def test_a_dry_run_stores_nothing_and_says_the_same(here: Distributor, tmp_path: Path) -> None:
    path = _write_sql(tmp_path, _tables())
    tried = import_dump(path=path, distributor=here, choices=Choices(dry_run=True, send_resets=True))
    assert not Meter.objects.exists()
    assert not Organization.objects.exists()
    assert not ImportBatch.objects.exists()
    done = import_dump(path=path, distributor=here, choices=Choices())
    assert tried.lines() == done.lines()
    assert not mail.outbox


def test_an_address_of_another_distributor_is_not_touched(here: Distributor, tmp_path: Path) -> None:
    other = make_distributor("Neighbor")
    theirs = make_user(other, "dee@home.example", first_name="Theirs")
    report = import_dump(path=_write_sql(tmp_path, _tables()), distributor=here, choices=Choices())
    theirs.refresh_from_db()
    assert theirs.first_name == "Theirs"
    assert "users: the address has an account of another distributor" in _reasons(report)


def test_the_command_prints_the_reconciliation_and_mails_links_on_request(here: Distributor, tmp_path: Path) -> None:
    out, errors = StringIO(), tmp_path / "errors.csv"
    path = _write_sql(tmp_path, _tables())
    call_command("import_legacy", str(path), "--send-reset-mails", "--errors", str(errors), stdout=out)
    text = out.getvalue()
    assert "kWh dump" in text
    assert "DIFFERS" not in text
    assert "3 mails with a password link are on their way." in text
    assert sorted(sent.to[0] for sent in mail.outbox) == ["ann@schools.example", "dee@home.example", "eve@home.example"]
    assert all("/accounts/password/reset/key/" in str(sent.body) for sent in mail.outbox)
    assert len(list(csv.reader(errors.open(encoding="utf-8")))) == 8
    assert Event.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "none of the first system's tables"),
        ("SELECT 1;", "none of the first system's tables"),
        ("CREATE TABLE `meters` (\n  `wrong` int\n);\nINSERT INTO `meters` VALUES (1);", "has no column meter_id"),
        ("INSERT INTO `meters` (meter_id, coordinates) VALUES (1, evil());", "makes no sense"),
        ("INSERT INTO `meters` (meter_id, coordinates) VALUES (1);", "1 values for 2 columns"),
    ],
)
def test_a_dump_that_makes_no_sense_changes_nothing(
    here: Distributor, tmp_path: Path, content: str, sentence: str
) -> None:
    path = tmp_path / "dump.sql"
    path.write_text(content)
    with pytest.raises(CommandError, match=sentence):
        call_command("import_legacy", str(path), stdout=StringIO())
    assert not Meter.objects.exists()


def test_points_are_read_in_every_form_they_are_dumped_in() -> None:
    wanted = (Decimal("-73.200000"), Decimal("44.500000"))
    raw = bytes.fromhex(_point(-73.2, 44.5)[2:]).decode("utf-8", "surrogateescape")
    assert point_of("POINT(-73.2 44.5)") == point_of(_point(-73.2, 44.5)) == point_of(raw) == wanted
    assert point_of(None) is None
    for wrong in ("POINT(1)", "0x00", "somewhere", "POINT(999 1)"):
        with pytest.raises(ValueError, match=r"no point|no degree"):
            point_of(wrong)
    assert latitude_first([(Decimal(44), Decimal(-120))])
    assert not latitude_first([(Decimal(-120), Decimal(44)), (Decimal(10), Decimal(20))])


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "mysql", reason="needs MariaDB: SQLite has no dump of its kind")
@pytest.mark.skipif(shutil.which("mariadb-dump") is None, reason="needs mariadb-dump, of Debian's mariadb-client")
def test_a_dump_made_by_the_server_itself_is_read(tmp_path: Path) -> None:
    """Raw bytes of points and the server's own quoting included."""
    tables, names = _tables(), tuple(COLUMNS)
    settings = connection.settings_dict
    try:
        with connection.cursor() as cursor:
            for name, rows in tables.items():
                cursor.execute(f"CREATE TABLE {name} ({CREATE[name]})")
                for row in rows:
                    cursor.execute(f"INSERT INTO {name} VALUES ({','.join(map(_literal, row))})")
        arguments = ["mariadb-dump", f"--user={settings['USER']}", "--skip-lock-tables", "--no-tablespaces"]
        socket = settings["OPTIONS"].get("unix_socket")
        arguments += (
            [f"--socket={socket}"] if socket else [f"--host={settings['HOST']}", f"--port={settings['PORT'] or 3306}"]
        )
        content = subprocess.run(
            [*arguments, settings["NAME"], *names], check=True, capture_output=True,
            env={"MYSQL_PWD": settings["PASSWORD"], "PATH": os.environ["PATH"]},
        ).stdout  # fmt: skip
    finally:
        with connection.cursor() as cursor:
            for name in names:
                cursor.execute(f"DROP TABLE IF EXISTS {name}")
    path = tmp_path / "dump.sql"
    path.write_bytes(content)
    dump = Dump(path)
    assert dump.tables() == set(names)
    for name in names:
        found = list(dump.rows(name))
        assert len(found) == len(tables[name])
    assert point_of(next(dump.rows("meters"))["coordinates"]) == (Decimal("-73.100000"), Decimal("44.400000"))
    assert [row["last_name"] for row in dump.rows("users")][:2] == ["O'Hara", "Back\\slash"]


def test_a_row_that_comes_twice_is_one_reading_and_its_first_prediction_counts(
    here: Distributor, tmp_path: Path
) -> None:
    tables = _tables()
    meter, start, end, used, expected, delta = tables["meter_data"][60]
    tables["meter_data"] += [(meter, start, end, used, expected, delta), (meter, start, end, used, expected + 1, 0)]
    report = import_dump(path=_write_sql(tmp_path, tables), distributor=here, choices=Choices())
    assert report.count("meter_data").known == 2
    stored = IntervalReading.objects.get(meter__number=str(meter), start=_instant(start))
    assert stored.predicted_wh == round(expected * 1000)


def test_energy_of_refused_rows_is_summed_in_the_unit_of_the_dump(here: Distributor, tmp_path: Path) -> None:
    report = import_dump(path=_write_sql(tmp_path, _tables()), distributor=here, choices=Choices(unit="Wh"))
    assert report.meters[str(BASE + 100)].refused_wh == 4  # 3.5 Wh


def _instant(naive: datetime) -> datetime:
    return naive.replace(tzinfo=ZoneInfo("America/New_York"))
