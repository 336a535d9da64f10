"""Claim codes: made, issued, imported, withdrawn."""

import csv
import io
import stat
from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEntry
from meters.errors import UnreadableFile
from meters.models import ClaimCode
from meters.services import claim_meter, import_claim_codes, issue_claim_codes, withdraw_claim_code
from meters.services.codes import ALPHABET, code_rows, is_code, new_code, read_code, written
from meters.tests.helpers import write
from tests.builder import make_admin, make_distributor, make_meter, make_organization, make_user, map_meter

pytestmark = pytest.mark.django_db


@pytest.fixture
def distributor():
    return make_distributor("North")


@pytest.fixture
def meters(distributor):
    return [make_meter(distributor, number) for number in ("A1", "B2", "C3")]


def test_codes_are_long_without_look_alikes_and_each_is_another():
    found = {new_code() for _code in range(2000)}
    assert len(found) == 2000
    assert all(is_code(code) for code in found)
    assert not set("ILOU") & set(ALPHABET)
    assert len({sign for code in found for sign in code}) == len(ALPHABET)


def test_what_is_printed_is_read_again():
    for _code in range(50):
        code = new_code()
        assert len(written(code)) == 14
        assert read_code(written(code).lower()) == code


def test_a_new_code_withdraws_the_one_before(meters):
    first, second = (issue_claim_codes(meters=meters[:1])[0] for _time in range(2))
    assert first.code != second.code
    assert ClaimCode.objects.count() == 2
    assert ClaimCode.objects.open().count() == 1


def test_a_code_is_for_today_and_good_for_ninety_days_if_nothing_is_said(meters):
    issued = issue_claim_codes(meters=meters[:1])[0]
    assert issued.valid_from <= timezone.now() < issued.valid_from + timedelta(hours=25)
    assert abs(issued.expires_at - timezone.now() - timedelta(days=90)) < timedelta(minutes=1)


def test_many_codes_take_a_fixed_number_of_queries(distributor, django_assert_max_num_queries):
    many = [make_meter(distributor) for _meter in range(60)]
    with django_assert_max_num_queries(16):
        issue_claim_codes(meters=many, by=make_admin(distributor))


def test_the_history_says_who_issued_how_many_and_never_a_code(distributor, meters):
    admin = make_admin(distributor)
    issued = issue_claim_codes(meters=meters, by=admin)
    entry = AuditEntry.objects.get(act="claim_code.issued")
    assert (entry.actor_id, entry.tenant_id) == (admin.pk, distributor.pk)
    assert entry.additional_data == {"meters": 3, "numbers": ["A1", "B2", "C3"]}
    assert not any(each.code in str(entry.__dict__) for each in issued)


def test_a_withdrawn_code_is_in_the_history_once(distributor, meters):
    issue_claim_codes(meters=meters[:1])
    admin = make_admin(distributor)
    assert withdraw_claim_code(meter=meters[0], by=admin)
    assert not withdraw_claim_code(meter=meters[0], by=admin)
    assert AuditEntry.objects.filter(act="claim_code.withdrawn").count() == 1


def test_the_rows_for_bills_run_no_formula(distributor):
    meter = make_meter(distributor, "=1+1", name="@home")
    row = next(code_rows(issue_claim_codes(meters=[meter], moving_in=date(2026, 3, 8))))
    assert (row[0], row[1], row[3]) == ("'=1+1", "'@home", "2026-03-08")


def report_of(distributor, path, text):
    return import_claim_codes(distributor=distributor, path=write(path / "codes.csv", text))


