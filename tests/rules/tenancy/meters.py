"""Keys of meters, what is known of them, and their forecasts."""

from typing import Any

from tests.builder import map_meter
from tests.rules.examples import imports, quality, tenancy
from tests.rules.examples.example import Change
from tests.rules.kit import HOUR, NOON, Kit
from tests.rules.tenancy.kinds import Refused, foreign_holder, to


def _of_feeder(kit: Kit) -> Change:
    row = kit.exclusion
    type(row).objects.filter(pk=row.pk).update(meter=None, feeder=kit.feeder)
    row.refresh_from_db()
    return row, {"feeder": kit.foreign_feeder}


def _second(kit: Kit) -> dict[str, Any]:
    return {"source": "second"}


def _map(kit: Kit) -> Any:
    return map_meter(kit.meter, kit.organization, NOON)


SAME = {
    ("meters.Meter", "feeder"): Refused(
        ("meter_feeder_same_distributor",), to("feeder", "meter", "foreign_feeder"), lambda kit: {"number": "new"}
    ),
    ("meters.MeterMap", "entity"): Refused(
        ("metermap_same_distributor", "metermap_holder_kind"), lambda kit: (_map(kit), {"entity": foreign_holder(kit)})
    ),
    ("meters.MeterMap", "meter"): Refused(
        ("metermap_same_distributor",), lambda kit: (_map(kit), {"meter": kit.foreign_meter})
    ),
    ("meters.ClaimCode", "issued_by"): Refused(
        ("claim_code_same_distributor",),
        lambda kit: (tenancy.stored_code(kit), {"issued_by": kit.person(kit.there)}),
        lambda kit: {"withdrawn_at": NOON + HOUR},
    ),
    ("meters.ClaimCode", "used_by"): Refused(
        ("claim_code_same_distributor",),
        lambda kit: (tenancy.stored_code(kit), {"used_by": kit.person(kit.there), "used_at": NOON + HOUR}),
    ),
    ("meters.Exclusion", "meter"): Refused(
        ("exclusion_same_distributor",), to("meter", "exclusion", "foreign_meter"), _second
    ),
    ("meters.Exclusion", "feeder"): Refused(("exclusion_same_distributor",), _of_feeder, _second),
    ("meters.ImportBatch", "organization"): Refused(("batch_organization_same_distributor",), imports.of_organization),
    ("meters.QualityHit", "meter"): Refused(("hit_same_distributor",), quality.of_foreign_meter),
    ("meters.QualityHit", "distributor"): Refused(("hit_same_distributor",), quality.of_another_distributor),
    ("forecasting.MeterForecast", "meter"): Refused(
        ("meter_forecast_same_distributor",), to("meter", "meter_forecast", "foreign_meter")
    ),
}
