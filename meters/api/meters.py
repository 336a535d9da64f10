"""Meters, and who holds them."""

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope
from meters.api.questions import user_of
from meters.errors import MapRefused
from meters.models import Meter, MeterMap
from meters.serializers import MeterMapSerializer, MeterSerializer
from meters.services import remove_map
from organizations.models import GroupMember, OrganizationGroup


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


class MeterViewSet(viewsets.ReadOnlyModelViewSet[Meter]):
    """The meters that one may see: the distributor's, the organization's, or one's own."""

    required_scopes = {"read": Scope.METERS_READ}
    serializer_class = MeterSerializer
    filterset_class = MeterFilter
    queryset = Meter.objects.none()

    def get_queryset(self) -> QuerySet[Meter]:
        meters = Meter.objects.visible_to(user_of(self.request))
        return meters.select_related("feeder", "distributor").order_by("number", "pk")


class MeterMapViewSet(mixins.ListModelMixin, mixins.DestroyModelMixin, viewsets.GenericViewSet[MeterMap]):
    """Who holds which meter."""

    required_scopes = {"read": Scope.METERS_READ, "write": Scope.METERS_WRITE}
    serializer_class = MeterMapSerializer
    filterset_class = None
    queryset = MeterMap.objects.none()

    def get_queryset(self) -> QuerySet[MeterMap]:
        maps = MeterMap.objects.visible_to(user_of(self.request)).select_related("meter")
        return maps.order_by("meter__number", "valid_from", "pk")

    @extend_schema(responses={200: MeterMapSerializer, 204: None})  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
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
