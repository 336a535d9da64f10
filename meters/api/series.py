"""Readings and predictions of one meter, and the way in for new readings."""

from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import viewsets
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from delivery.idempotency import PARAMETER as IDEMPOTENCY_KEY
from meters.api.questions import END, METER, START, LongPages, meter_asked_for, moment_asked_for, user_of
from meters.api.sending import receive_readings
from meters.models import IntervalReading, Prediction
from meters.serializers import IngestAnswerSerializer, PredictionSerializer, ReadingSerializer, SentReadingsSerializer
from meters.services import held_by, within
from organizations.access import Role, role_of

_RANGE = [METER, START, END]
_STRICT = OpenApiParameter("strict", bool, description="1: nothing is stored if a row cannot be used (422)")
_BODIES: dict[str, Any] = {
    "application/json": SentReadingsSerializer,
    "text/csv": OpenApiTypes.STR,
    "application/x-ndjson": OpenApiTypes.STR,
    "application/xml": OpenApiTypes.STR,
}


class _SeriesViewSet(viewsets.GenericViewSet[Any]):
    """Rows of one meter by their start, only those of the time in which the meter was one's own."""

    pagination_class = LongPages
    filterset_class = None

    def rows_of(self, request: Request, model: type[IntervalReading] | type[Prediction]) -> QuerySet[Any]:
        """The visible rows that the query asks for, oldest first."""
        meter = meter_asked_for(request)
        start, end = moment_asked_for(request, "start"), moment_asked_for(request, "end")
        span = Q() if start is None else Q(start__gte=start)
        span &= Q() if end is None else Q(start__lt=end)
        rows = model.objects.filter(span, within(held_by(user=user_of(request), meter=meter)), meter=meter)
        return rows.order_by("start")

    def answer(self, rows: QuerySet[Any]) -> Response:
        """One page of the rows."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ReadingViewSet(_SeriesViewSet):
    """Readings of one meter; a distributor's admins and their tokens may send new ones."""

    # A head-end sends those of many meters as they come; what one call may bring is bounded.
    throttle_classes = []
    required_scopes = {"read": Scope.READINGS_READ, "write": Scope.READINGS_WRITE}
    serializer_class = ReadingSerializer
    queryset = IntervalReading.objects.none()

    @extend_schema(parameters=_RANGE)  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    def list(self, request: Request) -> Response:
        return self.answer(self.rows_of(request, IntervalReading))

    @extend_schema(  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
        parameters=[IDEMPOTENCY_KEY, _STRICT],
        request=_BODIES,
        responses={200: IngestAnswerSerializer, 207: IngestAnswerSerializer, 422: IngestAnswerSerializer},
    )
    def create(self, request: Request) -> Response:
        """Stores readings in one transaction; rows that cannot be used are listed (207), the same twice is nothing.

        CSV (`meter,start,kwh`, or wide), one JSON object per line, a JSON list under `readings`, or Green Button.
        """
        user = user_of(request)
        if role_of(user) is not Role.DISTRIBUTOR_ADMIN:
            raise PermissionDenied("Only an admin of the distributor may send readings.")
        return receive_readings(request, user)


class PredictionViewSet(_SeriesViewSet):
    """Predictions in force of one meter."""

    required_scopes = {"read": Scope.READINGS_READ}
    serializer_class = PredictionSerializer
    queryset = Prediction.objects.none()

    @extend_schema(parameters=_RANGE)  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    def list(self, request: Request) -> Response:
        return self.answer(self.rows_of(request, Prediction))
