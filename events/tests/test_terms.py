"""Terms of programs: checked, drafted, published, frozen, told."""

from dataclasses import fields, replace
from datetime import date, time
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from hypothesis import given
from hypothesis import strategies as st

from delivery.models import Message, Notice
from events.agreement import versions_alike
from events.errors import BadTerms, NoTerms
from events.models import OptPolicy, PayCap, Program, ProgramVersion
from events.services import (
    discard_draft,
    open_program,
    publish_draft,
    publish_version,
    save_draft,
    start_program,
)
from events.term_fields import GROUPS, HELPS, NAMES, NOT_MATERIAL
from events.term_form import TermsForm
from events.term_templates import TEMPLATES
from events.term_words import differences, plain_facts, value_words
from events.terms import Terms
from events.tests.world import make_program, make_terms
from events.version_hash import version_sha256
from tests.builder import make_distributor

D = Decimal
WRONG = [
    ({"rate_per_kwh": D("0.00001")}, "price per kWh.*4 decimals"),
    ({"rate_per_kwh": D(-1)}, "0 or more"),
    ({"cap_per_event": D("NaN")}, "0 or more"),
    ({"threshold_kwh": D(1)}, "both its kWh and the amount"),
    ({"threshold_amount": D(1)}, "both its kWh and the amount"),
    ({"bonus_factor": D(1)}, "both the factor"),
    ({"rate_per_kw": D(0), "penalty_per_kw": D(1)}, "kW must be paid"),
    ({"cap_per_event": D(2), "cap_per_season": D(1)}, "per season"),
    ({"season_start": date(2026, 6, 1)}, "give both or none"),
    ({"season_start": date(2026, 6, 2), "season_end": date(2026, 6, 1)}, "must not come before"),
    ({"hours_to": time(9)}, "give both or none"),
    ({"hours_from": time(9), "hours_to": time(9)}, "later than they begin"),
    ({"hours_from": time(9), "hours_to": time(10), "min_minutes": 90}, "does not fit"),
    ({"min_minutes": 60, "max_minutes": 30}, "shortest"),
    ({"max_minutes": 1441}, "from 1 to 1440"),
    ({"max_events": 2, "max_events_per_week": 3}, "in a week than in the season"),
    ({"max_hours": 1, "min_minutes": 90}, "not enough for the shortest"),
    ({"max_events": 0}, "from 1"),
    ({"points_per_kwh": -1}, "points per kWh"),
    ({"points_per_kwh": True}, "points per kWh"),
    ({"notice_minutes": 60, "opt_out_minutes": 60}, "before the notice"),
    ({"control_share": D("0.51")}, "at most half"),
    ({"pay_cap": "EVERYTHING"}, "not one of the choices"),
    ({"opt_policy": "maybe"}, "not one of the choices"),
    ({"data_deadline_days": 0}, "from 1"),
    ({"preset": ""}, "Choose a baseline rule"),
    ({"terms_text": "x" * 20_001}, "too long"),
]


@pytest.mark.parametrize(("values", "sentence"), WRONG, ids=[next(iter(values)) for values, _words in WRONG])
def test_terms_that_cannot_be_are_refused_with_a_sentence(values, sentence):
    with pytest.raises(BadTerms, match=sentence):
        replace(make_terms(), **values)


@given(st.decimals(allow_nan=True, allow_infinity=True), st.sampled_from(["rate_per_kwh", "penalty_per_kw", "budget"]))
def test_an_amount_is_kept_exactly_or_refused(amount, name):
    try:
        terms = replace(make_terms(), **{name: amount})
    except BadTerms:
        return
    places = ProgramVersion._meta.get_field(name).decimal_places
    assert round(amount, places) == amount >= 0
    assert getattr(terms, name) == amount


def test_every_term_is_in_one_group_of_the_one_list_and_in_the_form():
    assert sorted(NAMES) == sorted(field.name for field in fields(Terms)) == sorted(TermsForm().fields)
    assert len(NAMES) == sum(len(group.names) for group in GROUPS)
    assert set(HELPS) <= set(NAMES)
    assert set(NAMES) >= NOT_MATERIAL


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.key)
def test_each_kind_of_program_starts_with_terms_that_can_be_published(db, template):
    program = Program(distributor=make_distributor(), name="New")
    draft = start_program(program=program, terms=template.terms)
    assert (program.is_open, draft.published_at) == (False, None)
    version = publish_draft(program=program)
    open_program(program=program, is_open=True)
    assert version.sha256 == version_sha256(ProgramVersion.objects.get())
    assert version.rule["name"] == template.terms.preset
    assert all(fact["value"] for fact in plain_facts(version))


@pytest.fixture
def program(db):
    return make_program(make_distributor())


