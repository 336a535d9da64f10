"""The pages of programs, from the operator's draft to the resident's part."""

from decimal import Decimal

import pytest
from django.urls import reverse

from events.models import Consent, Enrollment, EnrollmentState, Nomination, PayCap, Program
from events.services import enroll, publish_version
from events.tests.test_joining import measured
from events.tests.world import make_terms
from tests.builder import make_meter, map_meter

pytestmark = pytest.mark.django_db
REBATE = {"rate": "0", "rate_per_kwh": Decimal(1), "pay_cap": PayCap.UP_TO_SITE_LOAD}


@pytest.fixture
def rebate(here):
    program = Program.objects.create(distributor=here.distributor, name="Peak rebate")
    publish_version(program=program, terms=make_terms(**REBATE))
    return program


def page(client, user, name, /, *args, **query):
    client.force_login(user)
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == 200, answer.status_code
    return answer


def post(client, user, name, /, *args, **data):
    client.force_login(user)
    return client.post(reverse(name, args=args), data, follow=True)


def said(answer):
    return " ".join(str(message) for message in answer.context["messages"])


def join_data(client, user, program):
    form = page(client, user, "program_join", program.pk).context["form"]
    return {"seen": form["seen"].value(), "agree": "on"}


def test_an_operator_makes_drafts_and_publishes_a_program(client, here):
    answer = post(client, here.admin, "operator_program_new", name="Evenings", kind="rebate")
    program = Program.objects.get()
    assert answer.redirect_chain[-1][0] == reverse("operator_program_draft", args=[program.pk])
    form = answer.context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    refused = post(client, here.admin, "operator_program_draft", program.pk, **data | {"max_minutes": "0"})
    assert "from 1 to 1440" in refused.content.decode()
    kept = post(client, here.admin, "operator_program_draft", program.pk, **data | {"rate_per_kwh": "1.5"})
    assert "$1.50 for each kilowatt hour" in kept.content.decode()
    client.force_login(here.resident)
    assert client.get(reverse("program_detail", args=[program.pk])).status_code == 404
    assert "Evenings" not in client.get(reverse("programs")).content.decode()
    seen = kept.context["draft_sha256"]
    assert "open" in said(post(client, here.admin, "operator_program", program.pk, action="publish", seen=seen))
    assert "Evenings" in page(client, here.resident, "programs").content.decode()


def test_a_name_that_is_taken_is_refused_with_a_sentence(client, here, rebate):
    answer = post(client, here.admin, "operator_program_new", name=rebate.name, kind="points")
    assert "There is a program of this name already." in answer.content.decode()
    assert Program.objects.count() == 1


def test_a_draft_that_changed_meanwhile_is_not_published(client, here, rebate):
    post(client, here.admin, "operator_program_draft", rebate.pk, preset="three-day", rate_per_kwh="2")
    answer = post(client, here.admin, "operator_program", rebate.pk, action="publish", seen="0" * 64)
    assert "changed meanwhile" in said(answer)
    assert rebate.current.number == 1


def test_versions_show_what_differs(client, here, rebate):
    publish_version(program=rebate, terms=make_terms(**REBATE | {"rate_per_kwh": Decimal(2)}))
    answer = page(client, here.auditor, "operator_program_versions", rebate.pk)
    assert [(row.before, row.after) for row in answer.context["differences"]] == [("$1.00", "$2.00")]
    assert client.get(reverse("operator_program_versions", args=[rebate.pk]), {"new": "9"}).status_code == 404


def test_a_resident_joins_pauses_and_leaves(client, here, rebate):
    measured(here.home, days=20)
    data = join_data(client, here.resident, rebate)
    no_consent = post(client, here.resident, "program_join", rebate.pk, seen=data["seen"])
    assert "Without your consent" in no_consent.content.decode()
    assert not Enrollment.objects.exists()
    assert "You take part" in said(post(client, here.resident, "program_join", rebate.pk, **data))
    assert Consent.objects.get().given_by == here.resident
    for action, state in (("pause", EnrollmentState.PAUSED), ("resume", EnrollmentState.ACTIVE)):
        post(client, here.resident, "program_part", rebate.pk, action=action)
        assert Enrollment.objects.get().state == state
    assert "You left" in said(post(client, here.resident, "program_part", rebate.pk, action="leave"))
    assert Enrollment.objects.get().ended_at is not None


