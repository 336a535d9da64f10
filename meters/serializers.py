"""Meters, readings, predictions and maps as JSON."""

from typing import Any

from rest_framework import serializers

from meters.models import IntervalReading, Meter, MeterMap, Prediction, Quality


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
    """One reading that was left out; rows count from 0."""

    row = serializers.IntegerField()
    problem = serializers.CharField()


class IngestAnswerSerializer(serializers.Serializer[Any]):
    """What became of the readings that were sent."""

    new = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    corrected = serializers.IntegerField()
    errors = RefusedRowSerializer(many=True)  # type: ignore[assignment]
