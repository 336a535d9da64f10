"""manage.py upstream: adding one, whom its events ask, stopping and starting."""

import io

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from openadr.models import Upstream
from openadr.tests.upstream_world import make_town
from organizations.models import OrganizationGroup
from tests.builder import Side, World

pytestmark = pytest.mark.django_db
URL = "http://127.0.0.1:9/OpenADR2/Simple/2.0b"


@pytest.fixture(autouse=True)
def _demo(settings):
    settings.DEMO = True


@pytest.fixture
def program(here: Side) -> str:
    return make_town(here.distributor, homes=1).name


def run(here: Side, *arguments: str) -> str:
    said = io.StringIO()
    call_command("upstream", "--distributor", here.distributor.name, *arguments, stdout=said)
    return said.getvalue()


def add(here: Side, program: str, *further: str) -> str:
    return run(here, "add", "Market", URL, "--program", program, "--ven-name", "larkfield", *further)


def test_added_one_asks_everybody_unless_told_otherwise(here: Side, program: str) -> None:
    said = add(here, program, "--policy", "schedule", "--poll-seconds", "30")
    assert "every 30 s" in said
    row = Upstream.objects.get()
    assert (row.name, row.policy, row.targets) == ("Market", "schedule", [])


def test_added_one_asks_those_who_are_named(here: Side, program: str) -> None:
    group = OrganizationGroup.objects.create(distributor=here.distributor, name="Schools")
    other = OrganizationGroup.objects.create(distributor=here.distributor, name="Cold stores")
    feeder = here.home.feeder
    named = ["--group", "Schools", "--group", "Cold stores", "--feeder", feeder.name]
    add(here, program, *named, "--organization", here.organization.name)
    wanted = [f"group-{group.pk}", f"group-{other.pk}", f"feeder-{feeder.pk}", f"organization-{here.organization.pk}"]
    assert Upstream.objects.get().targets == wanted


@pytest.mark.parametrize("kind", ["group", "feeder", "organization"])
def test_name_that_nobody_has_is_refused_and_nothing_is_added(here: Side, program: str, kind: str) -> None:
    with pytest.raises(CommandError, match=f"There is no {kind} “Nowhere”"):
        add(here, program, f"--{kind}", "Nowhere")
    assert not Upstream.objects.exists()


def test_names_of_another_distributor_are_names_that_nobody_has(world: World, program: str) -> None:
    for kind, name in (("feeder", world.there.home.feeder.name), ("organization", world.there.organization.name)):
        with pytest.raises(CommandError, match=f"There is no {kind}"):
            add(world.here, program, f"--{kind}", name)


def test_stopped_one_is_left_alone_until_it_is_started(here: Side, program: str) -> None:
    add(here, program)
    run(here, "stop", "Market")
    assert "Market: stopped" in run(here, "list")
    with pytest.raises(CommandError, match="is stopped"):
        run(here, "poll", "Market")
    run(here, "start", "Market")
    assert "Market: connected" in run(here, "list")
    with pytest.raises(CommandError, match="no VTN above called"):
        run(here, "stop", "Bazaar")
