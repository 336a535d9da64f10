"""The next message that waits for a VEN beside events; for polls of the few VENs that have one."""

from openadr.ids import new_id
from openadr.models import RequestState, Ven, VenState
from openadr.services import registration, reports
from openadr.services.reports import ReportAsk
from openadr.vtn20b.exchange import Reply
from openadr.vtn20b.words import report_request

__all__ = ["next_message"]


def next_message(*, ven_pk: int) -> Reply | None:
    """What the VEN is told now, the most urgent first; None where nothing waits (any more).

    An answer may get lost on its way. So a message waits until the VEN answers it, apart from the one about our own
    reports, of which there are none.
    """
    ven = Ven.objects.get(pk=ven_pk)
    if ven.state == VenState.ENROLLED and ven.registration_id is not None:
        fields = {"request_id": new_id("ask"), "registration_id": ven.registration_id, "ven_id": ven.ven_id}
        return Reply("oadrCancelPartyRegistration", fields)
    if ven.state != VenState.REGISTERED:
        return None
    if ven.must_reregister:
        return Reply("oadrRequestReregistration", {"ven_id": ven.ven_id})
    return _about_reports(ven) or _our_reports(ven)


def _about_reports(ven: Ven) -> Reply | None:
    asks = reports.wanted_asks(ven_pk=ven.pk)
    new = [ask for ask in asks if ask.state != RequestState.ENDING]
    if new:
        return _create(ven, new)
    return _cancel(ven, asks[0]) if asks else None


def _create(ven: Ven, asks: list[ReportAsk]) -> Reply:
    reports.note_asked(request_ids=[ask.request_id for ask in asks])
    fields = {"request_id": new_id("ask"), "report_requests": [report_request(ask) for ask in asks]}
    return Reply("oadrCreateReport", {**fields, "ven_id": ven.ven_id})


def _cancel(ven: Ven, ask: ReportAsk) -> Reply:
    """One at a time: openleadr's clients know no more of them in one message."""
    reports.note_asked(request_ids=[ask.request_id])
    fields = {"request_id": new_id("ask"), "report_request_id": ask.request_id, "report_to_follow": False}
    return Reply("oadrCancelReport", {**fields, "ven_id": ven.ven_id})


def _our_reports(ven: Ven) -> Reply | None:
    if ven.knows_our_reports:
        return None
    registration.note_our_reports(ven_pk=ven.pk)
    return Reply("oadrRegisterReport", {"request_id": new_id("ask"), "reports": [], "ven_id": ven.ven_id})
