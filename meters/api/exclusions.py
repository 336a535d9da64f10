"""Times that baselines and forecasts leave out."""

from typing import Any

from django.db.models import Q, QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.exceptions import NotFound, PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from delivery.idempotency import PARAMETER as IDEMPOTENCY_KEY
from delivery.idempotency import idempotent
from meters.api.questions import END, START, moment_asked_for, user_of
from meters.models import Exclusion, ExclusionKind
from meters.serializers import ExclusionSerializer, NewExclusionSerializer
from meters.services import add_exclusion, remove_exclusion
from organizations.access import Role, role_of

_REASON = OpenApiParameter("reason", str, description="why, for the change history; at most 200 characters")


class ExclusionFilter(filters.FilterSet):
    """By number of the meter, name of the feeder, and kind; `start` and `end` choose those that touch the time."""

    meter = filters.CharFilter(field_name="meter__number")
    feeder = filters.CharFilter(field_name="feeder__name")
    kind = filters.ChoiceFilter(choices=ExclusionKind.choices)

    class Meta:
        model = Exclusion
        fields = ("meter", "feeder", "kind")


class ExclusionViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Exclusion],
):
    """Outages, idle and test times, and events: what does not count as ordinary use."""

    required_scopes = {"read": Scope.METERS_READ, "write": Scope.METERS_WRITE}
    serializer_class = ExclusionSerializer
    filterset_class = ExclusionFilter
    queryset = Exclusion.objects.none()

    def get_queryset(self) -> QuerySet[Exclusion]:
        rows = Exclusion.objects.visible_to(user_of(self.request)).select_related("meter", "feeder")
        start, end = moment_asked_for(self.request, "start"), moment_asked_for(self.request, "end")
        span = Q() if start is None else Q(end__gt=start)
        span &= Q() if end is None else Q(start__lt=end)
        return rows.filter(span).order_by("-start", "-pk")

    @extend_schema(parameters=[START, END])  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
        parameters=[IDEMPOTENCY_KEY],
        request=NewExclusionSerializer,
        responses={200: ExclusionSerializer, 201: ExclusionSerializer},
    )
    @idempotent
    def create(self, request: Request) -> Response:
        """Enters one (201); what says exactly the same as one that is there answers with that one (200)."""
        user = user_of(request)
        if role_of(user) not in (Role.DISTRIBUTOR_ADMIN, Role.PLATFORM):
            raise PermissionDenied("Only an admin of the distributor may enter this.")
        asked = NewExclusionSerializer(data=request.data, context={"user": user})
        asked.is_valid(raise_exception=True)
        row, is_new = add_exclusion(exclusion=asked.to_row(source="api"), by=user)
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return Response(self.get_serializer(row).data, status=code)

    @extend_schema(parameters=[_REASON], responses={204: None})  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Removes one: its time counts again. An event's goes with the event alone."""
        row = self.get_object()
        if not Exclusion.objects.managed_by(user_of(request)).filter(pk=row.pk).exists():
            raise PermissionDenied("Only an admin of the distributor may remove this, and never an event’s.")
        try:
            reason = request.query_params.get("reason", "")[:200]
            remove_exclusion(exclusion=row, by=user_of(request), reason=reason)
        except Exclusion.DoesNotExist:
            raise NotFound from None
        return Response(status=status.HTTP_204_NO_CONTENT)
