"""A trial run is the distributor's own: no customer meets an amount under a rule that nobody promised."""

import pytest
from django.test import Client

from accounts.exports import parts
from settlement.models import RunKind, SettlementLine
from settlement.services import settle
from settlement.tests.world import make_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    world, _program, event = make_case()
    settle(event=event)
    assert settle(event=event, preset="ten-in-ten").kind == RunKind.TRIAL
    return world


def lines_of(meter, kind):
    return SettlementLine.objects.filter(meter=meter, run__kind=kind)


@pytest.mark.parametrize("page", ["/rewards/{}/why", "/rewards/{}/evidence.json", "/rewards/{}/dispute"])
def test_no_page_opens_a_trials_line(world, page):
    for meter, reader in ((world.here.home, world.here.resident), (world.here.school, world.here.organization_admin)):
        client = Client()
        client.force_login(reader)
        trial, final = lines_of(meter, RunKind.TRIAL).first(), lines_of(meter, RunKind.FINAL).first()
        assert client.get(page.format(trial.pk)).status_code == 404
        assert client.get(page.format(final.pk)).status_code == 200


def test_only_the_distributors_people_see_them(world):
    trials = lines_of(world.here.home, RunKind.TRIAL)
    for reader in (world.here.resident, world.here.member, world.there.admin, world.here.pending):
        assert not trials.visible_to(reader).exists()
    for reader in (world.here.admin, world.here.staff, world.here.auditor, world.platform):
        assert trials.visible_to(reader).exists()


def test_the_copy_of_the_own_data_has_none(world):
    kinds = {row["run_kind"] for part in parts() for row in part.rows(world.here.resident) if "run_kind" in row}
    assert kinds == {RunKind.FINAL}
