"""Who a message is from: proven, or one same refusal."""

import statistics
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import ApprovalStatus
from accounts.services import set_approval
from openadr.errors import NotKnown, NotValid, Replayed
from openadr.models import UsedNonce
from openadr.services.enrolling import revoke_certificate, revoke_ven, rotate_certificate
from openadr.tests.hostile.messages import poll
from openadr.tests.signed import Device, device
from openadr.vtn20b import gate
from openadr.vtn20b import snapshot as snapshot_module
from openadr.vtn20b.nonces import Nonces
from openadr.vtn20b.signing import Protection
from openadr.vtn20b.snapshot import Snapshot
from tests.builder import Side

pytestmark = pytest.mark.django_db
# It names no VEN.
QUERY = (
    poll()
    .replace("<ei:venID>ven-x</ei:venID>", "<pyld:requestID>1</pyld:requestID>")
    .replace("oadrPoll", "oadrQueryRegistration")
    .replace("xmlns:ei", 'xmlns:pyld="http://docs.oasis-open.org/ns/energyinterop/201110/payloads" xmlns:ei')
)


@pytest.fixture(autouse=True)
def _alone(settings, tmp_path):
    settings.VAR_DIR, settings.REDIS_URL = tmp_path, ""
    gate.nonces.cache_clear()
    yield
    gate.nonces.cache_clear()


def admitted(body: bytes, fingerprint: str | None, *, is_open: bool = False) -> gate.Admitted:
    snapshot = Snapshot()
    snapshot.refresh()
    return gate.admit(snapshot=snapshot, body=body, fingerprint=fingerprint, is_open=is_open)


def refusal(body: bytes, fingerprint: str | None, *, is_open: bool = False) -> tuple[int, str]:
    with pytest.raises(NotKnown) as refused:
        admitted(body, fingerprint, is_open=is_open)
    return refused.value.status, str(refused.value)


@pytest.fixture
def pump(here: Side) -> Device:
    return device(here.distributor, owner=here.resident.entity)


@pytest.fixture
def other(here: Side) -> Device:
    return device(here.distributor, "Other")


def test_pinned_certificate_proves_the_ven(pump: Device) -> None:
    caller = admitted(pump.poll(), pump.fingerprint).caller
    assert caller is not None
    assert (caller.pk, caller.ven_id) == (pump.ven.pk, pump.ven.ven_id)


def test_every_stranger_gets_the_same_answer(here: Side, pump: Device, other: Device) -> None:
    strict = device(here.distributor, "Strict", must_sign=True)
    answers = {
        refusal(pump.poll(ven_id="ven-nobody"), pump.fingerprint),
        refusal(pump.poll(ven_id="ven-nobody"), None),
        refusal(pump.poll(), None),
        refusal(pump.poll(), other.fingerprint),
        refusal(pump.poll(), "0" * 64),
        refusal(pump.poll(ven_id=pump.ven.ven_id.upper()), pump.fingerprint),
        refusal(strict.poll(), strict.fingerprint),
        refusal(other.poll(is_signed=True, ven_id=pump.ven.ven_id), pump.fingerprint),
    }
    revoke_certificate(certificate=other.ven.certificates.get())
    answers.add(refusal(other.poll(), other.fingerprint))
    set_approval(user=here.resident, status=ApprovalStatus.REJECTED, by=None)
    answers.add(refusal(pump.poll(), pump.fingerprint))
    revoke_ven(ven=strict.ven)
    answers.add(refusal(strict.poll(is_signed=True), strict.fingerprint))
    assert answers == {(403, "Not registered or not authorized.")}


def test_unknown_and_wrongly_certified_take_the_same_time(pump: Device, other: Device) -> None:
    snapshot = Snapshot()
    snapshot.refresh()
    bodies = (pump.poll(ven_id="ven-" + "0" * 32), pump.poll())
    took: tuple[list[float], list[float]] = ([], [])
    for turn in range(600):
        began = time.perf_counter()
        with pytest.raises(NotKnown):
            gate.admit(snapshot=snapshot, body=bodies[turn % 2], fingerprint=other.fingerprint, is_open=False)
        took[turn % 2].append(time.perf_counter() - began)
    assert 0.8 < statistics.median(took[0]) / statistics.median(took[1]) < 1.25


def test_expired_certificate_proves_nothing(pump: Device) -> None:
    now = timezone.now()
    pump.ven.certificates.update(valid_from=now - timedelta(days=2), valid_to=now - timedelta(days=1))
    refusal(pump.poll(), pump.fingerprint)


