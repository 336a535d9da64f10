"""Programs and events over REST."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope, User
from events.errors import AlreadyAnnounced
from events.models import Event, EventState, Program
from events.services import create_event, delete_event, read_targets
from organizations.access import Role, role_of


class ProgramSerializer(serializers.ModelSerializer[Program]):
    """A program with the terms in force."""

    zone = serializers.CharField(source="zone.key", read_only=True)
    terms = serializers.SerializerMethodField()

    class Meta:
        model = Program
        fields = ("id", "name", "description", "zone", "is_open", "terms")

    def get_terms(self, program: Program) -> dict[str, Any] | None:
        """The newest version, or None for a program without one."""
        versions = sorted(program.versions.all(), key=lambda version: version.number)
        if not versions:
            return None
        newest = versions[-1]
        return {
            "version": newest.number,
            "preset": newest.preset,
            "rule_sha256": newest.rule_sha256,
            "rate_per_kw": str(newest.rate_per_kw),
            "currency": program.distributor.currency,
        }


class ProgramViewSet(viewsets.ReadOnlyModelViewSet[Program]):
    """The programs of one's distributor."""

    serializer_class = ProgramSerializer
    required_scopes = {"read": Scope.EVENTS_READ}
    queryset = Program.objects.none()

    def get_queryset(self) -> QuerySet[Program]:
        visible = Program.objects.visible_to(_user(self.request))
        return visible.select_related("distributor").prefetch_related("versions").order_by("name", "id")


class ManagedPrograms(serializers.PrimaryKeyRelatedField[Program]):
    """A program out of those that the user may change."""

    def get_queryset(self) -> QuerySet[Program]:
        request = self.context.get("request")
        return Program.objects.none() if request is None else Program.objects.managed_by(_user(request))


@extend_schema_field({"type": "array", "items": {"type": "string", "example": "group-3"}})
class TargetsField(serializers.ListField):
    """Groups, feeders and organizations as "group-3", "feeder-1", "organization-7"; none: everybody enrolled."""

    child = serializers.CharField(max_length=40)

    def to_representation(self, data: Any) -> list[str]:
        """The targets of an event, as they are written."""
        return sorted(target.value for target in data.all())


class EventSerializer(serializers.ModelSerializer[Event]):
    """An event; `program`, `start`, `end` and perhaps `targets` make a draft, the rest follows."""

    program = ManagedPrograms()
    targets = TargetsField(required=False)

    class Meta:
        model = Event
        fields = ("id", "program", "start", "end", "state", "modification_number", "targets")
        read_only_fields = ("state", "modification_number")
        # The service says it in its own words; the built-in check would ask for a whole form.
        validators: list[Any] = []

    def create(self, validated_data: dict[str, Any]) -> Event:
        program, values = validated_data["program"], validated_data.pop("targets", [])
        targets = read_targets(distributor=program.distributor, values=values)
        return create_event(by=_user(self.context["request"]), targets=targets, **validated_data)

    def to_representation(self, event: Event) -> dict[str, Any]:
        """Whom it asks stands there only for the distributor's people."""
        shown: dict[str, Any] = super().to_representation(event)
        role = role_of(_user(self.context["request"]))
        if not (role.is_staff or role is Role.PLATFORM):
            shown.pop("targets")
        return shown


class EventFilter(django_filters.FilterSet):
    """`?state=notified&program=1`."""

    state = django_filters.ChoiceFilter(choices=EventState.choices)
    program = django_filters.NumberFilter()

    class Meta:
        model = Event
        fields = ("state", "program")


class MakesEvents(BasePermission):
    """Only distributor admins and platform operators make events; for the rest `visible_to` comes first."""

    message = "Only a distributor admin may change events."

    def has_permission(self, request: Request, view: Any) -> bool:
        return request.method != "POST" or _may_change(request)


class EventAnnounced(APIException):
    """People were told, so the event stays."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "event_announced"


class EventViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Event],
):
    """Events, the newest first; a distributor admin makes drafts and deletes what nobody was told of."""

    serializer_class = EventSerializer
    filterset_class = EventFilter
    required_scopes = {"read": Scope.EVENTS_READ, "write": Scope.EVENTS_WRITE}
    queryset = Event.objects.none()

    def get_permissions(self) -> list[Any]:
        return [*super().get_permissions(), MakesEvents()]

    def get_queryset(self) -> QuerySet[Event]:
        return Event.objects.visible_to(_user(self.request)).prefetch_related("targets").order_by("-start", "-id")

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """204; 409 once the event was announced."""
        event = self.get_object()
        if not _may_change(request):
            raise PermissionDenied(MakesEvents.message)
        try:
            delete_event(event=event, by=_user(request))
        except AlreadyAnnounced as error:
            raise EventAnnounced(str(error)) from error
        return Response(status=status.HTTP_204_NO_CONTENT)


def _user(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _may_change(request: Request) -> bool:
    return role_of(request.user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
