"""Residents claim their meter with its number and a code."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry
from common.intervals import day_bounds, local_day
from delivery.models import Message
from delivery.services import drain
from meters.errors import ClaimRefused, HoldsAnother, TooManyClaims
from meters.models import ClaimCode, IntervalReading, MeterMap
from meters.services import claim_meter, claims, codes, issue_claim_codes, leave_meter, withdraw_claim_code
from meters.tests.helpers import ingest
from tests.builder import make_distributor, make_member, make_meter, make_organization, make_user, map_meter

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _no_tries_yet():
    cache.clear()


@pytest.fixture
def distributor():
    return make_distributor()


@pytest.fixture
def meter(distributor):
    return make_meter(distributor, "M-1")


@pytest.fixture
def resident(distributor):
    return make_user(distributor)


def today(meter):
    return local_day(timezone.now(), meter.zone)


def first(meter, day):
    return day_bounds(day, meter.zone)[0]


def code_for(meter, days=0):
    """A code for who moves in so many days from now."""
    return issue_claim_codes(meters=[meter], moving_in=today(meter) + days * DAY)[0].code


def refused(user, number, code, **options):
    with pytest.raises(ClaimRefused) as refusal:
        claim_meter(user=user, number=number, code=code, **options)
    return str(refusal.value)


def test_number_and_code_link_the_meter_from_the_moving_in_day_on(meter, resident):
    row = claim_meter(user=resident, number="M-1", code=code_for(meter, -10))
    assert (row.entity_id, row.meter, row.valid_to) == (resident.pk, meter, None)
    assert row.valid_from == first(meter, today(meter) - 10 * DAY)
    used = ClaimCode.objects.get()
    assert (used.used_by, used.used_at is not None) == (resident, True)


def test_a_code_is_typed_in_any_case_with_or_without_dashes_and_look_alikes(meter, resident):
    code = "0101-7KQ2-M4XD"
    codes.store_claim_codes(codes=[codes.NewCode(meter, codes.read_code(code))])
    assert claim_meter(user=resident, number=" M-1 ", code="oloI 7kq2m4xd").meter == meter


def test_a_code_works_once(meter, resident, distributor):
    code = code_for(meter)
    claim_meter(user=resident, number="M-1", code=code)
    assert refused(make_user(distributor), "M-1", code) == claims.refusal()
    assert MeterMap.objects.filter(meter=meter, holder_kind="user").count() == 1


@pytest.mark.parametrize(
    "spoil", ["wrong code", "other meter", "unknown", "expired", "withdrawn", "replaced", "abroad"]
)
def test_whatever_is_wrong_the_sentence_is_the_same(spoil, meter, resident, distributor):
    code, number, user = code_for(meter), "M-1", resident
    if spoil == "wrong code":
        code = codes.written("Z" * 12)
    elif spoil == "other meter":
        number = make_meter(distributor).number
    elif spoil == "unknown":
        number = "no such meter"
    elif spoil == "expired":
        past = timezone.now() - 100 * DAY
        ClaimCode.objects.update(issued_at=past, expires_at=past + DAY)
    elif spoil == "withdrawn":
        withdraw_claim_code(meter=meter)
    elif spoil == "replaced":
        code_for(meter)
    elif spoil == "abroad":
        user = make_user(make_distributor())
    assert refused(user, number, code) == claims.refusal()
    assert not MeterMap.objects.filter(holder_kind="user").exists()
    assert not ClaimCode.objects.filter(used_at__isnull=False).exists()


def test_a_known_number_takes_the_same_queries_and_hashes_as_an_unknown_one(meter, resident, monkeypatch):
    code_for(meter)
    hashed = []
    plain = codes.digest_of
    monkeypatch.setattr(codes, "digest_of", lambda *args, **kwargs: hashed.append(args) or plain(*args, **kwargs))
    work = []
    for number in ("M-1", "unknown"):
        hashed.clear()
        with CaptureQueriesContext(connection) as queries:
            assert claims._code_of(resident, number, "Z" * 12) is None
        work.append((len(queries), len(hashed)))
    assert work[0] == work[1] == (1, 1)


def test_an_earlier_secret_key_still_knows_its_codes(meter, resident, settings):
    code = code_for(meter)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key", [settings.SECRET_KEY]
    assert claim_meter(user=resident, number="M-1", code=code).meter == meter


def test_no_code_is_stored_anywhere(meter, resident):
    code = code_for(meter)
    claim_meter(user=resident, number="M-1", code=code)
    drain()
    plain = codes.read_code(code)
    rows = [*ClaimCode.objects.values(), *AuditEntry.objects.values(), *Message.objects.values()]
    assert rows
    assert not any(sought in str(row) for row in rows for sought in (code, plain))
    assert not any(ClaimCode.objects.get().digest in str(row) for row in AuditEntry.objects.values())


def test_members_and_staff_cannot_claim(meter, distributor):
    member = make_member(make_organization(distributor))
    staff = make_user(distributor, staff_role="staff")
    for user in (member, staff):
        assert "Only residents" in refused(user, "M-1", code_for(meter))


def test_who_lived_there_before_is_out_from_that_moment_and_both_are_told(meter, resident, distributor):
    before = make_user(distributor)
    map_meter(meter, before)
    row = claim_meter(user=resident, number="M-1", code=code_for(meter, -3))
    assert MeterMap.objects.get(entity_id=before.pk).valid_to == row.valid_from == first(meter, today(meter) - 3 * DAY)
    told = Message.objects.filter(kind="meter-notice")
    assert dict(told.values_list("recipient", "payload__about")) == {
        before.email: "newcomer",
        resident.email: "claimed",
    }
    assert {message.tenant_id for message in told} == {distributor.pk}


def test_a_time_that_ended_is_not_touched_and_the_newcomer_begins_after_it(meter, resident, distributor):
    before = make_user(distributor)
    ended = first(meter, today(meter) - 2 * DAY)
    map_meter(meter, before, valid_to=ended)
    assert claim_meter(user=resident, number="M-1", code=code_for(meter, -10)).valid_from == ended
    assert MeterMap.objects.get(entity_id=before.pk).valid_to == ended


def test_an_old_bill_takes_no_meter_from_who_moved_in_since(meter, resident, distributor):
    code = code_for(meter, -10)
    map_meter(meter, make_user(distributor), first(meter, today(meter) - 5 * DAY))
    assert refused(resident, "M-1", code) == claims.refusal()


def test_a_day_to_come_gives_nothing_to_see_before_it(meter, resident):
    row = claim_meter(user=resident, number="M-1", code=code_for(meter, 5))
    assert row.valid_from > timezone.now()
    assert not type(meter).objects.visible_to(resident).exists()


def test_moving_house_is_asked_about_and_then_ends_the_old_meter_on_the_day(meter, resident, distributor):
    old = make_meter(distributor, "OLD")
    map_meter(old, resident)
    code = code_for(meter, -4)
    with pytest.raises(HoldsAnother) as asks:
        claim_meter(user=resident, number="M-1", code=code)
    assert (asks.value.meter, asks.value.day) == (old, today(meter) - 4 * DAY)
    assert ClaimCode.objects.open().count() == 1
    row = claim_meter(user=resident, number="M-1", code=code, end_old=True)
    assert MeterMap.objects.get(meter=old, entity_id=resident.pk).valid_to == row.valid_from
    abouts = Message.objects.filter(kind="meter-notice").values_list("payload__about", flat=True)
    assert sorted(abouts) == ["claimed", "moved"]


def test_who_moved_out_already_needs_no_question(meter, resident, distributor):
    old = make_meter(distributor, "OLD")
    map_meter(old, resident)
    leave_meter(user=resident, meter=old, day=today(old) + 3 * DAY)
    row = claim_meter(user=resident, number="M-1", code=code_for(meter, 7))
    assert row.valid_from == first(meter, today(meter) + 7 * DAY)


def test_a_meter_of_ones_own_is_not_claimed_twice(meter, resident):
    claim_meter(user=resident, number="M-1", code=code_for(meter, -3))
    assert refused(resident, "M-1", code_for(meter)) == "This meter is yours already."


def test_nobody_guesses_on_and_on(meter, resident):
    for _try in range(10):
        assert refused(resident, "M-1", "wrong") == claims.refusal()
    with pytest.raises(TooManyClaims):
        claim_meter(user=resident, number="M-1", code=code_for(meter))


def test_an_address_is_limited_over_all_who_come_from_it(distributor):
    for _person in range(3):
        user = make_user(distributor)
        for number in range(10):
            refused(user, f"N{number}", "wrong", address="203.0.113.7")
    assert "Too many" in refused(make_user(distributor), "N1", "wrong", address="203.0.113.7")
    assert "Too many" not in refused(make_user(distributor), "N1", "wrong", address="203.0.113.8")


def test_a_stranger_alone_cannot_lock_a_family_out(meter, resident, distributor):
    stranger = make_user(distributor)
    for _try in range(40):
        refused(stranger, "M-1", "wrong")
    assert claim_meter(user=resident, number="M-1", code=code_for(meter)).meter == meter


def test_the_history_says_who_claimed(meter, resident):
    row = claim_meter(user=resident, number="M-1", code=code_for(meter))
    acts = AuditEntry.objects.filter(act="meter.claimed", actor_id=resident.pk)
    assert {entry.content_type.model for entry in acts} == {"metermap", "claimcode"}
    assert acts.filter(object_pk=str(row.pk)).exists()
    assert set(acts.values_list("tenant_id", flat=True)) == {meter.distributor_id}


def test_notices_are_written_in_words(meter, resident, mailoutbox, settings):
    settings.DELIVERY_EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    claim_meter(user=resident, number="M-1", code=code_for(meter))
    while drain():
        pass
    sent = next(mail for mail in mailoutbox if mail.to == [resident.email])
    assert "M-1" in sent.subject
    assert "is yours from" in sent.body


def test_neither_sees_a_reading_of_the_other(meter, resident, distributor):
    before = make_user(distributor)
    moved = first(meter, date(2026, 3, 8))  # the clocks change on this day
    map_meter(meter, before, datetime(2026, 1, 1, tzinfo=UTC))
    starts = [moved + timedelta(minutes=30 * number) for number in range(-3, 3)]
    ingest(meter, *((start, 1) for start in starts))
    code = issue_claim_codes(meters=[meter], moving_in=date(2026, 3, 8))[0].code
    claim_meter(user=resident, number="M-1", code=code)
    seen = [
        list(IntervalReading.objects.visible_to(user).order_by("start").values_list("start", flat=True))
        for user in (before, resident)
    ]
    assert seen == [starts[:3], starts[3:]]
