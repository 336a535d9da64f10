"""Lists out of the admin and back in: looked at first, all or nothing, one's own, and safe to open."""

import csv
import json
import re
from io import BytesIO, StringIO

import pytest
from django.db import connection, transaction
from django.urls import reverse
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEntry
from dashboards.tests.story import make_program
from events.models import Enrollment, Nomination
from meters.models import Feeder, Meter
from organizations.models import GroupMember, Organization, OrganizationGroup
from tests.builder import make_organization

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
IMPORTED = [Organization, OrganizationGroup, Feeder, Meter, Enrollment]
FORMULA = re.compile(r"^[\s\x00-\x1f\u200b\ufeff\u2060]*[=+\-@|%＝＋－＠％｜]")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


@pytest.fixture
def as_admin(client, world):
    client.force_login(world.here.admin)
    return client


def url(model, action):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{action}")


def look(client, model, text, name="list.csv", **more):
    file = BytesIO(text.encode() if isinstance(text, str) else text)
    file.name = name
    return client.post(url(model, "import"), {"file": file, **more})


def confirm(client, model, answer):
    return client.post(url(model, "import"), {"token": answer.context["token"]}, follow=True)


def take(client, model, text):
    """Looks, confirms, and returns the sentences of the page that follows."""
    answer = look(client, model, text)
    assert answer.context["token"], [row.problems for row in answer.context["preview"].rows]
    return [str(message) for message in confirm(client, model, answer).context["messages"]]


def problems(answer):
    return {row.number: " ".join(row.problems) for row in answer.context["preview"].rows if row.problems}


class TestLookingFirst:
    def test_nothing_is_stored_before_it_is_confirmed(self, as_admin, world):
        before = AuditEntry.objects.count()
        answer = look(as_admin, Feeder, "name\nSouth\nHither North\n")
        assert answer.context["preview"].counts == {"new": 1, "update": 0, "skip": 1, "error": 0}
        assert not Feeder.objects.filter(name="South").exists()
        assert AuditEntry.objects.count() == before

    def test_confirmed_it_is_stored_and_told(self, as_admin, world):
        assert take(as_admin, Feeder, "name\nSouth\nWest\n") == ["Imported: 2 new, 0 changed, 0 as they were."]
        assert set(Feeder.objects.filter(distributor=world.here.distributor).values_list("name", flat=True)) == {
            "Hither North", "South", "West",
        }  # fmt: skip

    def test_old_and_new_stand_beside_each_other(self, as_admin, world):
        answer = look(as_admin, Meter, "meter,nomination_kw\nHither-home,2.5\n")
        (row,) = answer.context["preview"].rows
        changed = [(cell.old, cell.new) for cell in row.cells if cell.is_changed]
        assert changed == [("1", "2.5")]
        assert "<del>1</del>" in answer.text
        assert "<ins>2.5</ins>" in answer.text

    def test_a_mistake_is_named_by_its_row_and_stops_all(self, as_admin):
        text = (
            "meter,feeder,interval_minutes,nomination_kw\nA1,,30,1\nA2,Nowhere,30,1\n\nA3,,7,1\n"
            + "A4,,30,much\nA1,,30,1\n"
        )
        answer = look(as_admin, Meter, text)
        assert answer.context["token"] == ""
        said = problems(answer)
        assert set(said) == {3, 5, 6, 7}
        assert "There is no feeder “Nowhere”" in said[3]
        assert "1, 5, 10, 15, 30 or 60" in said[5]
        assert said[6] == "nomination_kw: “much” is not a number."
        assert "listed further up" in said[7]
        assert not Meter.objects.filter(number="A1").exists()

    def test_what_is_stored_already_is_nothing_to_import(self, as_admin):
        answer = look(as_admin, Feeder, "name\nHither North\n")
        assert answer.context["token"] == ""
        assert "nothing to import" in answer.text

    def test_twice_confirmed_is_once_imported(self, as_admin):
        answer = look(as_admin, Feeder, "name\nSouth\n")
        confirm(as_admin, Feeder, answer)
        again = confirm(as_admin, Feeder, answer)
        assert "too long ago" in again.text
        assert Feeder.objects.filter(name="South").count() == 1

    def test_what_changed_meanwhile_stops_it(self, as_admin, world):
        answer = look(as_admin, Meter, "meter,feeder\nA1,Hither North\n")
        Feeder.objects.filter(distributor=world.here.distributor).update(name="Renamed")
        assert "Meanwhile something changed" in confirm(as_admin, Meter, answer).text
        assert not Meter.objects.filter(number="A1").exists()

    def test_somebody_elses_file_is_not_confirmed(self, as_admin, client, world):
        answer = look(as_admin, Feeder, "name\nSouth\n")
        client.force_login(world.there.admin)
        assert "too long ago" in confirm(client, Feeder, answer).text
        assert not Feeder.objects.filter(name="South").exists()

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("", "“name” is missing"),
            ("name\n", "no rows below"),
            ("nme\nSouth\n", "no column “nme”"),
            ("name,name\nA,B\n", "there twice"),
            ("name\nA,B\n", "more in it than its headings"),
            (b"name\n\xff\xfe\n", "no text in UTF-8"),
            (b"name\n\x00\n", "no CSV file"),
            ("name\n" + "x\n" * 5001, "more than 5000 rows"),
        ],
    )
    def test_a_file_that_is_none_gets_a_sentence(self, as_admin, text, sentence):
        answer = look(as_admin, Feeder, text)
        assert answer.status_code == 200
        assert sentence in " ".join(answer.context["form"].errors.get("file", [])) or "empty" in answer.text

    def test_semicolons_and_a_mark_of_the_encoding_are_understood(self, as_admin, world):
        take(as_admin, Meter, "\ufeffmeter;name;nomination_kw\nZ1;Straße 5;1.5\n")
        assert Meter.objects.get(number="Z1").name == "Straße 5"

    @pytest.mark.parametrize("model", IMPORTED)
    def test_the_template_can_be_read_again(self, as_admin, model):
        text = as_admin.get(url(model, "template")).content.decode("utf-8-sig")
        headings, filled = csv.reader(StringIO(text))
        assert filled[0]
        assert look(as_admin, model, text).status_code == 200
        assert all(heading in as_admin.get(url(model, "import")).text for heading in headings)


