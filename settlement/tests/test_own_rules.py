"""Rules of a distributor's own: made in the admin, chosen by programs, frozen once published terms use them."""

from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from events.errors import UnknownRule
from events.models import ProgramVersion
from events.rules import rule_names, rule_of
from events.services import record_completed_event
from events.tests.world import PAST, make_program
from settlement.baselines import PRESETS, get_preset, preset_from_data, rule_data, rule_hash
from settlement.models import BaselineRule
from settlement.own_rules import frozen_rule
from settlement.rule_form import plain_fields, rule_from_fields
from settlement.services import settle
from settlement.tests.world import put_history
from tests.builder import make_world

pytestmark = pytest.mark.django_db
ADD = "admin:settlement_baselinerule_add"


@pytest.fixture
def world():
    return make_world()


def make_rule(distributor, name="two-day", **changes):
    rule = replace(get_preset("three-day"), name=name, **changes)
    return BaselineRule.objects.create(
        distributor=distributor, name=name, description=rule.description, data=rule_data(rule), sha256=rule_hash(rule)
    )


def entered(**changes):
    """What a browser sends for a rule like ten-in-ten-ratio-20."""
    fields = plain_fields(get_preset("ten-in-ten-ratio-20")) | {"name": "ours", "description": "Our own days."}
    fields |= {"start_from": ""} | changes
    return {name: value for name, value in fields.items() if value is not None and value is not False}


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_passes_through_the_form_unchanged(name):
    start = PRESETS[name]
    fields = plain_fields(start) | {"name": name, "description": start.description}
    assert rule_from_fields(fields, start) == start


def test_a_program_may_choose_presets_and_its_distributors_own_rules(world):
    own = make_rule(world.here.distributor)
    assert rule_names(world.here.distributor) == [*PRESETS, "two-day"]
    assert rule_names(world.there.distributor) == list(PRESETS)
    assert rule_of(world.here.distributor, "two-day").sha256 == own.sha256
    with pytest.raises(UnknownRule, match="two-day"):
        rule_of(world.there.distributor, "two-day")


def test_publishing_freezes_the_whole_rule_and_settling_reads_what_is_frozen(world):
    make_rule(world.here.distributor)
    program = make_program(world.here.distributor, preset="two-day")
    version = program.versions.get()
    assert preset_from_data(version.rule) == frozen_rule(version)
    assert version.rule_sha256 == rule_hash(frozen_rule(version))
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    put_history(world.here.home, 1000, 600)
    run = settle(event=event)
    assert (run.preset, run.rule_sha256) == ("two-day", version.rule_sha256)


def test_a_version_of_before_has_its_preset_by_name(world):
    version = make_program(world.here.distributor).versions.get()
    assert frozen_rule(ProgramVersion(preset=version.preset, rule_sha256=version.rule_sha256)).name == "three-day"


def test_what_published_terms_use_is_never_changed(world):
    row = make_rule(world.here.distributor)
    row.description = "Other words."
    row.save()
    make_program(world.here.distributor, preset="two-day")
    for attempt in (
        lambda: BaselineRule.objects.filter(pk=row.pk).update(description="x"),
        lambda: BaselineRule.objects.filter(pk=row.pk).delete(),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            attempt()


def test_an_admin_makes_a_rule_with_plain_fields(world):
    client = signed_in(world.here.admin)
    assert client.get(reverse(ADD)).status_code == 200
    answer = client.post(reverse(ADD), entered(pool=8, used=8))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    row = BaselineRule.objects.get()
    rule = preset_from_data(row.data)
    assert (row.distributor, row.created_by, rule.business.pool) == (world.here.distributor, world.here.admin, 8)
    assert row.sha256 == rule_hash(rule)


def test_a_rule_starts_as_a_copy_of_a_preset(world):
    client = signed_in(world.here.admin)
    client.post(reverse(ADD), entered(start_from="five-in-ten"))
    rule = preset_from_data(BaselineRule.objects.get().data)
    assert replace(rule, name="x", description="x") == replace(get_preset("five-in-ten"), name="x", description="x")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"used": 11}, "the days used are between 1 and the pool"),
        ({"name": "three-day"}, "A preset has this name"),
        ({"name": "Not So"}, "Small letters"),
        ({"opens_minutes_before": 180}, "ends at least one hour before the event"),
        ({"low_percent": "120"}, "lie on both sides of 1"),
        ({"days_back": 90}, "the extended walk is not the shorter one"),
        ({"method": "CONTROL_GROUP"}, "a control group needs no same-day adjustment"),
        ({"method": "CONTROL_GROUP", "adjustment": "NONE", "group_minimum": 4}, "a control group has at least 5 homes"),
        ({"method": "FORECAST", "adjustment": "ADDITIVE"}, "a forecast is adjusted by a ratio or not at all"),
    ],
)
def test_what_contradicts_itself_is_refused_with_a_sentence(world, changes, words):
    answer = signed_in(world.here.admin).post(reverse(ADD), entered(**changes))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert not BaselineRule.objects.exists()


def test_staff_reads_and_strangers_find_nothing(world):
    row = make_rule(world.here.distributor)
    change = reverse("admin:settlement_baselinerule_change", args=[row.pk])
    assert signed_in(world.here.staff).get(change).status_code == 200
    assert signed_in(world.here.staff).get(reverse(ADD)).status_code == 403
    assert signed_in(world.there.admin).get(change).status_code == 404
    assert signed_in(world.here.admin).get(change).status_code == 200


def test_a_distributors_own_rules_are_offered_for_a_new_program_in_the_administration(client, world):
    make_rule(world.here.distributor, "our-two")
    make_rule(world.there.distributor, "their-two")
    client.force_login(world.here.admin)
    form = client.get(reverse("admin:events_program_add")).context["adminform"].form
    offered = {value for value, _label in form.fields["preset"].choices}
    assert {"our-two", "their-two"} & offered == {"our-two"}
