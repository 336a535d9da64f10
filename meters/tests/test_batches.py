"""Imports: a file is kept, checked without storing, stored at a word, dropped, and found again after a crash."""

import csv
import hashlib
import io
import json
import os
import stat
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEntry
from delivery.models import Notice
from meters.errors import ImportRefused
from meters.models import BatchSource, BatchState, ImportBatch, Meter, ReadingRevision
from meters.services import batches
from meters.services.batches import folder, work
from meters.services.batches.folder import upload_of
from meters.services.files import ReadingFile
from meters.tests.helpers import stored
from tests.builder import make_meter, map_meter

pytestmark = pytest.mark.django_db

GOOD = "meter,start,kwh\nHither-home,2021-03-21T00:00,0.4\nHither-home,2021-03-21T00:30,0.5\n"


def take(side, text=GOOD, by=None, organization=None, name="may.csv", **options):
    return batches.take_file(
        distributor=side.distributor,
        source=BatchSource.PAGE,
        name=name,
        stream=io.BytesIO(text.encode()),
        options=options,
        by=by or side.admin,
        organization=organization,
    )


def checked(side, *args, **options):
    return batches.check_batch(batch=take(side, *args, **options))


def store(batch, by):
    batches.store_batch(batch=batch, by=by)
    assert batches.work_next()
    batch.refresh_from_db()
    return batch


def test_a_file_is_kept_where_only_the_portal_may_read_it(here):
    batch = take(here)
    file = upload_of(batch)
    assert file.read_text() == GOOD
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.parent.stat().st_mode) == 0o700
    assert batch.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()
    assert (batch.state, batch.size_bytes, batch.created_by) == (BatchState.UPLOADED, len(GOOD), here.admin)


@pytest.mark.parametrize("name", ["../../../evil.csv", "C:\\x\\evil.csv", "/evil.csv", "a\x00b/evil.csv"])
def test_a_name_leads_nowhere_else(here, name):
    batch = take(here, name=name)
    assert batch.file_name == "evil.csv"
    assert upload_of(batch).resolve().is_relative_to(folder.root().resolve())


@pytest.mark.parametrize("name", ["", "..", "é" * 300, "x" * 300 + ".csv.gz", "\ud800"])
def test_a_strange_name_is_still_a_name(here, name):
    batch = take(here, name=name)
    assert upload_of(batch).read_text() == GOOD


def test_an_empty_file_and_one_beyond_the_limit_are_refused_and_leave_nothing(here, settings):
    settings.IMPORT_MAX_BYTES = 20
    for text in ("", GOOD):
        with pytest.raises(ImportRefused):
            take(here, text)
    assert not ImportBatch.objects.exists()
    assert not list(folder.root().glob("incoming-*"))


@pytest.mark.parametrize(("options", "words"), [({"zone": "Mars/Base"}, "no time zone"), ({"unit": "BTU"}, "no unit")])
def test_options_that_do_not_fit_are_refused(here, options, words):
    with pytest.raises(ImportRefused, match=words):
        take(here, **options)


def test_the_check_tells_all_and_stores_nothing(here):
    text = GOOD + "NOPE,2021-03-21T00:00,1\nNOPE,2021-03-21T00:30,1\nHither-home,2021-03-21T01:00,x\n"
    batch = checked(here, text)
    totals = batch.totals
    assert batch.state == BatchState.CHECKED
    assert stored(here.home) == []
    assert (totals["readings"], totals["new"], totals["corrected"], totals["unchanged"]) == (2, 2, 0, 0)
    assert (totals["refused"], totals["unknown"], totals["unknown_meters"]) == (1, 2, [["NOPE", 2]])
    assert (totals["energy_wh"], totals["top"]) == (900, [["Hither-home", 900]])
    assert totals["start"] == "2021-03-21T04:00:00+00:00"
    assert totals["problems"] == [[6, "Hither-home", "2021-03-21T01:00", "“x” is not a number"]]
    rows = list(csv.reader(batches.errors_of(batch).open()))
    assert rows[1:] == [
        ["", "NOPE", "", "there is no such meter (2 rows)"],
        ["6", "Hither-home", "2021-03-21T01:00", "“x” is not a number"],
    ]


