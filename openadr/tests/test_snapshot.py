"""What a process knows of all VENs, while many of them change."""

import pytest
from django.db import DatabaseError

from openadr.models import Ven, VenState
from openadr.services import changes
from openadr.services.changes import announce_changes
from openadr.tests.delivery_world import make_ven
from openadr.tests.wire import make_registered
from openadr.vtn20b import snapshot as snapshot_module
from openadr.vtn20b.snapshot import Snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def ven(here):
    return make_registered(here.distributor, here.home, owner=here.resident)


def test_a_revocation_goes_before_what_is_left_of_a_mass_change(ven, here, monkeypatch):
    last = [make_registered(here.distributor) for _ in range(9)][-1]
    monkeypatch.setattr(snapshot_module, "CHUNK", 2)
    monkeypatch.setattr(snapshot_module, "FEW", 3)
    snapshot, pieces, read = Snapshot(), [], snapshot_module._entries
    snapshot.refresh()

    def noted(pks):
        pieces.append(list(pks))
        if len(pieces) == 1:
            Ven.objects.filter(pk=last.pk).update(state=VenState.REVOKED)
            announce_changes([last.pk])
        return read(pks)

    monkeypatch.setattr(snapshot_module, "_entries", noted)
    announce_changes(Ven.objects.values_list("pk", flat=True))
    assert snapshot.refresh() == 10
    assert last.pk in pieces[1]
    assert [len(piece) for piece in pieces] == [2] * 5
    assert not snapshot.find(last.ven_id).is_allowed


def test_what_could_not_be_read_is_read_the_next_time(ven, here, monkeypatch):
    vens = [make_registered(here.distributor) for _ in range(5)]
    monkeypatch.setattr(snapshot_module, "CHUNK", 2)
    snapshot, read, calls = Snapshot(), snapshot_module._entries, []

    def failing(pks):
        calls.append(pks)
        if len(calls) == 2:
            raise DatabaseError("gone")
        return read(pks)

    monkeypatch.setattr(snapshot_module, "_entries", failing)
    with pytest.raises(DatabaseError):
        snapshot.refresh()
    snapshot.refresh()
    assert all(snapshot.find(each.ven_id) for each in vens)


@pytest.mark.parametrize("many", [1, 50_000])
def test_who_is_gone_is_forgotten_however_many_changed(ven, here, monkeypatch, many):
    monkeypatch.setattr(changes, "MANY", many)
    other, gone = make_registered(here.distributor), make_ven(here.distributor)
    snapshot = Snapshot()
    snapshot.refresh()
    key, name = gone.pk, gone.ven_id
    gone.delete()
    announce_changes([other.pk, key])
    snapshot.refresh()
    assert (snapshot.find(name), snapshot.of_pk(key), len(snapshot)) == (None, None, 2)
