"""A utility's sheet of an event beside the run: service, command, and the real program's slips."""

import csv
from decimal import Decimal
from io import BytesIO, StringIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command

from settlement.errors import UnreadableSheet
from settlement.models import SheetReading
from settlement.services import read_event_sheet, settle, write_csv
from settlement.tests import real_program as real
from settlement.tests.test_real_settlements import SettlementsOf2021
from settlement.tests.world import local as local_hour
from settlement.tests.world import make_case, put
from settlement.words.second_reader import readable
from tests.builder import make_admin

pytestmark = pytest.mark.django_db
OURS = b"meter,baseline_kwh,event_kwh,nomination_kw,credit\nHither-home,4,2.4,1,2.24\nHither-school,240,80,50,140.00\n"


@pytest.fixture
def case():
    world, program, event = make_case()
    settle(event=event)
    return world, program, event


def read(event, content=OURS, **more):
    return read_event_sheet(event=event, content=content, file_name="sheet.csv", **more)


def test_a_sheet_that_agrees_says_so(case):
    world, _, event = case
    reading = read(event, by=world.here.admin)
    assert (reading.result["compared"], reading.result["differing"]) == (2, 0)
    assert reading.read_by == world.here.admin


def test_our_own_file_is_a_sheet_without_a_slip(case):
    _, _, event = case
    stream = StringIO()
    write_csv(run=event.runs.get(), stream=stream)
    assert readable(read(event, stream.getvalue().encode())).differing == 0


def test_a_missing_cap_is_named_with_what_is_due(case):
    _, _, event = case
    found = readable(read(event, OURS.replace(b"140.00", b"224.00")))
    assert (found.differing, found.paid_too_much) == (1, "$84.00")
    assert found.rows[0].sentences == ("Paid beyond the nomination of 50 kW: the cap is missing. $140.00 is due.",)


def test_a_baseline_with_a_wrong_day_names_the_day(case):
    world, _, event = case
    thursday = local_hour(event.start.date(), 0).date().replace(day=16)
    put(world.here.home, thursday, 1600)
    # 4,000 on 21 and 20 July and 6,400 on the 16th: a mean of 4.8 kWh.
    found = readable(read(event, OURS.replace(b"home,4,", b"home,4.8,")))
    assert found.rows[0].sentences == ("The baseline fits if readings of 2026-07-16 are taken.",)


def test_a_meter_named_many_times_has_its_own_slips_in_each_row(case):
    _, _, event = case
    content = b"meter,credit\n" + b"Hither-school,224.00\n" * 300
    rows = read(event, content).result["rows"]
    assert (len(rows), {len(row["slips"]) for row in rows}) == (300, {1})


def test_what_cannot_be_compared_is_refused(case):
    _, _, event = case
    with pytest.raises(UnreadableSheet, match="other events only: 2021-03-29T07:00"):
        read(event, b"event,meter,credit\n2021-03-29T07:00,Hither-home,1\n")
    with pytest.raises(UnreadableSheet, match="name the columns"):
        read(event, b"\n")
    assert not SheetReading.objects.exists()


def test_an_event_without_a_run_has_nothing_to_compare_with():
    _, _, event = make_case()
    with pytest.raises(UnreadableSheet, match="not settled yet"):
        read(event)


def test_the_page_reads_a_sheet_and_shows_it(case, client):
    world, _, event = case
    client.force_login(world.here.admin)
    file = SimpleUploadedFile("May.csv", OURS.replace(b"140.00", b"224.00"))
    answer = client.post(f"/ops/events/{event.pk}/sheet", {"file": file}, follow=True)
    assert "the cap is missing" in answer.content.decode()
    pk = SheetReading.objects.get().pk
    rows = list(csv.DictReader(StringIO(client.get(f"/ops/sheets/{pk}.csv").content.decode())))
    assert [(row["meter"], row["column"], row["sheet"], row["portal"]) for row in rows] == [
        ("Hither-school", "credit", "$224.00", "$140.00")
    ]
    assert "May.csv" in client.get(f"/ops/events/{event.pk}/sheet").content.decode()


def test_a_file_that_is_no_sheet_is_told_on_the_page(case, client):
    world, _, event = case
    client.force_login(world.here.admin)
    answer = client.post(f"/ops/events/{event.pk}/sheet", {"file": BytesIO(b"\xff\xfe\x00 no")})
    assert "not written in UTF-8" in answer.content.decode()


def test_who_may_not_settle_reads_and_strangers_find_nothing(case, client):
    world, _, event = case
    pk = read(event).pk
    client.force_login(world.here.auditor)
    assert client.get(f"/ops/sheets/{pk}").status_code == 200
    assert client.post(f"/ops/events/{event.pk}/sheet", {"file": BytesIO(OURS)}).status_code == 403
    client.force_login(make_admin(world.there.distributor))
    for address in (f"/ops/sheets/{pk}", f"/ops/sheets/{pk}.csv", f"/ops/events/{event.pk}/sheet"):
        assert client.get(address).status_code == 404
    client.force_login(world.here.resident)
    assert client.get(f"/ops/sheets/{pk}").status_code == 403


@pytest.mark.slow
@real.needs_data
class TheSheetOf2021(SettlementsOf2021):
    """The real sheet: what its own makers did not see."""

    def _say(self, start, end):
        out = StringIO()
        file = str(real.FOLDER / "settlements.csv")
        call_command("check_sheet", file, "--program=Load response", f"--start={start}", f"--end={end}", stdout=out)
        return out.getvalue()

    def test_the_shifted_nominations_and_the_one_overpaid_meter_are_named(self):
        said = self._say(*real.events()[0])
        meters = [row["meter"] for row in real.sheet() if row["event"] == real.events()[0][0]]
        first = min(row["meter"] for row in real.shifted())
        assert (
            f"From {first} on, the column “nomination” is shifted by one row down: {len(real.shifted())} of "
            f"{len(meters)} rows hold the figure of another meter. {first} has that of "
            f"{meters[meters.index(first) - 1]}." in said
        )
        (((event, meter), (due, paid)),) = real.wrongly_paid().items()
        used = next(row["nomination_kw"] for row in real.shifted() if real.key_of(row) == (event, meter))
        assert (
            f"{meter}: Paid by a nomination of {Decimal(used):.0f} kW; its own is {real.nominations()[meter]} kW. "
            f"The sheet pays ${paid}, ${due} is due." in said
        )
        assert said.count("is due.") == 1
        assert f"Paid beyond what is due: ${Decimal(paid) - Decimal(due)}" in said
        assert f"{real.blank()}: The sheet left the baseline empty" in said

    def test_the_second_event_has_no_slip_but_the_row_left_blank(self):
        said = self._say(*real.events()[1])
        count = sum(row["event"] == real.events()[1][0] for row in real.sheet())
        assert f"{count} rows compared with run 1, 1 differ" in said
        assert real.blank() in said
        assert "is due." not in said

    def test_an_event_that_is_not_there_is_refused(self):
        with pytest.raises(CommandError, match="no event at this time"):
            self._say("2020-01-06T16:00", "2020-01-06T17:00")


# Only the sheet is looked at here; what is inherited runs in its own file.
for _name in [name for name in vars(SettlementsOf2021) if name.startswith("test_")]:
    setattr(TheSheetOf2021, _name, None)
del SettlementsOf2021