def test_what_the_check_says_is_what_storing_does(here):
    batch = checked(here)
    told = batch.totals
    store(batch, here.admin)
    assert batch.state == BatchState.STORED
    assert batch.totals == told
    assert [row[1] for row in stored(here.home)] == [400, 500]
    assert (batch.stored_by, batch.stored_at is not None) == (here.admin, True)


def test_corrections_are_told_in_kwh_before_they_happen(here):
    store(checked(here), here.admin)
    batch = checked(here, GOOD.replace("0.5\n", "0.2\n"))
    assert (batch.totals["corrected"], batch.totals["unchanged"]) == (1, 1)
    assert batch.totals["correction_wh"] == -300
    assert not ReadingRevision.objects.exists()


def test_a_file_that_cannot_be_read_fails_with_its_sentence_and_who_sent_it_is_told(here):
    batch = checked(here, "hello\n")
    assert batch.state == BatchState.FAILED
    assert batch.failure.startswith("may.csv is no CSV of readings")
    notice = Notice.objects.get(user=here.admin)
    assert notice.title == "may.csv could not be imported"
    assert notice.url == f"/ops/imports/{batch.pk}"
    with pytest.raises(ImportRefused, match="could not be read"):
        batches.store_batch(batch=batch, by=here.admin)


def test_the_same_file_again_points_to_the_one_that_is_stored(here):
    first = checked(here)
    again = take(here)
    assert batches.twin_of(again) is None
    store(first, here.admin)
    assert batches.twin_of(again) == first


def test_a_dropped_import_is_never_stored(here):
    batch = checked(here)
    batches.drop_batch(batch=batch, by=here.admin)
    assert not batches.work_next()
    with pytest.raises(ImportRefused, match="This import is dropped"):
        batches.store_batch(batch=batch, by=here.admin)


def test_nothing_is_stored_before_it_was_checked_nor_twice(here):
    batch = take(here)
    with pytest.raises(ImportRefused):
        batches.store_batch(batch=batch, by=here.admin)
    store(batches.check_batch(batch=batch), here.admin)
    with pytest.raises(ImportRefused, match="This import is stored"):
        batches.store_batch(batch=batch, by=here.admin)


def test_workers_take_one_import_at_a_time(here):
    first, second = take(here), take(here)
    assert work._take().pk == first.pk
    assert work._take() is None
    ImportBatch.objects.filter(pk=first.pk).update(state=BatchState.FAILED)
    assert work._take().pk == second.pk


def test_deeds_stand_in_the_history(here):
    batch = store(checked(here), here.admin)
    entries = AuditEntry.objects.get_for_object(batch).order_by("pk")
    assert [entry.act for entry in entries] == ["import.upload", "import.store"]


# ---- organizations ----------------------------------------------------------------------------------------


def of_organization(side, text, **options):
    return checked(side, text, by=side.organization_admin, organization=side.organization, **options)


def test_an_organization_brings_readings_of_its_meters_only(here):
    text = "meter,start,kwh\nHither-school,2021-03-21T00:00,1\nHither-home,2021-03-21T00:00,2\n"
    batch = of_organization(here, text)
    assert (batch.totals["new"], batch.totals["unknown_meters"]) == (1, [["Hither-home", 1]])