def test_certificate_ends_by_the_clock_in_what_was_read_before(pump: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshot, ends = Snapshot(), pump.ven.certificates.get().valid_to.timestamp()
    snapshot.refresh()
    nameless = QUERY.encode()
    for seconds, is_good in ((-1, True), (0, False), (1, False)):
        monkeypatch.setattr(snapshot_module, "now", lambda seconds=seconds: ends + seconds)
        assert (snapshot.of_fingerprint(pump.fingerprint) is not None) is is_good
        for body in (pump.poll(), nameless):
            if is_good:
                gate.admit(snapshot=snapshot, body=body, fingerprint=pump.fingerprint, is_open=False)
                continue
            with pytest.raises(NotKnown):
                gate.admit(snapshot=snapshot, body=body, fingerprint=pump.fingerprint, is_open=False)


def test_both_certificates_are_good_while_one_is_replaced(pump: Device) -> None:
    rotate_certificate(ven=pump.ven)
    assert admitted(pump.poll(), pump.fingerprint).caller
    rotate_certificate(ven=pump.ven, is_at_once=True)
    refusal(pump.poll(), pump.fingerprint)


def test_message_without_a_ven_id_is_of_whom_the_certificate_is(pump: Device) -> None:
    caller = admitted(QUERY.encode(), pump.fingerprint).caller
    assert caller is not None
    assert caller.pk == pump.ven.pk
    refusal(QUERY.encode(), None)
    assert admitted(QUERY.encode(), None, is_open=True).caller is None


def test_open_demonstration_believes_the_ven_id_but_knows_who_was_revoked(pump: Device) -> None:
    assert admitted(pump.poll(), None, is_open=True).caller
    refusal(pump.poll(ven_id="ven-nobody"), None, is_open=True)
    revoke_ven(ven=pump.ven)
    refusal(pump.poll(), None, is_open=True)


def test_signed_message_counts_once(pump: Device) -> None:
    body = pump.poll(is_signed=True)
    assert admitted(body, pump.fingerprint).is_signed
    with pytest.raises(Replayed):
        admitted(body, pump.fingerprint)
    gate.nonces.cache_clear()  # as another process, or the same after a restart
    with pytest.raises(Replayed):
        admitted(body, pump.fingerprint)
    assert admitted(pump.poll(is_signed=True), pump.fingerprint).caller


def test_signature_of_another_pinned_ven_does_not_help(pump: Device, other: Device) -> None:
    refusal(other.poll(is_signed=True, ven_id=pump.ven.ven_id), other.fingerprint)
    refusal(other.poll(is_signed=True, ven_id=pump.ven.ven_id), pump.fingerprint)


@pytest.mark.parametrize("seconds", [-61, 61])
def test_time_of_a_signed_message_may_be_off_by_a_minute_at_most(pump: Device, seconds: int) -> None:
    store = Nonces()
    now = datetime.now(UTC)
    store.use(Protection(now + timedelta(seconds=seconds * 0.95), "a", pump.fingerprint))
    with pytest.raises(Replayed):
        store.use(Protection(now + timedelta(seconds=seconds), "b", pump.fingerprint))


def test_same_nonce_of_two_vens_is_two(pump: Device, other: Device) -> None:
    store, now = Nonces(), datetime.now(UTC)
    store.use(Protection(now, "a", pump.fingerprint))
    store.use(Protection(now, "a", other.fingerprint))
    with pytest.raises(Replayed):
        store.use(Protection(now + timedelta(seconds=1), "a", other.fingerprint))
    assert UsedNonce.objects.count() == 2


def test_message_that_breaks_the_schema_is_taken_where_the_ven_is_lenient(pump: Device) -> None:
    odd = poll(pump.ven.ven_id, after="<extra/>").encode()
    with pytest.raises(NotValid):
        admitted(odd, pump.fingerprint)
    pump.ven.is_lenient = True
    pump.ven.save()
    taken = admitted(odd, pump.fingerprint)
    assert taken.caller
    assert "extra" in taken.fault
    for fingerprint in (None, "0" * 64):
        with pytest.raises(NotValid):
            admitted(odd, fingerprint)


def test_signed_message_is_held_to_the_schema_even_where_the_ven_is_lenient(pump: Device) -> None:
    pump.ven.is_lenient = True
    pump.ven.save()
    body = pump.poll(is_signed=True).replace(b"</ei:venID>", b"</ei:venID><extra/>")
    with pytest.raises(NotValid):
        admitted(body, pump.fingerprint)


def test_two_ven_ids_in_one_message_are_nobody(pump: Device, other: Device) -> None:
    pump.ven.is_lenient = True
    pump.ven.save()
    odd = poll(pump.ven.ven_id, after=f"<ei:venID>{other.ven.ven_id}</ei:venID>").encode()
    with pytest.raises(NotValid):
        admitted(odd, pump.fingerprint)