def test_a_utility_brings_its_own_codes(distributor, meters, tmp_path):
    report = report_of(
        distributor, tmp_path, "meter,claim_code,valid_from\nA1,7kq2-m4xd-90rt,2026-07-01\nB2,0000 1111 2222,\n"
    )
    assert (report.stored, report.problems) == (2, [])
    row = claim_meter(user=make_user(distributor), number="A1", code="7KQ2M4XD90RT")
    assert row.valid_from.isoformat() == "2026-07-01T04:00:00+00:00"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("A1,short,", "a claim code has 12 letters and digits"),
        (",7KQ2-M4XD-90RT,", "the meter is missing"),
        ("Z9,7KQ2-M4XD-90RT,", "there is no meter of this number"),
        ("A1,7KQ2-M4XD-90RT,soon", "valid_from is a day like 2026-07-01"),
        ("B2,0000-1111-2222,", "the meter is listed in row 2 already"),
        ("A1,0000-1111-2222,", "the same claim code is listed in row 2 already"),
        ("A1,7KQ2-M4XD-90RT", "has 2 values; the header has 3 columns"),
    ],
)
def test_a_row_that_cannot_be_used_is_left_out_and_its_code_is_not_told(distributor, meters, tmp_path, row, problem):
    report = report_of(distributor, tmp_path, f"meter,claim_code,valid_from\nB2,0000-1111-2222,\n{row}\n")
    assert report.stored == 1
    assert [(each.row, each.problem) for each in report.problems] == [(3, problem)]
    assert "7KQ2" not in str(report.problems)


@pytest.mark.parametrize("header", ["meter,code", "claim_code,valid_from", "meter,claim_code,name"])
def test_a_file_with_other_columns_changes_nothing(distributor, meters, tmp_path, header):
    with pytest.raises(UnreadableFile):
        report_of(distributor, tmp_path, f"{header}\nA1,7KQ2-M4XD-90RT,x\n")
    assert not ClaimCode.objects.exists()


def test_a_strangers_meter_gets_no_code(distributor, meters, tmp_path):
    make_meter(make_distributor("South"), "S1")
    report = report_of(distributor, tmp_path, "meter,claim_code\nS1,7KQ2-M4XD-90RT\n")
    assert report.stored == 0
    assert not ClaimCode.objects.exists()


def test_the_command_imports_and_tells_what_it_left_out(meters, tmp_path, capsys):
    path = write(tmp_path / "codes.csv", "meter,claim_code\nA1,7KQ2-M4XD-90RT\nZ9,0000-1111-2222\n")
    call_command("import_claim_codes", path)
    assert capsys.readouterr().out == (
        "row 3, left out: Z9: there is no meter of this number\n1 claim codes stored, 1 rows left out.\n"
    )


def test_the_command_issues_for_meters_that_nobody_has_yet(distributor, meters, tmp_path, capsys):
    map_meter(meters[0], make_user(distributor))
    map_meter(meters[1], make_organization(distributor))
    path = tmp_path / "codes.csv"
    call_command("issue_claim_codes", csv=path)
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [row["meter"] for row in rows] == ["C3"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert claim_meter(user=make_user(distributor), number="C3", code=rows[0]["claim_code"]).meter == meters[2]
    assert rows[0]["claim_code"] not in capsys.readouterr().out


def test_the_command_overwrites_no_file_and_makes_no_code_that_nobody_gets(meters, tmp_path):
    path = write(tmp_path / "codes.csv", "kept")
    with pytest.raises(CommandError, match="cannot be made"):
        call_command("issue_claim_codes", csv=path)
    assert path.read_text() == "kept"
    assert not ClaimCode.objects.exists()


def test_the_command_issues_for_named_meters_and_a_day(distributor, meters, tmp_path):
    call_command("issue_claim_codes", csv=tmp_path / "one.csv", meter=["B2"], moving_in=date(2026, 12, 24))
    code = ClaimCode.objects.get()
    assert (code.meter, code.valid_from.isoformat()) == (meters[1], "2026-12-24T05:00:00+00:00")
    with pytest.raises(CommandError, match="no meter Z9"):
        call_command("issue_claim_codes", csv=tmp_path / "two.csv", meter=["Z9"])