def test_an_organization_brings_readings_of_its_own_time_only(here):
    meter = make_meter(here.distributor, "M-ended")
    start, end = datetime(2021, 3, 21, 4, tzinfo=UTC), datetime(2021, 3, 21, 5, tzinfo=UTC)
    map_meter(meter, here.organization, start, valid_to=end)
    rows = "".join(f"M-ended,2021-03-21T{hour}Z,1\n" for hour in ("03:30", "04:00", "04:30", "05:00"))
    batch = of_organization(here, f"meter,start,kwh\n{rows}")
    assert batch.totals["new"] == 2
    assert [(problem[0], problem[3]) for problem in batch.totals["problems"]] == [
        (2, "the meter was not your organization’s at that time"),
        (5, "the meter was not your organization’s at that time"),
    ]


def test_an_organization_cannot_name_a_stranger_as_the_meter_of_its_file(here):
    batch = of_organization(here, "start,kwh\n2021-03-21T00:00,1\n", meter="Hither-home")
    assert batch.failure == "There is no meter “Hither-home”."


SCHOOL = "meter,start,kwh\nHither-school,2021-03-21T00:00,1\n"


def test_corrections_of_an_organization_wait_for_the_distributor(here):
    store(of_organization(here, SCHOOL), here.organization_admin)
    batch = of_organization(here, SCHOOL.replace(",1\n", ",2\n"))
    assert batches.needs_distributor(batch)
    with pytest.raises(ImportRefused, match="Hither has to confirm"):
        batches.store_batch(batch=batch, by=here.organization_admin)
    assert store(batch, here.admin).state == BatchState.STORED


def test_a_reading_that_came_meanwhile_is_not_changed_unseen(here):
    batch = of_organization(here, SCHOOL)
    store(checked(here, SCHOOL.replace(",1\n", ",3\n")), here.admin)
    store(batch, here.organization_admin)
    assert batch.state == BatchState.FAILED
    assert "Readings came in meanwhile" in batch.failure
    assert [row[1] for row in stored(here.school)] == [3000]


def test_registers_in_a_file_are_checked_and_stored_like_readings(here):
    make_meter(here.distributor, "R1", reading_kind="register")
    text = "meter,time,register_kwh\nR1,2021-03-21T00:00,10\nR1,2021-03-21T00:30,10.5\nR1,2021-03-21T01:00,11.7\n"
    batch = checked(here, text)
    assert (batch.totals["new"], batch.totals["top"]) == (2, [["R1", 1700]])
    meter = Meter.objects.get(number="R1")
    assert stored(meter) == []
    store(batch, here.admin)
    assert [row[1] for row in stored(meter)] == [500, 1200]


# ---- workers that die -------------------------------------------------------------------------------------


def died(batch, state, attempts=1):
    long_ago = timezone.now() - timedelta(minutes=5)
    steps = {BatchState.CHECKING: (), BatchState.STORING: (BatchState.WAITING,)}[state]
    for step in (*steps, state):
        ImportBatch.objects.filter(pk=batch.pk).update(state=step)
    ImportBatch.objects.filter(pk=batch.pk).update(beat_at=long_ago, attempts=attempts)


@pytest.mark.parametrize("attempts", [1, 2])
def test_an_import_whose_worker_died_begins_again(here, attempts):
    batch = checked(here)
    died(batch, BatchState.STORING, attempts)
    assert batches.sweep_batches() == 1
    assert batches.work_next()
    batch.refresh_from_db()
    assert batch.state == BatchState.STORED


def test_an_import_that_kills_each_worker_is_given_up(here):
    batch = take(here)
    died(batch, BatchState.CHECKING, attempts=3)
    batches.sweep_batches()
    batch.refresh_from_db()
    assert batch.state == BatchState.FAILED
    assert batch.failure == ("The portal stopped in the middle of it (its process ended). Nothing of it was stored.")


def test_a_living_worker_keeps_its_import_however_long_it_takes(here):
    batch = take(here)
    died(batch, BatchState.CHECKING)
    with work.Pulse(batch):
        assert batches.sweep_batches() == 0
    assert batches.sweep_batches() == 1