class TestTenants:
    def test_new_rows_belong_to_the_own_distributor(self, as_admin, world):
        take(as_admin, Organization, "name,lat,lon\nLibrary,44.5,-73.2\n")
        assert Organization.objects.get(name="Library").distributor == world.here.distributor

    def test_a_row_of_another_distributor_is_not_found_by_name(self, as_admin, world):
        take(as_admin, Meter, "meter,name\nThither-home,Mine\n")
        assert Meter.objects.filter(number="Thither-home").count() == 2
        assert Meter.objects.get(number="Thither-home", distributor=world.there.distributor).name == ""

    @pytest.mark.parametrize("by", ["name", "id"])
    def test_another_distributors_feeder_is_unknown(self, as_admin, world, by):
        feeder = Feeder.objects.get(distributor=world.there.distributor)
        name = feeder.name if by == "name" else str(feeder.pk)
        assert "no feeder" in problems(look(as_admin, Meter, f"meter,feeder\nA1,{name}\n"))[2]

    def test_another_distributors_meter_and_program_are_unknown(self, as_admin, world):
        make_program(world.there, world.there.home)
        text = "program,meter,nomination_kw\nEvening peaks,Thither-home,1\n"
        assert "There is no" in problems(look(as_admin, Enrollment, text))[2]

    def test_no_column_sets_the_distributor(self, as_admin, world):
        answer = look(as_admin, Feeder, f"name,distributor\nX,{world.there.distributor.pk}\n")
        assert "no column “distributor”" in answer.text

    def test_platform_operator_says_whose_it_is(self, client, world):
        client.force_login(world.platform)
        assert "distributor" in look(client, Feeder, "name\nSouth\n").context["form"].errors
        answer = look(client, Feeder, "name\nSouth\n", distributor=world.there.distributor.pk)
        confirm(client, Feeder, answer)
        assert Feeder.objects.get(name="South").distributor == world.there.distributor

    @pytest.mark.parametrize("role", ["staff", "auditor"])
    @pytest.mark.parametrize("model", IMPORTED)
    def test_readers_export_and_do_not_import(self, client, world, role, model):
        client.force_login(getattr(world.here, role))
        assert client.get(url(model, "import")).status_code == 403
        assert look(client, model, "name\nSouth\n").status_code == 403
        answer = client.get(url(model, "export_csv"))
        assert answer.status_code == 200
        assert "Thither" not in answer.text
        assert "import/" not in client.get(url(model, "changelist")).text