def test_without_readings_the_page_says_what_is_missing(client, here, rebate):
    data = join_data(client, here.resident, rebate)
    answer = post(client, here.resident, "program_join", rebate.pk, **data)
    assert "No readings of this meter have come in" in answer.content.decode()
    assert "No readings of this meter" in page(client, here.resident, "home").content.decode()


def test_new_terms_wait_for_a_word(client, here, rebate):
    measured(here.home, days=20)
    post(client, here.resident, "program_join", rebate.pk, **join_data(client, here.resident, rebate))
    publish_version(program=rebate, terms=make_terms(**REBATE | {"rate_per_kwh": Decimal(2)}))
    answer = page(client, here.resident, "program_detail", rebate.pk)
    assert [(row.before, row.after) for row in answer.context["changes"]] == [("$1.00", "$2.00")]
    seen = answer.context["seen"]
    assert "Noted" in said(post(client, here.resident, "program_part", rebate.pk, action="agree", seen=seen))
    assert not page(client, here.resident, "program_detail", rebate.pk).context["part"].unagreed


def test_an_organization_joins_with_several_meters_and_promises_other_kw(client, here):
    program = Program.objects.create(distributor=here.distributor, name="Load")
    publish_version(program=program, terms=make_terms(rate="2"))
    annex = make_meter(here.distributor, "Annex")
    map_meter(annex, here.organization)
    data = join_data(client, here.organization_admin, program)
    answer = post(
        client, here.organization_admin, "program_join", program.pk, **data, meters=[here.school.pk, annex.pk]
    )
    assert "Annex" in answer.content.decode()  # nobody said how many kW it can give
    assert not Enrollment.objects.exists()
    figures = {f"kw-{here.school.pk}": "30", f"kw-{annex.pk}": "4.5"}
    post(
        client,
        here.organization_admin,
        "program_join",
        program.pk,
        **data,
        **figures,
        meters=[here.school.pk, annex.pk],
    )
    assert sorted(Nomination.objects.values_list("kw", flat=True)) == [Decimal("4.5"), Decimal(30)]
    row = Enrollment.objects.get(meter=annex)
    change = {f"kw-{row.pk}": "6", "action": "nominate", "back": "organization"}
    answer = post(client, here.organization_admin, "program_part", program.pk, **change)
    assert "1 figure" in said(answer)
    assert "6 kW from" in answer.content.decode()
    bad = post(client, here.organization_admin, "program_part", program.pk, **change | {f"kw-{row.pk}": "-1"})
    assert "cannot be kept" in said(bad)
    assert row.nominations.count() == 2


def test_an_operator_lets_in_refuses_and_enters_on_paper(client, here):
    program = Program.objects.create(distributor=here.distributor, name="Standing by")
    publish_version(program=program, terms=make_terms(rate="1", capacity_per_kw_month=Decimal(4)))
    data = join_data(client, here.organization_admin, program) | {f"kw-{here.school.pk}": "20"}
    post(client, here.organization_admin, "program_join", program.pk, **data)
    row = Enrollment.objects.get()
    shown = page(client, here.staff, "operator_program_people", program.pk)
    assert (shown.context["state"], shown.context["form"]) == ("waiting", None)
    url = "operator_program_people"
    assert "Say why" in said(post(client, here.admin, url, program.pk, action="refuse", enrollment=row.pk))
    assert "takes part" in said(post(client, here.admin, url, program.pk, action="approve", enrollment=row.pk))
    assert "meanwhile" in said(post(client, here.admin, url, program.pk, action="approve", enrollment=row.pk))
    assert "no meter" in post(client, here.admin, url, program.pk, action="enroll", number="X").content.decode()
    post(client, here.admin, url, program.pk, action="enroll", number=here.home.number)
    assert Enrollment.objects.get(meter=here.home).state == EnrollmentState.ACTIVE


def test_lists_have_a_fixed_count_of_queries(client, here, rebate, django_assert_max_num_queries):
    for number in range(12):
        enroll(program=rebate, meter=make_meter(here.distributor, f"Q{number}"))
    client.force_login(here.admin)
    with django_assert_max_num_queries(30):
        answer = client.get(reverse("operator_program_people", args=[rebate.pk]), {"state": ""})
    assert len(answer.context["rows"]) == 12