def test_a_worker_that_was_taken_for_dead_stores_nothing(here):
    batch = checked(here)
    batches.store_batch(batch=batch, by=here.admin)
    slow = work._take()
    ImportBatch.objects.filter(pk=batch.pk).update(state=BatchState.WAITING)
    quick = work._take()
    work.work_on(slow)
    assert stored(here.home) == []
    work.work_on(quick)
    batch.refresh_from_db()
    assert (batch.state, len(stored(here.home))) == (BatchState.STORED, 2)


def test_an_error_nobody_foresaw_is_tried_again_and_told_in_the_end(here, monkeypatch):
    batch = take(here)

    def broken(**kwargs):
        raise RuntimeError("broken")

    monkeypatch.setattr(work, "read_file", broken)
    for _attempt in range(work.ATTEMPTS):
        with pytest.raises(RuntimeError):
            batches.work_next()
    batch.refresh_from_db()
    assert (batch.state, batch.failure) == (
        BatchState.FAILED,
        "The portal stopped in the middle of it (RuntimeError). Nothing of it was stored.",
    )


def test_an_upload_that_broke_off_is_swept_after_a_day(here):
    left = folder.root() / "incoming-left"
    left.mkdir()
    folder.sweep_incoming()
    assert left.exists()
    os.utime(left, (0, 0))
    folder.sweep_incoming()
    assert not left.exists()


def test_the_pulse_tells_how_far_it_is(here):
    batch = take(here)
    assert batches.pulse_of(batch) is None
    with work.Pulse(batch) as pulse:
        pulse.show(30, 60)
        pulse._write()
        assert batches.pulse_of(batch)[:2] == (30, 60)
    assert batches.pulse_of(batch) is None


def test_a_damaged_pulse_is_none(here):
    batch = take(here)
    for text in ("", "{", json.dumps({"done": "x"})):
        (folder.folder_of(batch) / "pulse.json").write_text(text)
        assert batches.pulse_of(batch) is None


# ---- examples ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["long", "wide"])
def test_an_example_can_be_imported_as_it_is(here, name):
    meters = Meter.objects.filter(distributor=here.distributor)
    text = io.StringIO()
    csv.writer(text).writerows(batches.example_rows(name, meters))
    batch = checked(here, text.getvalue())
    assert (batch.totals["refused"], batch.totals["unknown"], batch.totals["new"]) == (0, 0, 12)


@pytest.mark.parametrize("name", sorted(batches.EXAMPLES))
def test_there_is_an_example_before_there_is_a_meter(db, name):
    assert len(batches.example_rows(name, Meter.objects.none())) > 1


def test_numbers_of_meters_cannot_run_in_a_spreadsheet(here):
    make_meter(here.distributor, "=1+1")
    meters = Meter.objects.filter(distributor=here.distributor)
    assert batches.example_rows("long", meters)[1][0] == "'=1+1"


def test_a_folder_that_cannot_be_made_is_told(here, settings, tmp_path):
    (tmp_path / "file").write_text("")
    settings.IMPORT_DIR = str(tmp_path / "file" / "imports")
    with pytest.raises(ImportRefused, match="could not be kept"):
        take(here)


def test_an_import_is_stored_and_told_where_its_list_of_refused_rows_cannot_be_written(here):
    batch = checked(here, GOOD + "Hither-home,2021-03-21T00:10,0.4\n")
    errors = folder.errors_of(batch)
    errors.unlink()
    errors.mkdir()
    assert store(batch, here.admin).state == BatchState.STORED
    assert (batch.totals["new"], batch.totals["refused"]) == (2, 1)


def test_a_name_of_a_file_that_is_no_text_can_stand_in_revisions(here, tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9.csv")
    for text in (GOOD, GOOD.replace("0.4", "0.6")):
        path.write_text(text)
        _batch, report = batches.import_here(distributor=here.distributor, file=ReadingFile(path))
    assert report.result.corrected == 1
    assert ReadingRevision.objects.get().source == "caf?.csv"