class TestRules:
    def test_the_history_has_one_act_for_all_rows(self, as_admin, world):
        take(as_admin, Meter, "meter,name,nomination_kw\nA1,one,1\nA2,two,1\nHither-home,new name,1\n")
        entries = AuditEntry.objects.filter(act="meters.imported")
        assert entries.filter(content_type__model="meter").count() == 3
        assert set(entries.values_list("actor_id", "tenant_id", "reason")) == {
            (world.here.admin.pk, world.here.distributor.pk, "list.csv")
        }

    def test_an_empty_cell_keeps_a_text_and_takes_a_figure(self, as_admin, world):
        Meter.objects.filter(pk=world.here.home.pk).update(name="Home")
        take(as_admin, Meter, "meter,name,kind,nomination_kw\nHither-home,,,\n")
        meter = Meter.objects.get(pk=world.here.home.pk)
        assert (meter.name, meter.usage_kind, meter.contracted_kw) == ("Home", "home", None)

    def test_groups_and_their_organizations_come_in_pairs(self, as_admin, world):
        text = (
            "group,organization\nPublic,Hither Schools\nPublic,Hither Water\nPublic,Hither Schools\nX,Thither Water\n"
        )
        assert set(problems(look(as_admin, OrganizationGroup, text))) == {5}
        assert not OrganizationGroup.objects.exists()
        take(as_admin, OrganizationGroup, text.rpartition("X,")[0])
        assert GroupMember.objects.filter(group__name="Public").count() == 2

    def test_enrollments_go_through_their_service(self, as_admin, world):
        program = make_program(world.here, world.here.school)
        text = f"program,meter,nomination_kw\n{program.name},Hither-home,2.5\n{program.name},Hither-school,60\n"
        take(as_admin, Enrollment, text)
        kws = (
            Nomination.objects.filter(enrollment__program=program)
            .order_by("pk")
            .values_list("enrollment__meter__number", "kw")
        )
        figures = [(number, float(kw)) for number, kw in kws][-2:]
        assert figures == [("Hither-home", 2.5), ("Hither-school", 60)]

    def test_an_enrollment_without_a_figure_is_refused(self, as_admin, world):
        program = make_program(world.here, world.here.school)
        answer = look(as_admin, Enrollment, f"program,meter\n{program.name},Hither-next\n")
        assert "how many kW" in problems(answer)[2]

    def test_slipped_figures_are_pointed_out(self, as_admin, world):
        for number in range(6):
            Meter.objects.create(distributor=world.here.distributor, number=f"S{number}", contracted_kw=number + 1)
        slipped = "".join(f"S{number},{number + 2}\n" for number in range(6))
        answer = look(as_admin, Meter, f"meter,nomination_kw\n{slipped}")
        assert any("Has the column slipped" in words for words in answer.context["preview"].warnings)


CELLS = st.text(
    alphabet=st.sampled_from("=+-@|%＝＋－＠\t\r\n\u200b\ufeff\u00a0 '\",;A1é(){}"), min_size=1, max_size=12
).filter(lambda text: text.strip())


def cells_of(answer):
    return [cell for row in csv.reader(StringIO(answer.content.decode("utf-8-sig"), newline="")) for cell in row]


class TestSpreadsheets:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(name=CELLS)
    @example(name="=cmd|' /C calc'!A0")
    @example(name="＝1+1")
    @example(name="\t=1+1")
    def test_no_cell_of_an_export_is_run(self, as_admin, world, name):
        with transaction.atomic():
            # As a fault or an older version may have left it: past every form.
            Meter.objects.filter(pk=world.here.home.pk).update(name=name, usage_kind=name[:40])
            Feeder.objects.filter(distributor=world.here.distributor).update(name=name)
            Organization.objects.filter(pk=world.here.organization.pk).update(name=name)
            type(world.here.member).objects.filter(pk=world.here.member.pk).update(first_name=name)
            for address in ("meters_meter", "meters_feeder", "organizations_organization", "organizations_membership"):
                cells = cells_of(as_admin.get(reverse(f"admin:{address}_export_csv")))
                assert len(cells) > 1
                bad = [cell for cell in cells if FORMULA.match(cell) and not NUMBER.fullmatch(cell)]
                assert bad == []
                listed = json.loads(as_admin.get(reverse(f"admin:{address}_export_json")).content)
                values = [value for row in listed for value in row.values()]
                assert [value for value in values if FORMULA.match(value) and not NUMBER.fullmatch(value)] == []
            transaction.set_rollback(True)

    def test_an_export_comes_back_as_it_was(self, as_admin, world):
        Meter.objects.filter(pk=world.here.home.pk).update(name="=1+1", longitude="-72.5")
        Organization.objects.filter(pk=world.here.organization.pk).update(name="-Schools")
        for model in (Meter, Organization, Feeder):
            text = as_admin.get(url(model, "export_csv")).content
            counts = look(as_admin, model, text).context["preview"].counts
            assert counts["skip"] >= 1
            assert (counts["new"], counts["update"], counts["error"]) == (0, 0, 0), model

    def test_an_export_holds_what_the_list_shows(self, as_admin, world):
        make_organization(world.here.distributor, "Other")
        answer = as_admin.get(url(Organization, "export_csv") + "?q=Water")
        assert "Hither Water" in answer.text
        assert "Hither Schools" not in answer.text

    def test_a_large_export_costs_few_queries(self, as_admin, world, django_assert_max_num_queries):
        distributor = world.here.distributor
        Meter.objects.bulk_create([Meter(distributor=distributor, number=f"B{n}") for n in range(500)])
        with django_assert_max_num_queries(25):
            assert len(cells_of(as_admin.get(url(Meter, "export_csv")))) > 5000
        assert connection.in_atomic_block
