"""The pages of imports: a file from the upload to its undo, and what each reader may do on the way."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.attention import needs_of
from dashboards.tests.story import add_readings, make_program, past_event, settled
from dashboards.views import import_pages
from meters.models import BatchSource, BatchState, ImportBatch, IntervalReading
from meters.services import batches
from meters.services.batches.pulse import Pulse
from tests.builder import make_admin

pytestmark = pytest.mark.django_db

SCHOOL = "meter,start,kwh\nHither-school,2021-03-21T00:00,1\nNOPE,2021-03-21T00:00,1\n"


@pytest.fixture
def page(client, here):
    """A browser for one person after the other: page(user, address, **posted)."""

    def call(user, address, follow=True, **posted):
        client.force_login(user)
        return client.post(address, posted, follow=follow) if posted else client.get(address)

    return call


def file(text=SCHOOL, name="may.csv"):
    return SimpleUploadedFile(name, text.encode())


def bring(side, text=SCHOOL, by=None, organization=None):
    batch = batches.take_file(
        distributor=side.distributor,
        source=BatchSource.PAGE,
        name="may.csv",
        stream=io.BytesIO(text.encode()),
        options={},
        by=by or side.admin,
        organization=organization,
    )
    return batches.check_batch(batch=batch)


def state_of(batch):
    return ImportBatch.objects.get(pk=batch.pk).state


def text_of(answer):
    return " ".join(answer.content.decode().split())


def test_a_file_goes_all_the_way_from_upload_to_undo(page, here):
    shown = page(here.admin, "/ops/imports/new", file=file())
    batch = ImportBatch.objects.get()
    assert shown.redirect_chain == [(f"/ops/imports/{batch.pk}", 302)]
    assert "Nothing is stored yet" in text_of(shown)
    assert "data-progress-url" in text_of(shown)
    batches.work_next()
    shown = text_of(page(here.admin, f"/ops/imports/{batch.pk}"))
    for words in ("What storing it would do", "Store these readings", "there is no such meter (1 row)", "1.000 kWh"):
        assert words in shown
    page(here.admin, f"/ops/imports/{batch.pk}", action="store")
    batches.work_next()
    assert "What it brought" in text_of(page(here.admin, f"/ops/imports/{batch.pk}"))
    assert IntervalReading.objects.count() == 1
    page(here.admin, f"/ops/imports/{batch.pk}", action="undo", reason="wrong school")
    batches.work_next()
    shown = text_of(page(here.admin, f"/ops/imports/{batch.pk}"))
    assert "wrong school" in shown
    assert state_of(batch) == BatchState.UNDONE
    assert not IntervalReading.objects.exists()


def test_progress_is_told_while_the_work_goes_on(page, here):
    batch = batches.take_file(
        distributor=here.distributor, source=BatchSource.PAGE, name="a.csv", stream=io.BytesIO(b"x" * 200), options={}
    )
    address = f"/ops/imports/{batch.pk}/progress"
    assert page(here.admin, address).json() == {
        "state": "uploaded",
        "moving": True,
        "percent": None,
        "text": "Waits for a worker. This takes some seconds.",
    }
    ImportBatch.objects.update(state=BatchState.CHECKING)
    batch.refresh_from_db()
    with Pulse(batch) as pulse:
        pulse.show(50, 200)
        pulse._write()
        told = page(here.admin, address).json()
    assert (told["percent"], told["text"]) == (25, "The file is being checked. 25 % of the file is read.")


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"file": file("")}, "The submitted file is empty"),
        ({"meter": "M"}, "This field is required"),
        ({"file": file(), "meter": "NOPE"}, "There is no meter of this number here"),
        ({"file": file(), "zone": "Mars/Base"}, "There is no such time zone"),
        ({"file": file(), "unit": "BTU"}, "Select a valid choice"),
    ],
)
def test_a_form_that_does_not_fit_says_why_and_keeps_nothing(page, here, posted, words):
    assert words in text_of(page(here.admin, "/ops/imports/new", **posted))
    assert not ImportBatch.objects.exists()


def test_a_file_beyond_the_limit_is_refused_with_the_limit(page, here, settings):
    settings.IMPORT_MAX_BYTES = 1_000_000
    answer = page(here.admin, "/ops/imports/new", file=file("x" * 1_000_001))
    assert "The file is larger than 1 MB" in text_of(answer)
    assert not ImportBatch.objects.exists()


def test_a_stranger_cannot_be_named_by_an_organization(page, here):
    answer = page(here.organization_admin, "/org/imports/new", file=file(), meter="Hither-home")
    assert "There is no meter of this number here" in text_of(answer)


@pytest.mark.parametrize("who", ["staff", "auditor"])
def test_who_only_reads_sees_no_button_and_can_press_none(page, here, who):
    reader, batch = getattr(here, who), bring(here)
    shown = text_of(page(reader, f"/ops/imports/{batch.pk}"))
    assert "may.csv" in shown
    for words in ("Store these readings", 'name="action"', "The file as it was uploaded"):
        assert words not in shown
    assert "Upload a file" not in text_of(page(reader, "/ops/imports"))
    assert page(reader, f"/ops/imports/{batch.pk}", action="store").status_code == 403
    assert state_of(batch) == BatchState.CHECKED


def test_organizations_see_their_own_imports_only(page, here):
    own = bring(here, by=here.organization_admin, organization=here.organization)
    other = bring(here)
    shown = text_of(page(here.organization_admin, "/org/imports"))
    assert f"/org/imports/{own.pk}" in shown
    assert f"/org/imports/{other.pk}" not in shown
    assert page(here.other_organization_admin, f"/org/imports/{own.pk}").status_code == 404
    assert page(here.organization_admin, f"/org/imports/{other.pk}/file").status_code == 404


def test_a_correction_of_an_organization_is_stored_by_the_distributor(page, here):
    first = bring(here, by=here.organization_admin, organization=here.organization)
    page(here.organization_admin, f"/org/imports/{first.pk}", action="store")
    batches.work_next()
    batch = bring(here, SCHOOL.replace(",1\n", ",2\n"), by=here.organization_admin, organization=here.organization)
    shown = text_of(page(here.organization_admin, f"/org/imports/{batch.pk}"))
    assert "Hither has to confirm that" in shown
    assert "Store these readings" not in shown
    page(here.organization_admin, f"/org/imports/{batch.pk}", action="store")
    assert state_of(batch) == BatchState.CHECKED
    assert "1 file of an organization corrects readings" in [need.title for need in needs_of(here.admin)]
    page(here.admin, f"/ops/imports/{batch.pk}", action="store")
    assert state_of(batch) == BatchState.WAITING


def test_an_undo_that_touches_a_settlement_is_confirmed_by_another_admin(page, here):
    add_readings(here.home, days=8)
    event = past_event(make_program(here, here.home))
    start = event.start.isoformat()
    batch = bring(here, f"meter,start,wh\nHither-home,{start},100\n")
    page(here.admin, f"/ops/imports/{batch.pk}", action="store")
    batches.work_next()
    settled(event)
    answer = page(here.admin, f"/ops/imports/{batch.pk}", action="undo", reason="neighbor's")
    assert "Another admin of Hither has to confirm it" in text_of(answer)
    assert "Confirm the undo" not in text_of(answer)
    other = make_admin(here.distributor)
    need = next(need for need in needs_of(other) if need.title == "1 undo waits for you")
    assert f"/ops/imports/{batch.pk}" in text_of(page(other, need.url))
    assert "1 undo waits for you" not in [need.title for need in needs_of(here.admin)]
    page(other, f"/ops/imports/{batch.pk}", action="confirm")
    batches.work_next()
    shown = text_of(page(other, f"/ops/imports/{batch.pk}"))
    assert "settled again as run 2, which waits to be posted" in shown
    assert "Not in the ledger yet" in text_of(page(other, f"/ops/events/{event.pk}"))
    run = event.runs.get(number=2)
    page(here.admin, f"/ops/settlement/{run.pk}", action="approve")
    page(other, f"/ops/settlement/{run.pk}", action="post")
    assert "In the ledger" in text_of(page(other, f"/ops/events/{event.pk}"))


def test_the_rows_left_out_come_as_a_file_that_no_spreadsheet_runs(page, here):
    batch = bring(here, "meter,start,kwh\nHither-school,2021-03-21T00:00,1\n=cmd(),2021-03-21T00:00,1\n")
    answer = page(here.staff, f"/ops/imports/{batch.pk}/errors.csv")
    text = b"".join(answer.streaming_content).decode()
    assert text.splitlines() == ["row,meter,start,problem", ",'=cmd(),,there is no such meter (1 row)"]
    clean = bring(here, "meter,start,kwh\nHither-school,2021-03-21T00:00,1\n")
    assert page(here.staff, f"/ops/imports/{clean.pk}/errors.csv").status_code == 404


def test_the_upload_comes_back_as_it_was_and_never_as_a_page(page, here):
    batch = bring(here, SCHOOL + "<script>alert(1)</script>")
    answer = page(here.admin, f"/ops/imports/{batch.pk}/file")
    assert b"".join(answer.streaming_content).decode() == SCHOOL + "<script>alert(1)</script>"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_names_of_files_and_meters_are_text_on_the_page(page, here):
    text = "meter,start,kwh\n<img src=x>,2021-03-21T00:00,1\nHither-school,<b>,1\n"
    page(here.admin, "/ops/imports/new", file=file(text, name="<i>.csv"))
    batches.work_next()
    shown = text_of(page(here.admin, f"/ops/imports/{ImportBatch.objects.get().pk}"))
    assert "<img src=x>" not in shown
    assert "&lt;img src=x&gt;" in shown


@pytest.mark.parametrize(("name", "status"), [("long", 200), ("wide", 200), ("register", 200), ("nothing", 404)])
def test_examples_hold_the_reader_s_own_meters(page, here, name, status):
    answer = page(here.organization_admin, reverse("organization_import_template", args=[name]))
    assert answer.status_code == status
    if status == 200:
        assert "Hither-school" in text_of(answer)
        assert "Hither-home" not in text_of(answer)


def test_the_list_asks_the_same_few_questions_for_many_rows(page, here):
    page(here.admin, "/ops/imports")
    counts = []
    for _more in range(2):
        bring(here)
        bring(here, by=here.organization_admin, organization=here.organization)
        with CaptureQueriesContext(connection) as asked:
            page(here.admin, "/ops/imports")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_the_filter_finds_a_state_and_pages_go_on(page, here, monkeypatch):
    monkeypatch.setattr(import_pages, "PER_PAGE", 1)
    first, second = bring(here), bring(here)
    batches.drop_batch(batch=first, by=here.admin)
    shown = text_of(page(here.admin, "/ops/imports?state=dropped"))
    assert f"/ops/imports/{first.pk}" in shown
    assert f"/ops/imports/{second.pk}" not in shown
    assert f"/ops/imports/{first.pk}" in text_of(page(here.admin, "/ops/imports?page=2"))
    assert "No import fits" in text_of(page(here.admin, "/ops/imports?state=undone"))
