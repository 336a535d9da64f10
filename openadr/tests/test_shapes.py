"""Polls like earlier ones: taken without being parsed, and never another one than the parser would read."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import ApprovalStatus
from accounts.services import set_approval
from openadr.errors import NotKnown
from openadr.services.enrolling import revoke_certificate, revoke_ven
from openadr.tests.hostile.messages import poll
from openadr.tests.signed import Device, device
from openadr.vtn20b import gate, safe
from openadr.vtn20b.gate import Admitted, said_ven_id
from openadr.vtn20b.shapes import MOST, MOST_BYTES, Shapes
from openadr.vtn20b.snapshot import Snapshot
from tests.builder import Side


def learned(*bodies: str, ven_id: str = "ven-x") -> Shapes:
    """Shapes after these messages of this VEN."""
    shapes = Shapes()
    for body in bodies:
        shapes.learn(body.encode(), element_of(body.encode()), ven_id)
    return shapes


def element_of(body: bytes):
    return safe.kind_of(safe.read_message(body))[1]


def test_another_ven_id_in_the_same_place_is_read() -> None:
    found = learned(poll()).read(poll("ven-other.7").encode())
    assert found is not None
    assert found[0] == "ven-other.7"
    assert found[1].tag.endswith("}oadrPoll")


@pytest.mark.parametrize(
    "body",
    [
        poll().replace("2.0b", "2.0a"),
        poll() + " ",
        poll("&#118;en-x"),
        poll(" ven-x"),
        poll("ven-x<b/>"),
        poll("v" * 65),
        poll().replace("ei:venID>", "ei:venID >"),
        poll(after="<ei:venID>ven-y</ei:venID>"),
        poll(before="<ei:venID>ven-y</ei:venID>"),
        "",
        "venID>ven-x</",
    ],
)
def test_anything_else_is_to_be_parsed(body: str) -> None:
    assert learned(poll()).read(body.encode()) is None


# As valid, but no place in which the search for the venID finds it.
SPACED = ("<ei:venID>ven-x</ei:venID></", "<ei:venID >ven-x</ei:venID></")


@pytest.mark.parametrize(
    "body",
    [
        poll(before="<!-- <ei:venID>ven-x</ei:venID> -->").replace(*SPACED),
        poll(before="<?x venID>ven-x</?>").replace(*SPACED),
        poll("<![CDATA[<ei:venID>ven-x</ei:venID>]]>"),
        poll("ven-y"),
        poll(root=' xmlns:a="' + "x" * MOST_BYTES + '"'),
    ],
)
def test_where_something_else_could_stand_in_its_place_nothing_is_learned(body: str) -> None:
    shapes, element = Shapes(), element_of(poll().encode())
    shapes.learn(body.encode(), element, "ven-x")
    assert len(shapes) == 0


def test_memory_is_bounded_and_the_newest_shapes_stay() -> None:
    bodies = [poll(after=" " * number) for number in range(MOST + 10)]
    shapes = learned(*bodies)
    assert len(shapes) == MOST
    assert [shapes.read(body.encode()) is not None for body in bodies] == [False] * 10 + [True] * MOST


@given(
    st.text(st.sampled_from("abZ09._:-<>/&;!\"' \n\u00e9"), max_size=70),
    st.sampled_from(["before", "after", "end", "root"]),
)
def test_what_is_read_is_what_the_parser_reads(ven_id: str, place: str) -> None:
    shapes = learned(poll(), poll(after=" \n"))
    for body in (poll(ven_id), poll(**{place: ven_id})):
        found = shapes.read(body.encode())
        if found is not None:
            assert found[0] == said_ven_id(element_of(body.encode()))


def admitted(snapshot: Snapshot, body: bytes, fingerprint: str | None, *, is_open: bool = False) -> Admitted:
    return gate.admit(snapshot=snapshot, body=body, fingerprint=fingerprint, is_open=is_open)


@pytest.mark.django_db
class TestAtTheGate:
    """The same VENs are let in, and the same ones are not, as when each message is parsed."""

    @pytest.fixture(autouse=True)
    def _alone(self, settings, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
        settings.VAR_DIR, settings.REDIS_URL = tmp_path, ""
        monkeypatch.setattr(gate, "_shapes", Shapes())

    def snapshot(self) -> Snapshot:
        snapshot = Snapshot()
        snapshot.refresh()
        return snapshot

    def test_the_second_poll_of_a_shape_is_not_parsed(self, here: Side, monkeypatch: pytest.MonkeyPatch) -> None:
        one, other = device(here.distributor, "One"), device(here.distributor, "Other")
        snapshot = self.snapshot()
        first = admitted(snapshot, one.poll(), one.fingerprint)
        monkeypatch.setattr(safe, "opened", lambda *_, **__: pytest.fail("parsed"))
        for each in (one, other):
            second = admitted(snapshot, each.poll(), each.fingerprint)
            assert second.caller is not None
            assert (second.caller.pk, second.kind, second.fault) == (each.ven.pk, first.kind, "")
            assert not second.is_signed

    def test_who_is_not_proven_is_refused_all_the_same(self, here: Side) -> None:
        one, other = device(here.distributor, "One"), device(here.distributor, "Other")
        strict = device(here.distributor, "Strict", must_sign=True)
        gone, worn = device(here.distributor, "Gone"), device(here.distributor, "Worn")
        owned = device(here.distributor, "Owned", owner=here.resident.entity)
        away = device(here.distributor, "Away")
        snapshot = self.snapshot()
        for each in (one, gone, worn, owned, away):
            admitted(snapshot, each.poll(), each.fingerprint)
        revoke_ven(ven=gone.ven)
        revoke_certificate(certificate=worn.ven.certificates.get())
        set_approval(user=here.resident, status=ApprovalStatus.REJECTED, by=None)
        snapshot = self.snapshot()
        snapshot.find(away.ven.ven_id).fingerprints = {away.fingerprint: time.time() - 1}  # ended since
        for body, fingerprint in (
            (one.poll(), other.fingerprint),
            (one.poll(), None),
            (one.poll(ven_id="ven-nobody"), one.fingerprint),
            (strict.poll(), strict.fingerprint),
            *((each.poll(), each.fingerprint) for each in (gone, worn, owned, away)),
        ):
            with pytest.raises(NotKnown):
                admitted(snapshot, body, fingerprint)
        with pytest.raises(NotKnown):
            admitted(snapshot, strict.poll(), None, is_open=True)

    def test_strangers_teach_nothing(self, here: Side) -> None:
        one: Device = device(here.distributor, "One")
        with pytest.raises(NotKnown):
            admitted(self.snapshot(), one.poll(), "0" * 64)
        assert len(gate._shapes) == 0
