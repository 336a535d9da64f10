"""Meters, readings, predictions and meter maps over HTTP."""

from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.db.models import Q, QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope, User
from meters.errors import MapRefused
from meters.formats import Context
from meters.formats.json_readings import read_json
from meters.models import IntervalReading, Meter, MeterMap, Prediction
from meters.serializers import (
    IngestAnswerSerializer,
    MeterMapSerializer,
    MeterSerializer,
    PredictionSerializer,
    ReadingSerializer,
    SentReadingsSerializer,
)
from meters.services import Readings, held_by, ingest_readings, known_meters, remove_map, within
from meters.services.columns import integers
from organizations.access import Role, role_of
from organizations.models import Distributor, GroupMember, OrganizationGroup

MAX_READINGS = 10_000
_MAX_BYTES = 4_000_000

_RANGE = [
    OpenApiParameter("meter", str, required=True, description="number or id of the meter"),
    OpenApiParameter("start", OpenApiTypes.DATETIME, description="first start, with Z or an offset"),
    OpenApiParameter("end", OpenApiTypes.DATETIME, description="before this start"),
]


class MeterFilter(filters.FilterSet):
    """By number, by the name of the feeder, or by the id of a group whose organizations hold it now."""

    number = filters.CharFilter()
    group = filters.NumberFilter(method="of_group", help_text="id of a group of organizations")
    feeder = filters.CharFilter(field_name="feeder__name")

    class Meta:
        model = Meter
        fields = ("number", "feeder", "group")

    def of_group(self, meters: QuerySet[Meter], name: str, value: Decimal) -> QuerySet[Meter]:
        """Those that the group's organizations hold now; none for a group that the caller may not see."""
        groups = OrganizationGroup.objects.visible_to(user_of(self.request)).filter(pk=int(value))
        members = GroupMember.objects.filter(group__in=groups).values("organization")
        held = MeterMap.objects.in_force(timezone.now()).filter(entity__in=members)
        return meters.filter(pk__in=held.values("meter"))


class LongPages(LimitOffsetPagination):
    """Pages for time series: three weeks of half hours, at most half a year."""

    default_limit = 1_000
    max_limit = 10_000


def user_of(request: Request) -> User:
    """Who calls; the permission classes let nobody else in."""
    return cast(User, request.user)


class MeterViewSet(viewsets.ReadOnlyModelViewSet[Meter]):
    """The meters that one may see: the distributor's, the organization's, or one's own."""

    required_scopes = {"read": Scope.METERS_READ}
    serializer_class = MeterSerializer
    filterset_class = MeterFilter
    queryset = Meter.objects.none()

    def get_queryset(self) -> QuerySet[Meter]:
        meters = Meter.objects.visible_to(user_of(self.request))
        return meters.select_related("feeder", "distributor").order_by("number", "pk")


class _SeriesViewSet(viewsets.GenericViewSet[Any]):
    """Rows of one meter by their start, only those of the time in which the meter was one's own."""

    pagination_class = LongPages
    filterset_class = None

    def rows_of(self, request: Request, model: type[IntervalReading] | type[Prediction]) -> QuerySet[Any]:
        """The visible rows that the query asks for, oldest first."""
        meter = _meter(request)
        span = _bound(request, "start", "gte") & _bound(request, "end", "lt")
        rows = model.objects.filter(span, within(held_by(user=user_of(request), meter=meter)), meter=meter)
        return rows.order_by("start")

    def answer(self, rows: QuerySet[Any]) -> Response:
        """One page of the rows."""
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class ReadingViewSet(_SeriesViewSet):
    """Readings of one meter; a distributor's admins and their tokens may send new ones."""

    required_scopes = {"read": Scope.READINGS_READ, "write": Scope.READINGS_WRITE}
    serializer_class = ReadingSerializer
    queryset = IntervalReading.objects.none()

    @extend_schema(parameters=_RANGE)  # type: ignore[untyped-decorator]
    def list(self, request: Request) -> Response:
        return self.answer(self.rows_of(request, IntervalReading))

    @extend_schema(request=SentReadingsSerializer, responses={200: IngestAnswerSerializer})  # type: ignore[untyped-decorator]
    def create(self, request: Request) -> Response:
        """Stores up to 10,000 readings; what cannot be used is listed (status 207), the same twice is nothing."""
        user = user_of(request)
        if role_of(user) is not Role.DISTRIBUTOR_ADMIN:
            raise PermissionDenied("Only an admin of the distributor may send readings.")
        rows = _rows(request)
        distributor = Distributor.objects.get(pk=cast(int, user.tenant_id))
        answer = _ingest(distributor, rows, f"API {user.email}")
        code = status.HTTP_207_MULTI_STATUS if answer["errors"] else status.HTTP_200_OK
        return Response(answer, status=code)


