"""Meters, maps, readings, predictions and exclusions over HTTP."""

from meters.api.exclusions import ExclusionViewSet
from meters.api.meters import MeterMapViewSet, MeterViewSet
from meters.api.series import PredictionViewSet, ReadingViewSet

__all__ = ["ExclusionViewSet", "MeterMapViewSet", "MeterViewSet", "PredictionViewSet", "ReadingViewSet"]