def test_a_draft_changes_nothing_before_it_is_published(program, django_capture_on_commit_callbacks):
    old = program.current
    draft = save_draft(program=program, terms=make_terms(rate="3"))
    assert (draft.number, program.current) == (2, old)
    again = save_draft(program=program, terms=make_terms(rate="3.5"))
    assert again.pk == draft.pk
    assert publish_draft(program=program) == program.current
    assert (program.current.number, program.current.rate_per_kw) == (2, D("3.5"))


def test_a_version_published_beside_a_draft_comes_before_it(program):
    save_draft(program=program, terms=make_terms(rate="9"))
    version, is_new = publish_version(program=program, terms=make_terms(rate="3"))
    assert (version.number, is_new) == (2, True)
    assert publish_draft(program=program).number == 3


def test_a_draft_can_be_discarded_and_a_published_version_cannot(program):
    assert not discard_draft(program=program)
    save_draft(program=program, terms=make_terms(rate="3"))
    assert discard_draft(program=program)
    assert program.versions.count() == 1
    with pytest.raises(NoTerms):
        publish_draft(program=program)
    with pytest.raises(DatabaseError), transaction.atomic():
        program.versions.update(rate_per_kw=D(9))


def test_only_what_was_looked_at_is_published(program):
    seen = version_sha256(save_draft(program=program, terms=make_terms(rate="3")))
    save_draft(program=program, terms=make_terms(rate="9"))
    with pytest.raises(BadTerms, match="changed meanwhile"):
        publish_draft(program=program, seen=seen)
    save_draft(program=program, terms=make_terms())
    with pytest.raises(BadTerms, match="says the same"):
        publish_draft(program=program)


def test_a_program_without_published_terms_does_not_open(db):
    program = Program(distributor=make_distributor(), name="New")
    start_program(program=program, terms=make_terms())
    with pytest.raises(NoTerms):
        open_program(program=program, is_open=True)


def test_the_hash_says_everything(program):
    version = program.current
    assert version.sha256 == version_sha256(version)
    for name, value in {"rate_per_kw": D(1), "holidays": ["2026-01-01"], "rule": {}, "hours_from": time(9)}.items():
        kept = getattr(version, name)
        setattr(version, name, value)
        assert version_sha256(version) != version.sha256
        setattr(version, name, kept)
    assert version_sha256(version) == version.sha256


def test_terms_survive_the_way_through_the_database_and_the_form(program):
    terms = make_terms(
        rate_per_kwh=D("0.1250"), hours_from=time(14), hours_to=time(20), season_start=date(2026, 6, 1),
        season_end=date(2026, 9, 30), opt_policy=OptPolicy.OPT_IN, pay_cap=PayCap.UP_TO_SITE_LOAD,
        holidays=(date(2026, 7, 3),), control_share=D("0.100"), business_days_only=True, threshold_kwh=D(1),
        threshold_amount=D(2),
    )  # fmt: skip
    version, _is_new = publish_version(program=program, terms=terms)
    stored = Terms.of(ProgramVersion.objects.get(pk=version.pk))
    assert stored == terms
    form = TermsForm()
    form.show(stored)
    data = {name: form[name].value() for name in NAMES if form[name].value() not in (None, False)}
    bound = TermsForm(data)
    bound.use(program.distributor)
    assert bound.is_valid(), bound.errors
    assert bound.terms == terms


def test_differences_are_told_in_words_and_say_what_matters(program):
    old = program.current
    new, _is_new = publish_version(program=program, terms=make_terms(rate="3.1", budget=D(500), max_events=5))
    found = {each.name: each for each in differences(old, new)}
    assert set(found) == {"rate_per_kw", "budget", "max_events"}
    assert (found["rate_per_kw"].before, found["rate_per_kw"].after) == ("$2.80", "$3.10")
    assert (found["max_events"].before, found["max_events"].after) == ("–", "5")
    assert not found["budget"].is_material
    assert value_words(new, "notice_minutes") == "0"


def test_versions_that_differ_only_for_the_distributor_are_alike(program):
    first = program.current
    second, _new = publish_version(program=program, terms=make_terms(cost="11", budget=D(500)))
    third, _new = publish_version(program=program, terms=make_terms(rate="3"))
    assert versions_alike(second) == [first.pk, second.pk]
    assert versions_alike(third) == [third.pk]


def test_everybody_enrolled_is_told_of_new_terms_once(here):
    program = make_program(here.distributor)
    publish_version(program=program, terms=make_terms(rate="3"))
    told = Message.objects.filter(kind="program-terms").values_list("recipient", flat=True)
    assert sorted(told) == sorted([here.resident.email, here.organization_admin.email])
    notice = Notice.objects.get(user=here.resident)
    assert notice.url == f"/programs/{program.pk}#changes"
    publish_version(program=program, terms=make_terms(rate="3"))
    assert Message.objects.filter(kind="program-terms").count() == 2