class PredictionViewSet(_SeriesViewSet):
    """Predictions in force of one meter."""

    required_scopes = {"read": Scope.READINGS_READ}
    serializer_class = PredictionSerializer
    queryset = Prediction.objects.none()

    @extend_schema(parameters=_RANGE)  # type: ignore[untyped-decorator]
    def list(self, request: Request) -> Response:
        return self.answer(self.rows_of(request, Prediction))


class MeterMapViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[MeterMap]):
    """Who holds which meter."""

    required_scopes = {"read": Scope.METERS_READ, "write": Scope.METERS_WRITE}
    serializer_class = MeterMapSerializer
    filterset_class = None
    queryset = MeterMap.objects.none()

    def get_queryset(self) -> QuerySet[MeterMap]:
        maps = MeterMap.objects.visible_to(user_of(self.request)).select_related("meter")
        return maps.order_by("meter__number", "valid_from", "pk")

    @extend_schema(responses={200: MeterMapSerializer, 204: None})  # type: ignore[untyped-decorator]
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ends the row now if anything was read in its time (200, the row), else deletes it (204)."""
        row = self.get_object()
        if not MeterMap.objects.managed_by(user_of(request)).filter(pk=row.pk).exists():
            raise PermissionDenied("Only an admin of the distributor may end this, and never the distributor’s own.")
        try:
            ended = remove_map(meter_map=row, by=user_of(request))
        except MeterMap.DoesNotExist:
            raise NotFound from None
        except MapRefused as refusal:
            raise ValidationError(str(refusal)) from refusal
        if ended is None:
            return Response(status=status.HTTP_204_NO_CONTENT)
        return Response(self.get_serializer(ended).data)


def _meter(request: Request) -> Meter:
    name = request.query_params.get("meter", "").strip()
    if not name:
        raise ValidationError({"meter": "Say which meter, by number or id."})
    visible = Meter.objects.visible_to(user_of(request)).select_related("distributor")
    found = list(visible.filter(number=name)[:2])
    if not found and name.isascii() and name.isdigit() and len(name) < 19:
        found = list(visible.filter(pk=int(name)))
    if len(found) > 1:
        raise ValidationError({"meter": "Several distributors have a meter of this number; give its id."})
    if not found:
        raise NotFound
    return found[0]


def _bound(request: Request, name: str, lookup: str) -> Q:
    text = request.query_params.get(name, "").strip()
    if not text:
        return Q()
    try:
        # A plus that was not encoded arrives as a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise ValidationError({name: "Write the time like 2026-07-22T16:00:00Z."}) from None
    if moment.tzinfo is None:
        raise ValidationError({name: "The time has no zone; add Z or the offset from UTC."})
    return Q((f"start__{lookup}", moment))


def _rows(request: Request) -> list[object]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > _MAX_BYTES:
        raise ValidationError(f"Send at most {_MAX_BYTES:,} bytes at once.")
    rows = request.data.get("readings") if isinstance(request.data, dict) else None
    if not isinstance(rows, list):
        raise ValidationError({"readings": "Send a list of objects with meter, start and kwh."})
    if len(rows) > MAX_READINGS:
        raise ValidationError({"readings": f"Send at most {MAX_READINGS:,} readings at once."})
    return rows


def _ingest(distributor: Distributor, rows: list[object], source: str) -> dict[str, Any]:
    numbers = {str(row.get("meter"))[:40].strip() for row in rows if isinstance(row, dict)}
    batch = read_json(rows, Context(known_meters(distributor, numbers)))
    readings = Readings(
        meter_ids=integers(batch.meter_ids),
        starts=integers(batch.starts),
        energies_wh=integers(batch.energies_wh),
        rows=integers(batch.rows),
    )
    result = ingest_readings(distributor=distributor, readings=readings, source=source)
    problems = sorted([*batch.problems, *result.problems])
    return {
        "new": result.new,
        "unchanged": result.unchanged + result.repeated,
        "corrected": result.corrected,
        "errors": [{"row": each.row, "problem": each.problem} for each in problems],
    }
