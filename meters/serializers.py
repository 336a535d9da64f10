"""Meters, readings, predictions and maps as JSON."""

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from meters.models import Exclusion, ExclusionKind, Feeder, IntervalReading, Meter, MeterMap, Prediction, Quality


class MeterSerializer(serializers.ModelSerializer[Meter]):
    """One meter as its holder may see it."""

    feeder = serializers.CharField(source="feeder.name", default=None, read_only=True)
    zone = serializers.CharField(source="zone.key", read_only=True)

    class Meta:
        model = Meter
        fields = (
            "id",
            "number",
            "name",
            "usage_kind",
            "feeder",
            "latitude",
            "longitude",
            "interval_minutes",
            "zone",
            "contracted_kw",
            "exports",
            "retired_at",
            "data_version",
        )


class ReadingSerializer(serializers.ModelSerializer[IntervalReading]):
    """One interval: what was used, what was predicted, and how much less than that it was."""

    quality = serializers.SerializerMethodField()

    class Meta:
        model = IntervalReading
        fields = ("start", "energy_wh", "predicted_wh", "saving_wh", "quality")

    def get_quality(self, reading: IntervalReading) -> str:
        """Where the value comes from."""
        return Quality(reading.quality).name.lower()


class PredictionSerializer(serializers.ModelSerializer[Prediction]):
    """One predicted interval with the bounds of its 80 % band."""

    class Meta:
        model = Prediction
        fields = ("start", "wh", "lower_wh", "upper_wh", "issued_at", "forecast_number")


class MeterMapSerializer(serializers.ModelSerializer[MeterMap]):
    """Who holds a meter from when to when."""

    meter = serializers.CharField(source="meter.number", read_only=True)

    class Meta:
        model = MeterMap
        fields = ("id", "meter", "entity", "holder_kind", "valid_from", "valid_to")


class SentReadingSerializer(serializers.Serializer[Any]):
    """One reading as it is sent in."""

    meter = serializers.CharField(help_text="number of the meter")
    start = serializers.DateTimeField(help_text="start of the interval, with Z or an offset")
    kwh = serializers.CharField(help_text="energy from the grid; a number is taken too")


class SentReadingsSerializer(serializers.Serializer[Any]):
    """The body of a POST."""

    readings = SentReadingSerializer(many=True)


class RefusedRowSerializer(serializers.Serializer[Any]):
    """One row that was left out: entries of JSON count from 0, lines of a text from 1."""

    row = serializers.IntegerField()
    problem = serializers.CharField()


class IngestAnswerSerializer(serializers.Serializer[Any]):
    """What became of the readings that were sent.

    `repeated` rows say what another row says; `errors` are the first 1,000 of the `skipped` ones; `energy_wh`
    is the sum of all usable ones; `batch` is the import, where there is one.
    """

    new = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    corrected = serializers.IntegerField()
    repeated = serializers.IntegerField()
    skipped = serializers.IntegerField()
    energy_wh = serializers.IntegerField()
    errors = RefusedRowSerializer(many=True)  # type: ignore[assignment]  # a field named like what the answer holds
    unknown_meters = serializers.DictField(
        child=serializers.IntegerField(), help_text="numbers that are no meter here, with the count of their rows"
    )
    batch = serializers.IntegerField(allow_null=True)


class ExclusionSerializer(serializers.ModelSerializer[Exclusion]):
    """A meter or a feeder over [start, end): left out of baselines and forecasts."""

    meter = serializers.CharField(source="meter.number", default=None, read_only=True)
    feeder = serializers.CharField(source="feeder.name", default=None, read_only=True)

    class Meta:
        model = Exclusion
        fields = ("id", "kind", "meter", "feeder", "start", "end", "note", "source")


class NewExclusionSerializer(serializers.Serializer[Any]):
    """What is sent: a meter by its number, or a feeder by its name. `context` holds the `user`."""

    kind = serializers.ChoiceField(choices=["outage", "idle", "test"], default="outage")
    meter = serializers.CharField(max_length=40, required=False, help_text="number")
    feeder = serializers.CharField(max_length=50, required=False, help_text="name")
    start = serializers.DateTimeField(help_text="with Z or an offset")
    end = serializers.DateTimeField(help_text="with Z or an offset")
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The one place, among those that the caller manages."""
        if ("meter" in attrs) == ("feeder" in attrs):
            raise serializers.ValidationError(_("Name a meter or a feeder, and not both."))
        kind = "meter" if "meter" in attrs else "feeder"
        return {**attrs, kind: self._place(kind, attrs[kind])}

    def _place(self, kind: str, name: str) -> Meter | Feeder:
        user = self.context["user"]
        found: list[Meter] | list[Feeder]
        if kind == "meter":
            found = list(Meter.objects.managed_by(user).filter(number=name)[:2])
        else:
            found = list(Feeder.objects.managed_by(user).filter(name=name)[:2])
        if len(found) > 1:
            raise serializers.ValidationError({kind: _("Several distributors have one of this name.")})
        if not found:
            raise serializers.ValidationError({kind: _("There is none of this name.")})
        return found[0]

    def to_row(self, *, source: str) -> Exclusion:
        """The valid one as a row that is not stored yet."""
        values = self.validated_data
        place = values.get("meter") or values["feeder"]
        return Exclusion(
            distributor_id=place.distributor_id,
            kind=ExclusionKind(values["kind"]),
            meter=values.get("meter"),
            feeder=values.get("feeder"),
            start=values["start"],
            end=values["end"],
            note=values["note"],
            source=source,
        )
