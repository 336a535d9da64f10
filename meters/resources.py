"""Lists of feeders and meters."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _
from import_export.instance_loaders import CachedInstanceLoader

from accounts.exchange import Column, NumberColumn, RowColumn, TenantResource, YesNoColumn
from accounts.exchange.resource import WholeColumn
from meters.models import Feeder, Meter
from meters.services import PowerChange
from meters.services.register import shifted_blocks


class FeederResource(TenantResource):
    """Feeders by name."""

    name = Column("name", "name", _("The feeder’s name."), required=True)

    noun: ClassVar[str] = "feeders"
    example: ClassVar[dict[str, str]] = {"name": "North"}

    class Meta(TenantResource.Meta):
        model = Feeder
        import_id_fields = ["name"]
        fields = ["name"]


class MeterResource(TenantResource):
    """Meters, found by number; with the columns of the command import_meters."""

    number = Column("number", "meter", _("The meter’s number; it is found by it."), required=True)
    name = Column("name", "name", _("What people call it."), keeps=True)
    usage_kind = Column("usage_kind", "kind", _("home, school, shop, …"), keeps=True)
    contracted_kw = NumberColumn("contracted_kw", "nomination_kw", _("Contracted kW, like 3.5; empty takes it away."))
    feeder = RowColumn(
        "feeder",
        "feeder",
        (Feeder, "name"),
        _("There is no feeder “%(name)s”. Import the feeders first."),
        help_text=_("The name of its feeder."),
        keeps=True,
    )
    latitude = NumberColumn("latitude", "lat", _("Degrees north, like 44.4759."), keeps=True)
    longitude = NumberColumn("longitude", "lon", _("Degrees east, like -73.2121."), keeps=True)
    interval_minutes = WholeColumn(
        "interval_minutes", "interval_minutes", _("1, 5, 10, 15, 30 or 60; 30 if it is not said."), keeps=True
    )
    zone_name = Column("zone_name", "time_zone", _("Only where it is not the distributor’s."), keeps=True)
    exports = YesNoColumn("exports", "exports", _("yes: feeds into the grid, so readings may be negative."), keeps=True)

    noun: ClassVar[str] = "meters"
    example: ClassVar[dict[str, str]] = {
        "meter": "10023",
        "name": "Main Street 5",
        "kind": "home",
        "nomination_kw": "3.5",
        "feeder": "North",
        "lat": "44.4759",
        "lon": "-73.2121",
        "interval_minutes": "30",
        "time_zone": "",
        "exports": "no",
    }

    class Meta(TenantResource.Meta):
        model = Meter
        import_id_fields = ["number"]
        instance_loader_class = CachedInstanceLoader
        fields = [
            "number", "name", "usage_kind", "contracted_kw", "feeder", "latitude", "longitude", "interval_minutes",
            "zone_name", "exports",
        ]  # fmt: skip

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("feeder")

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Forgets what an earlier run has seen."""
        self._seen: set[str] = set()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Refuses a meter that is listed twice."""
        number = self.fields["number"].widget.clean(row.get("meter"))
        if number in self._seen:
            raise ValidationError({"number": _now("The meter is listed further up already.")})
        self._seen.add(number)

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, **kwargs: Any) -> None:
        """As the form, and: readings are named by their starts, so their interval stays."""
        errors = dict(import_validation_errors or {})
        if instance.pk and "interval_minutes" not in errors:
            stored = Meter.objects.values_list("interval_minutes", flat=True).get(pk=instance.pk)
            if stored != instance.interval_minutes and instance.readings.exists():
                words = _now("It has readings of %(count)d minutes, so its interval cannot change.")
                errors["interval_minutes"] = ValidationError(words % {"count": stored})
        super().validate_instance(instance, errors, **kwargs)

    def warnings(self, rows: list[Any]) -> list[str]:
        """Blocks of the list in which meters would get their neighbour's contracted power."""
        compared = [
            PowerChange(number, row.instance.number, row.original.contracted_kw, row.instance.contracted_kw)
            for number, row in enumerate(rows, start=2)
            if row.original is not None and row.instance is not None
        ]
        return list(shifted_blocks(compared))
