"""Registering with a VTN."""

from openadr.upstream.faults import Fault
from openadr.upstream.reading import registered
from openadr.upstream.talk import Talk

SERVICE = "EiRegisterParty"


def register(talk: Talk, *, anew: bool = False) -> None:
    """Makes a registration, after a look what the VTN offers; what was agreed on reports is void then.

    Args:
        anew: the VTN asked for it, and is told the registration that we have.

    Raises:
        Fault: "unregistered" where it does not take us.
    """
    up = talk.upstream
    talk.ask(SERVICE, "oadrQueryRegistration")
    said = talk.ask(
        SERVICE,
        "oadrCreatePartyRegistration",
        registration_id=up.registration_id if anew and up.registration_id else None,
        ven_id=up.ven_id or None,
        ven_name=up.ven_name,
        profile_name="2.0b",
        transport_name="simpleHttp",
        transport_address="",
        report_only=False,
        xml_signature=up.signs,
        http_pull_model=True,
    )
    if said.kind != "oadrCreatedPartyRegistration" or not said.is_fine:
        raise Fault("unregistered", f"{said.code} {said.words}".strip())
    ours = registered(said.element)
    if not ours.registration_id or not (ours.ven_id or up.ven_id):
        raise Fault("unregistered")
    talk.lease.write(
        ven_id=ours.ven_id or up.ven_id,
        registration_id=ours.registration_id,
        vtn_id=ours.vtn_id,
        asked_poll_seconds=ours.poll_seconds,
        reports_registered_at=None,
        events_asked_at=None,
    )
