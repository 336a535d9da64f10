"""The town's devices: one that is well and takes part, one that is silent, one that waits for its first message."""

from datetime import timedelta

from django.utils import timezone

from dashboards.tests.ven_tools import make_ven, message, reporting, samples, told
from events.models import Event
from meters.models import Meter
from openadr.models import DeliveryStep, DeviceStatus, Opt, Ven, VenOpt, VenState

_TOLD = (DeliveryStep.DELIVERED, DeliveryStep.ACKNOWLEDGED, DeliveryStep.OPTED_IN)
_POLL = """<oadrPayload xmlns="http://openadr.org/oadr-2.0b/2012/07"><oadrSignedObject><oadrPoll>
<venID>{ven_id}</venID></oadrPoll></oadrSignedObject></oadrPayload>"""


def build_devices(home: Meter, neighbor_home: Meter, pump: Meter, event: Event) -> dict[str, int]:
    """Keys of the first device, and of one of its messages."""
    distributor, now = home.distributor, timezone.now()
    first = make_ven(distributor, "Heat pump 4018", home)
    _life(first, event)
    silent = make_ven(distributor, "Harbor pump controller", pump, heard=timedelta(hours=5), ends=timedelta(days=12))
    told(silent, event, DeliveryStep.UNREACHABLE, unreachable=True)
    message(silent, 400, "The schema of OpenADR 2.0b refuses this message: Element 'venID' is not expected.")
    make_ven(distributor, "Charger 4019", neighbor_home, state=VenState.ENROLLED, heard=None)
    kept = message(
        first, 200, kind="oadrPoll", answer_kind="oadrDistributeEvent", body=_POLL.format(ven_id=first.ven_id)
    )
    VenOpt.objects.create(
        ven=first, opt_id="opt-1", opt_type="optOut", reason="notParticipating",
        spans=[[(now + timedelta(days=3)).isoformat(), (now + timedelta(days=3, hours=2)).isoformat()]],
    )  # fmt: skip
    return {"ven": first.pk, "ven_message": kept.pk}


def _life(ven: Ven, event: Event) -> None:
    """A day of power with its rises and falls, a report, and the coming event."""
    resource = ven.resources.get()
    samples(resource, [1800 + 900 * (minute // 40 % 2) + minute % 7 * 20 for minute in range(23 * 60)], seconds=60)
    DeviceStatus.objects.create(resource=resource, at=timezone.now(), is_online=True, is_overridden=False)
    reporting(ven, resource)
    told(ven, event, *_TOLD, opt=Opt.IN)
