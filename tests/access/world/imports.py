"""Files, doubts and gaps in the readings of a side."""

from datetime import timedelta
from io import BytesIO

from dashboards.tests.story import HALF_HOUR, now_slot
from meters.models import BatchSource, Exclusion, ExclusionKind, IntervalReading, QualityHit, QualityRule
from meters.services.batches import check_batch, take_file
from openadr.models import Upstream, UpstreamEvent
from tests.access.world.life import Life


def import_files(life: Life, name: str) -> None:
    """An import of the distributor and one of an organization, both checked, with a row left out."""
    side = life.side
    for key, by, organization in (
        ("import", side.admin, None),
        ("school import", side.organization_admin, side.organization),
    ):
        batch = take_file(
            distributor=side.distributor,
            source=BatchSource.PAGE,
            name=f"{name}.csv",
            stream=BytesIO(f"meter,start,kwh\n{side.school.number},2021-03-21T00:00,1\n{name},x,1\n".encode()),
            options={},
            by=by,
            organization=organization,
        )
        life.objects[key] = check_batch(batch=batch).pk
    life.rows["meters/importbatch"] = life.objects["import"]


def leave_doubt(life: Life) -> None:
    """An open doubt about readings, and a short gap that an estimate can bridge."""
    side, start = life.side, now_slot() - timedelta(days=4)
    hit = QualityHit.objects.create(
        distributor=side.distributor, meter=side.home, rule=QualityRule.SPIKE, start=start, end=start + HALF_HOUR
    )
    IntervalReading.objects.filter(meter=side.school, start=start).delete()
    life.objects["hit"] = hit.pk


def connect_upstream(life: Life, name: str) -> None:
    """A VTN above that has called an event."""
    row = Upstream.objects.create(
        distributor=life.side.distributor,
        name=f"{name} market",
        url="https://vtn.example.com/OpenADR2/Simple/2.0b",
        program_id=life.objects["program"],
        ven_name=name,
        last_fault="status 404",
        failing_since=now_slot(),
    )
    start = now_slot() + timedelta(days=9)
    UpstreamEvent.objects.create(
        upstream=row, event_ref=f"{name}-peak", modification_number=0, start=start, end=start + HALF_HOUR, status="far"
    )
    life.objects["upstream"] = row.pk


def note_outage(life: Life, name: str) -> None:
    """A time that does not count, long before everything else."""
    side, start = life.side, now_slot() - timedelta(days=30)
    life.objects["outage"] = Exclusion.objects.create(
        distributor=side.distributor,
        kind=ExclusionKind.OUTAGE,
        meter=side.home,
        start=start,
        end=start + HALF_HOUR,
        source="operator",
        note=f"{name} storm",
    ).pk
