"""The copy of the own data: complete, private, one's own and nobody else's, gone after a week."""

import csv
import io
import json
import stat
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts import exports
from accounts.export_file import cell
from accounts.exports import request_export
from accounts.models import AuditEntry, ExportState, PersonalExport, User
from accounts.tasks import sweep_exports, write_exports
from accounts.tests.journeys import link_in, log_in, mails_to
from dashboards.tests.story import add_readings, coming_event, lower, make_program, past_event, settled
from delivery.models import Message, Notice
from meters.models import IntervalReading, MeterMap
from tests.builder import PASSWORD, make_distributor, make_token, make_user, make_world, map_meter

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return tmp_path / "exports"


@pytest.fixture
def ada():
    return make_user(make_distributor("Hither"), email=ADA, password=PASSWORD)


@pytest.fixture
def signed_in(client, ada):
    log_in(client, ADA)
    return client


def written(user):
    request_export(user=user)
    write_exports()
    return PersonalExport.objects.get(user=user)


def content(user):
    """Part -> rows, of both forms; they say the same."""
    with zipfile.ZipFile(written(user).path) as archive:
        names = {name.rsplit(".", 1)[0] for name in archive.namelist() if name != "README.txt"}
        as_json = {name: json.loads(archive.read(f"{name}.json")) for name in names}
        for name in names:
            table = list(csv.reader(io.StringIO(archive.read(f"{name}.csv").decode())))
            assert len(table) == len(as_json[name]) + bool(as_json[name])
        as_json["README"] = archive.read("README.txt").decode()
    return as_json


class TestJourney:
    def test_ask_get_a_mail_open_the_link(self, signed_in, ada):
        assert signed_in.post("/account/data").url == "/account/data"
        assert "Being prepared" in signed_in.get("/account/data").text
        write_exports()
        mail = mails_to(ADA)[-1]
        answer = signed_in.get(link_in(mail))
        assert answer.headers["Content-Disposition"] == 'attachment; filename="my-data.zip"'
        archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
        assert json.loads(archive.read("profile.json"))[0]["email"] == ADA
        acts = set(AuditEntry.objects.filter(actor_id=ada.pk).values_list("act", flat=True))
        assert {"data.requested", "data.downloaded"} <= acts

    def test_link_needs_the_owners_session(self, signed_in, ada):
        written(ada)
        link = link_in(mails_to(ADA)[-1])
        assert Client().get(link).url.startswith("/accounts/login/")
        stranger = Client()
        stranger.force_login(make_user(ada.tenant.as_distributor))
        assert stranger.get(link).status_code == 404
        assert signed_in.get(link).status_code == 200

    def test_session_needs_the_link(self, signed_in, ada):
        export = written(ada)
        for guess in (export.digest, str(export.pk), "", "link"):
            assert signed_in.get(f"/account/data/{guess}").status_code in (404, 405)

    def test_link_is_kept_nowhere_but_in_the_mail(self, ada, settings):
        settings.DEMO = False
        written(ada)
        token = exports.finish(PersonalExport.objects.get())
        mails_to(ADA)
        assert token not in str(list(PersonalExport.objects.values()))
        assert token not in str(list(Notice.objects.values()))
        assert token not in str(list(Message.objects.values()))

    def test_new_link_ends_the_old_one(self, signed_in, ada):
        written(ada)
        old = link_in(mails_to(ADA)[-1])
        signed_in.post("/account/data/link")
        new = link_in(mails_to(ADA)[-1])
        assert old != new
        assert signed_in.get(old).status_code == 404
        assert signed_in.get(new).status_code == 200


