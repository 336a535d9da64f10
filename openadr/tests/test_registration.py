"""VENs register, again after lost answers, and are asked to go or to come again."""

import pytest

from accounts.models import ApprovalStatus
from openadr.errors import NotKnown, WrongVenState
from openadr.models import ReportRequest, RequestState, Ven, VenChange, VenState
from openadr.services.pending import vens_with_messages
from openadr.services.registration import ask_to_cancel, ask_to_reregister
from openadr.tests import devices
from openadr.tests.devices import code_of, make_ven, metadata, offer, say, sent
from openadr.vtn20b.names import NS
from openadr.vtn20b.pending import next_message

PARTY = {
    "ven_name": "Boiler", "http_pull_model": True, "xml_signature": False, "report_only": False,
    "profile_name": "2.0b", "transport_name": "simpleHttp", "transport_address": None,
}  # fmt: skip


@pytest.fixture
def ven(here):
    return Ven.objects.create(distributor=here.distributor, name="Boiler", ven_id="ven-1", poll_seconds=30)


def register(ven, **fields):
    return say(ven, "oadrCreatePartyRegistration", **(PARTY | fields))


def ids(reply):
    found = sent(reply)
    return tuple(found.findtext(f"ei:{name}", namespaces=NS) for name in ("registrationID", "venID"))


def test_a_query_offers_the_profile_and_tells_no_id(ven):
    reply = say(None, "oadrQueryRegistration")
    found = sent(reply)
    assert ids(reply) == ("", "")
    assert found.findtext("ei:eiResponse/pyld:requestID", namespaces=NS) == "007"
    assert [each.text for each in found.iterfind(".//oadr:oadrProfileName", NS)] == ["2.0b"]
    assert [each.text for each in found.iterfind(".//oadr:oadrTransportName", NS)] == ["simpleHttp"]


def test_a_known_ven_that_asks_hears_its_registration(ven):
    assert ids(say(ven, "oadrQueryRegistration")) == ("", "")
    told = ids(register(ven))
    assert ids(say(ven, "oadrQueryRegistration")) == told


def test_an_enrolled_ven_registers(ven):
    reply = register(ven)
    ven.refresh_from_db()
    assert code_of(reply) == "200"
    assert ids(reply) == (ven.registration_id, "ven-1")
    assert sent(reply).findtext(".//xcal:duration", namespaces=NS) == "PT30S"
    assert ven.state == VenState.REGISTERED
    assert ven.said["name"] == "Boiler"
    assert VenChange.objects.filter(ven=ven).exists()


def test_registering_again_is_the_same_registration(ven):
    first = ids(register(ven))
    assert ids(register(ven)) == first
    assert ids(register(ven, registration_id=first[0], ven_name="Boiler 2")) == first
    ven.refresh_from_db()
    assert ven.said["name"] == "Boiler 2"


def test_a_wrong_registration_is_452_and_changes_nothing(ven):
    first = ids(register(ven))
    reply = register(ven, registration_id="registration-of-somebody")
    assert code_of(reply) == "452"
    assert ids(reply) == ("", "")
    assert ids(register(ven)) == first


@pytest.mark.parametrize(
    "fields", [{"profile_name": "2.0a"}, {"transport_name": "xmpp"}, {"http_pull_model": False}], ids=str
)
def test_what_is_not_served_is_said(ven, fields):
    assert code_of(register(ven, **fields)) == "459"
    ven.refresh_from_db()
    assert ven.state == VenState.ENROLLED


def test_in_the_open_demonstration_the_name_decides(ven):
    assert ids(register(None, ven_id=None))[1] == "ven-1"


@pytest.mark.parametrize("name", ["Boile", "boiler", "", "Boiler' OR 1=1"])
def test_a_name_that_nobody_enrolled_is_nobody(ven, name):
    with pytest.raises(NotKnown):
        register(None, ven_id=None, ven_name=name)
    assert Ven.objects.count() == 1


def test_a_name_of_two_distributors_is_nobody(ven, world):
    Ven.objects.create(distributor=world.there.distributor, name="Boiler", ven_id="ven-2")
    with pytest.raises(NotKnown):
        register(None, ven_id=None)


def test_a_name_says_nothing_beside_a_certificate(ven):
    body = devices.create_message("oadrCreatePartyRegistration", request_id="1", **PARTY)
    with pytest.raises(NotKnown):
        devices.hand_in(body, None, fingerprint="0" * 64)


def test_a_revoked_ven_does_not_register(ven):
    Ven.objects.filter(pk=ven.pk).update(state=VenState.REVOKED)
    for sender in (ven, None):
        with pytest.raises(NotKnown):
            register(sender)


