"""Enrollments over REST: who takes part in which program, joining, pausing, leaving."""

from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import DecimalField, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope, User
from events.gate_words import gate_words
from events.models import Enrollment, EnrollmentState, Nomination, Program
from events.services import Agreement, apply, end_enrollment, pause_enrollment, put_forward, resume_enrollment, said_by
from meters.models import Meter
from organizations.access import Role, role_of

MANAGERS = (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
HOLDERS = (Role.RESIDENT, Role.ORGANIZATION_ADMIN)


@extend_schema_field(OpenApiTypes.INT)
class VisiblePrograms(serializers.PrimaryKeyRelatedField[Program]):
    """A program out of those that the user may see."""

    def get_queryset(self) -> QuerySet[Program]:
        request = self.context.get("request")
        if request is None:
            return Program.objects.none()
        return Program.objects.visible_to(_user(request)).filter(versions__published_at__isnull=False).distinct()


class EnrollmentSerializer(serializers.ModelSerializer[Enrollment]):
    """One meter in one program; `nominated_kw` is what it promises now, `readings` what the data gate found."""

    program = VisiblePrograms()
    meter = serializers.SlugRelatedField[Meter](slug_field="number", read_only=True)
    nominated_kw = serializers.DecimalField(max_digits=10, decimal_places=3, read_only=True, allow_null=True)
    readings = serializers.SerializerMethodField()

    class Meta:
        model = Enrollment
        fields = (
            "id", "program", "meter", "state", "applied_at", "enrolled_at", "ended_at", "nominated_kw", "readings",
            "reason",
        )  # fmt: skip
        read_only_fields = fields[3:]

    def get_readings(self, enrollment: Enrollment) -> str:
        """What the data gate found, in words; empty where nothing was looked at."""
        return gate_words(enrollment.gate)


class JoinSerializer(serializers.Serializer[Enrollment]):
    """The wish to join: `terms_sha256` is the hash that the program's terms show, and stands for the consent.

    A distributor admin leaves it out: there is a contract on paper, and the meter goes through the data gate.
    """

    program = VisiblePrograms()
    meter = serializers.CharField(max_length=40)
    kw = serializers.DecimalField(max_digits=10, decimal_places=3, min_value=Decimal(0), required=False)
    terms_sha256 = serializers.CharField(max_length=64, required=False)

    def create(self, validated_data: dict[str, Any]) -> Enrollment:
        user = _user(self.context["request"])
        program, kw = validated_data["program"], validated_data.get("kw")
        meter = self._meter(user, program, validated_data["meter"])
        if role_of(user) in MANAGERS:
            return put_forward(program=program, meter=meter, kw=kw, source=said_by("API", user), by=user)
        if "terms_sha256" not in validated_data:
            raise serializers.ValidationError({"terms_sha256": _("Name the terms that you agree to.")})
        agreement = Agreement(sha256=validated_data["terms_sha256"], kw={} if kw is None else {meter.pk: kw})
        return apply(program=program, meters=[meter], agreement=agreement, by=user)[0]

    def _meter(self, user: User, program: Program, number: str) -> Meter:
        if role_of(user) in MANAGERS:
            among = Meter.objects.managed_by(user)
        else:
            among = Meter.objects.visible_to(user).held_now_by(user)
        found = among.filter(distributor=program.distributor_id, number=number).first()
        if found is None:
            raise serializers.ValidationError({"meter": _("There is no meter of this number.")})
        return found


class EnrollmentFilter(django_filters.FilterSet):
    """`?program=1&meter=M001&state=active`."""

    program = django_filters.NumberFilter()
    meter = django_filters.CharFilter(field_name="meter__number")
    state = django_filters.ChoiceFilter(choices=EnrollmentState.choices)

    class Meta:
        model = Enrollment
        fields = ("program", "meter", "state")


class Decides(BasePermission):
    """A distributor admin decides for every meter, a resident and an organization's admin for their own."""

    message = "Only who decides for the meter may change that."

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method != "POST" or view.detail or role_of(request.user) in (*MANAGERS, *HOLDERS)


class EnrollmentViewSet(mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Enrollment]):
    """Who takes part: the distributor's for its people, else those of one's own meters that are not over."""

    serializer_class = EnrollmentSerializer
    filterset_class = EnrollmentFilter
    required_scopes = {"read": Scope.ENROLLMENTS_READ, "write": Scope.ENROLLMENTS_WRITE}
    queryset = Enrollment.objects.none()

    def get_permissions(self) -> list[Any]:
        return [*super().get_permissions(), Decides()]

    def get_queryset(self) -> QuerySet[Enrollment]:
        user = _user(self.request)
        rows = Enrollment.objects.visible_to(user)
        if not (role_of(user).is_staff or role_of(user) is Role.PLATFORM):
            # What is over may have been another holder's.
            rows = rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gt=timezone.now()))
        newest = Nomination.objects.filter(enrollment=OuterRef("pk")).order_by("-valid_from", "-id").values("kw")[:1]
        promised = Subquery(newest, output_field=DecimalField(max_digits=10, decimal_places=3))
        return rows.select_related("meter").annotate(nominated_kw=promised).order_by("meter__number", "id")

    @extend_schema(request=JoinSerializer, responses={201: EnrollmentSerializer})  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    def create(self, request: Request) -> Response:
        """Joins with one meter; the answer says whether it takes part or what it waits for."""
        form = JoinSerializer(data=request.data, context=self.get_serializer_context())
        form.is_valid(raise_exception=True)
        return self._shown(form.save(), status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=EnrollmentSerializer)  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str | None = None) -> Response:
        """Asked for no events until it goes on."""
        return self._shown(pause_enrollment(enrollment=self._own(), by=_user(request)))

    @extend_schema(request=None, responses=EnrollmentSerializer)  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str | None = None) -> Response:
        """Asked again, also for events to come that the pause skipped."""
        return self._shown(resume_enrollment(enrollment=self._own(), by=_user(request)))

    @extend_schema(request=None, responses=EnrollmentSerializer)  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str | None = None) -> Response:
        """Leaves the program; what was earned stays, and joining again is possible."""
        return self._shown(end_enrollment(enrollment=self._own(), by=_user(request), reason="by the API"))

    def _own(self) -> Enrollment:
        row = self.get_object()
        if role_of(self.request.user) not in (*MANAGERS, *HOLDERS):
            raise PermissionDenied(Decides.message)
        return row

    def _shown(self, row: Enrollment, code: int = status.HTTP_200_OK) -> Response:
        newest = row.nominations.order_by("-valid_from", "-id").first()
        row.nominated_kw = newest.kw if newest is not None else None  # type: ignore[attr-defined]  # read by the serializer
        return Response(self.get_serializer(row).data, status=code)


def _user(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user