class TestLimits:
    def test_one_at_a_time(self, ada):
        request_export(user=ada)
        with pytest.raises(exports.ExportRefused):
            request_export(user=ada)
        assert PersonalExport.objects.count() == 1

    def test_one_an_hour_and_then_it_replaces_the_old_one(self, ada, django_capture_on_commit_callbacks):
        first = written(ada)
        with pytest.raises(exports.ExportRefused):
            request_export(user=ada)
        PersonalExport.objects.update(requested_at=timezone.now() - timedelta(minutes=61))
        with django_capture_on_commit_callbacks(execute=True):
            second = request_export(user=ada)
        assert not first.path.exists()
        assert list(PersonalExport.objects.all()) == [second]

    def test_failed_one_may_be_asked_for_again_at_once(self, ada, monkeypatch):
        monkeypatch.setitem(exports._parts, "broken", exports.Part("broken", "", lambda user: 1 / 0))
        export = written(ada)
        assert (export.state, export.error) == (ExportState.FAILED, "ZeroDivisionError")
        assert not export.path.exists()
        monkeypatch.delitem(exports._parts, "broken")
        assert written(ada).state == ExportState.READY

    def test_worker_that_died_is_followed_by_another(self, ada):
        request_export(user=ada)
        exports._take()
        assert not exports.build_next()
        PersonalExport.objects.update(started_at=timezone.now() - timedelta(hours=2))
        write_exports()
        assert PersonalExport.objects.get().state == ExportState.READY

    def test_file_is_gone_after_a_week(self, signed_in, ada, django_capture_on_commit_callbacks):
        export = written(ada)
        link = link_in(mails_to(ADA)[-1])
        PersonalExport.objects.update(expires_at=timezone.now())
        assert signed_in.get(link).status_code == 404
        with django_capture_on_commit_callbacks(execute=True):
            sweep_exports()
        assert not export.path.exists()
        assert not PersonalExport.objects.exists()

    def test_sweep_leaves_what_is_still_good(self, ada):
        export = written(ada)
        sweep_exports()
        assert export.path.exists()


class TestFile:
    def test_nobody_else_on_the_machine_can_read_it(self, ada, folder):
        export = written(ada)
        assert stat.S_IMODE(export.path.stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert list(folder.iterdir()) == [export.path]

    def test_holds_no_password_and_no_key(self, ada):
        _token, key = make_token(ada)
        text = str(content(ada))
        assert ada.password not in text
        assert key not in text
        assert ada.api_tokens.get().digest not in text

    def test_is_in_the_readers_language_and_says_what_is_in_it(self, ada):
        found = content(ada)
        assert ADA in found["README"]
        for name in ("profile", "email-addresses", "sessions", "api-tokens", "history", "notices", "readings"):
            assert name in found
            assert name in found["README"]

    def test_name_that_is_a_formula_is_not_run(self, ada):
        User.objects.filter(pk=ada.pk).update(first_name="=HYPERLINK(1)")
        with zipfile.ZipFile(written(ada).path) as archive:
            (row,) = csv.DictReader(io.StringIO(archive.read("profile.csv").decode()))
        assert row["first_name"] == "'=HYPERLINK(1)"

    @given(st.recursive(st.text() | st.integers() | st.booleans() | st.none(), st.lists))
    def test_no_cell_begins_like_a_formula(self, value):
        written_cell = cell(value)
        assert isinstance(written_cell, int) or not str(written_cell).lstrip(" \n").startswith(tuple("=+-@\t\r|%"))


class TestWhatIsOnesOwn:
    def test_readings_are_those_of_the_days_on_which_the_meter_was_ones_own(self):
        side = make_world().here
        add_readings(side.home, days=6)
        starts = sorted(IntervalReading.objects.filter(meter=side.home).values_list("start", flat=True))
        out, back = starts[len(starts) // 3], starts[2 * len(starts) // 3]
        MeterMap.objects.filter(entity=side.resident).update(valid_to=out)
        newcomer = make_user(side.distributor)
        map_meter(side.home, newcomer, out, valid_to=back)
        old = {row["start"] for row in content(side.resident)["readings"]}
        new = {row["start"] for row in content(newcomer)["readings"]}
        assert len(old) == sum(start < out for start in starts)
        assert len(new) == sum(out <= start < back for start in starts)
        assert not old & new

    def test_pages_of_a_long_history_leave_nothing_out(self, monkeypatch):
        monkeypatch.setattr("meters.export_parts.PAGE", 7)
        side = make_world().here
        add_readings(side.home, days=2)
        found = [row["start"] for row in content(side.resident)["readings"]]
        assert len(found) == len(set(found)) == IntervalReading.objects.filter(meter=side.home).count()

    def test_whole_life_is_in_it_and_nothing_of_anybody_else(self):
        world = make_world()
        side = world.here
        add_readings(side.home, days=8)
        add_readings(side.school, days=8)
        program = make_program(side, side.home, side.school)
        past, _coming = past_event(program), coming_event(program)
        lower(side.home, past, 100)
        lower(side.school, past, 100)
        settled(past)
        found = content(side.resident)
        assert {row["meter"] for row in found["events"]} == {"Hither-home"}
        assert {row["meter"] for row in found["rewards"]} == {"Hither-home"}
        assert len(found["ledger"]) >= 1
        assert [row["name"] for row in found["distributor"]] == ["Hither"]
        text = str(found)
        assert "school" not in text.lower().replace("hither schools", "")
        assert "Thither" not in text
        assert side.neighbor.email not in text