def test_a_ven_of_who_is_not_approved_does_not_register_by_name(here, ven):
    here.resident.approval_status = ApprovalStatus.REJECTED
    here.resident.save()
    Ven.objects.filter(pk=ven.pk).update(owner=here.resident.pk)
    with pytest.raises(NotKnown):
        register(None, ven_id=None)


def test_a_ven_cancels_its_registration_and_its_reports_with_it(here):
    ven = make_ven(here.distributor, here.home)
    offer(ven, metadata(e=("energy_real", "house")))
    reply = say(ven, "oadrCancelPartyRegistration", registration_id=ven.registration_id)
    assert code_of(reply) == "200"
    number = ven.registration_id
    ven.refresh_from_db()
    assert (ven.state, ven.registration_id) == (VenState.ENROLLED, None)
    assert set(ReportRequest.objects.values_list("state", flat=True)) == {RequestState.ENDED}
    assert code_of(say(ven, "oadrCancelPartyRegistration", registration_id=number)) == "200"
    assert next_message(ven_pk=ven.pk) is None


def test_a_ven_cannot_cancel_what_it_has_not(here):
    ven = make_ven(here.distributor)
    assert code_of(say(ven, "oadrCancelPartyRegistration", registration_id="x")) == "452"
    ven.refresh_from_db()
    assert ven.state == VenState.REGISTERED


def test_the_operator_cancels_and_the_ven_is_told_until_it_confirms(here):
    ven = make_ven(here.distributor, here.home)
    number = ven.registration_id
    ask_to_cancel(ven=ven, by=here.admin)
    for _poll in range(2):
        assert vens_with_messages(None) == {ven.pk}
        told = sent(next_message(ven_pk=ven.pk))
        assert told.findtext("ei:registrationID", namespaces=NS) == number
    fields = {"response": {"response_code": 200, "response_description": "OK", "request_id": "1"}}
    say(ven, "oadrCanceledPartyRegistration", registration_id=number, **fields)
    assert vens_with_messages([ven.pk]) == set()
    assert next_message(ven_pk=ven.pk) is None
    with pytest.raises(WrongVenState):
        ask_to_cancel(ven=ven)


def test_a_cancelled_ven_may_register_anew(here):
    ven = make_ven(here.distributor)
    number = ven.registration_id
    ask_to_cancel(ven=ven)
    reply = register(ven, registration_id=number)
    assert code_of(reply) == "200"
    assert ids(reply)[0] not in (number, "")
    assert next_message(ven_pk=ven.pk).kind == "oadrRegisterReport"


def test_the_operator_has_a_ven_register_again(here):
    ven = make_ven(here.distributor)
    ask_to_reregister(ven=ven, by=here.admin)
    assert sent(next_message(ven_pk=ven.pk)).findtext("ei:venID", namespaces=NS) == ven.ven_id
    response = {"response_code": 200, "response_description": "OK", "request_id": None}
    assert code_of(say(ven, "oadrResponse", response=response)) == "200"
    assert next_message(ven_pk=ven.pk).kind == "oadrRequestReregistration"
    assert ids(register(ven, registration_id=ven.registration_id))[0] == ven.registration_id
    assert next_message(ven_pk=ven.pk).kind == "oadrRegisterReport"


def test_our_reports_are_offered_once_after_each_registration(here):
    ven = make_ven(here.distributor)
    message = sent(next_message(ven_pk=ven.pk))
    assert message.find("oadr:oadrReport", NS) is None
    response = {"response_code": 200, "response_description": "OK", "request_id": "1"}
    assert code_of(say(ven, "oadrRegisteredReport", response=response, report_requests=[])) == "200"
    assert next_message(ven_pk=ven.pk) is None
    register(ven)
    assert next_message(ven_pk=ven.pk).kind == "oadrRegisterReport"


def test_a_registration_by_hand_with_odd_prefixes(ven):
    body = """<p:oadrPayload xmlns:p="http://openadr.org/oadr-2.0b/2012/07"><p:oadrSignedObject>
      <p:oadrCreatePartyRegistration xmlns:q="http://docs.oasis-open.org/ns/energyinterop/201110"
        xmlns="http://docs.oasis-open.org/ns/energyinterop/201110/payloads" q:schemaVersion="2.0b">
        <requestID>0012</requestID><p:oadrProfileName>2.0b</p:oadrProfileName>
        <p:oadrTransportName>simpleHttp</p:oadrTransportName><p:oadrReportOnly>true</p:oadrReportOnly>
        <p:oadrXmlSignature>0</p:oadrXmlSignature><p:oadrVenName>  Boiler </p:oadrVenName>
      </p:oadrCreatePartyRegistration></p:oadrSignedObject></p:oadrPayload>"""
    reply = devices.hand_in(body, None)
    assert code_of(reply) == "200"
    assert reply.fields["response"]["request_id"] == "0012"
    ven.refresh_from_db()
    assert ven.said["is_report_only"]
