"""The REST API: its routes, and how its refusals look."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_standardized_errors.handler import exception_handler as standard_handler
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.routers import DefaultRouter

from common.cache import CountersAway
from common.errors import PortalError
from events.api import EventViewSet, ProgramViewSet
from events.enrollment_api import EnrollmentViewSet
from meters.api import ExclusionViewSet, MeterMapViewSet, MeterViewSet, PredictionViewSet, ReadingViewSet
from settlement.api import RewardViewSet

router = DefaultRouter(trailing_slash=False, use_regex_path=False)
router.include_format_suffixes = False  # there is one format
router.register("meters", MeterViewSet, basename="meter")
router.register("readings", ReadingViewSet, basename="reading")
router.register("predictions", PredictionViewSet, basename="prediction")
router.register("meter-maps", MeterMapViewSet, basename="meter-map")
router.register("exclusions", ExclusionViewSet, basename="exclusion")
router.register("programs", ProgramViewSet, basename="program")
router.register("enrollments", EnrollmentViewSet, basename="enrollment")
router.register("events", EventViewSet, basename="event")
router.register("rewards", RewardViewSet, basename="reward")


class NotCounted(APIException):
    """Neither Redis nor the database counts attempts, so none is let through."""

    status_code = 503
    default_code = "unavailable"
    default_detail = _("The portal cannot answer this at the moment. Try again in a few minutes.")


def exception_handler(problem: Exception, context: dict[str, Any]) -> Response | None:
    """One shape for every refusal; ours become a 400 with their sentence, what cannot be counted a 503."""
    if isinstance(problem, CountersAway):
        problem = NotCounted()
    elif isinstance(problem, PortalError) and not isinstance(problem, APIException):
        problem = ValidationError(str(problem))
    response: Response | None = standard_handler(problem, context)
    return response
