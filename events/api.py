"""Programs and events over REST."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Scope, User
from events.errors import NeedsSecond, WrongState
from events.models import Event, EventState, Program
from events.selectors import targets_of
from events.services import (
    Words,
    cancel_event,
    change_event,
    create_event,
    delete_event,
    edit_draft,
    read_targets,
)
from events.services.targets import MOST_METERS
from events.term_fields import NOT_MATERIAL
from events.version_hash import version_data
from organizations.access import Role, role_of

LONGEST_NOTE = 500
LONGEST_REASON = 300
# A polygon with as many corners as there may be, and a name.
LONGEST_TARGET = 6_000


class ProgramSerializer(serializers.ModelSerializer[Program]):
    """A program with the terms in force."""

    zone = serializers.CharField(source="zone.key", read_only=True)
    terms = serializers.SerializerMethodField()

    class Meta:
        model = Program
        fields = ("id", "name", "description", "zone", "is_open", "is_exclusive", "terms")

    def get_terms(self, program: Program) -> dict[str, Any] | None:
        """The terms in force, or None for a program that was never published. Drafts are nobody's business."""
        versions = [version for version in program.versions.all() if version.published_at is not None]
        if not versions:
            return None
        newest = max(versions, key=lambda version: version.number)
        found = version_data(newest)
        shown = {name: value for name, value in found["terms"].items() if name not in NOT_MATERIAL}
        return {
            "version": newest.number,
            "sha256": newest.sha256,
            "published_at": newest.published_at,
            "rule_sha256": newest.rule_sha256,
            "currency": program.distributor.currency,
            **shown,
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
    """Whom an event asks; none: everybody enrolled.

    Groups, feeders, organizations and meters as "group-3", "feeder-1", "organization-7", "meter-42"; areas as
    "circle:latitude,longitude,metres:name" or "polygon:latitude,longitude;…:name".
    """

    child = serializers.CharField(max_length=LONGEST_TARGET)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MOST_METERS, **kwargs)

    def to_representation(self, data: Any) -> list[str]:
        """The targets of an event, as they are written."""
        return sorted(target.value for target in data.all())


# Of these only the distributor's people know.
INNER = ("targets", "target_kw", "expected_kw", "reserved", "needs_second", "approved_at")
WORDS = ("note", "target_kw", "is_test")


class EventSerializer(serializers.ModelSerializer[Event]):
    """An event; `program`, `start`, `end` and perhaps `targets` make a draft, the rest follows."""

    program = ManagedPrograms()
    targets = TargetsField(required=False)
    note = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_NOTE)
    target_kw = serializers.DecimalField(12, 3, required=False, allow_null=True, min_value=Decimal(0))

    class Meta:
        model = Event
        fields = (
            "id", "program", "start", "end", "state", "modification_number", "targets", "note", "is_test",
            "target_kw", "expected_kw", "reserved", "needs_second", "approved_at", "notified_at", "opt_until",
            "cancel_reason",
        )  # fmt: skip
        read_only_fields = (
            "state", "modification_number", "expected_kw", "reserved", "needs_second", "approved_at", "notified_at",
            "opt_until", "cancel_reason",
        )  # fmt: skip
        # The service says it in its own words; the built-in check would ask for a whole form.
        validators: list[Any] = []

    def create(self, validated_data: dict[str, Any]) -> Event:
        program = validated_data["program"]
        targets = read_targets(distributor=program.distributor, values=validated_data.get("targets", []))
        return create_event(
            program=program,
            start=validated_data["start"],
            end=validated_data["end"],
            targets=targets,
            words=_words(validated_data),
            by=_user(self.context["request"]),
        )

    def to_representation(self, event: Event) -> dict[str, Any]:
        """What is planned and whom it asks stands there only for the distributor's people."""
        shown: dict[str, Any] = super().to_representation(event)
        role = role_of(_user(self.context["request"]))
        if not (role.is_staff or role is Role.PLATFORM):
            for name in INNER:
                shown.pop(name)
        return shown


class EventChangeSerializer(EventSerializer):
    """What changes of an event; what is left out stays. Once it is scheduled, only `start` and `end` may change."""

    class Meta(EventSerializer.Meta):
        fields = ("start", "end", "targets", *WORDS)  # type: ignore[assignment]  # fewer than above
        read_only_fields = ()  # type: ignore[assignment]  # every field is read only here

    program = None  # type: ignore[assignment]  # an event stays with its program

    def update(self, event: Event, validated_data: dict[str, Any]) -> Event:
        by = _user(self.context["request"])
        start, end = (validated_data.get(name, getattr(event, name)) for name in ("start", "end"))
        if event.state != EventState.DRAFT:
            if set(validated_data) - {"start", "end"}:
                raise WrongState(_("Only start and end of an event that is scheduled can change."))
            return change_event(event=event, start=start, end=end, by=by)
        targets = targets_of(event)
        if "targets" in validated_data:
            targets = read_targets(distributor=event.program.distributor, values=validated_data["targets"])
        words = _words({name: getattr(event, name) for name in WORDS} | validated_data)
        return edit_draft(event=event, start=start, end=end, targets=targets, words=words, by=by)


class CancelSerializer(serializers.Serializer[Any]):
    """Why an event is called off; whoever was told reads it."""

    reason = serializers.CharField(max_length=LONGEST_REASON)


def _words(data: dict[str, Any]) -> Words:
    return Words(data.get("note", "").strip(), data.get("target_kw"), data.get("is_test", False))


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
        return view.action != "create" or _may_change(request)


class Conflict(APIException):
    """The event is in a state, or of a size, in which this cannot be done."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "conflict"


class RefusalSerializer(serializers.Serializer[Any]):
    """Why something was refused, in a sentence."""

    detail = serializers.CharField(read_only=True)


class EventViewSet(
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.ListModelMixin,
    viewsets.GenericViewSet[Event],
):
    """Events, the newest first; a distributor admin makes and changes drafts, moves and calls off what is to come."""

    serializer_class = EventSerializer
    filterset_class = EventFilter
    required_scopes = {"read": Scope.EVENTS_READ, "write": Scope.EVENTS_WRITE}
    queryset = Event.objects.none()

    def get_permissions(self) -> list[Any]:
        return [*super().get_permissions(), MakesEvents()]

    def get_queryset(self) -> QuerySet[Event]:
        visible = Event.objects.visible_to(_user(self.request))
        return visible.select_related("program").prefetch_related("targets").order_by("-start", "-id")

    @extend_schema(request=EventChangeSerializer, responses={200: EventSerializer, 409: RefusalSerializer})  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The event as it is now; whoever was told of it is told again. 409 where its state or size refuses it."""
        event = self._changeable(request)
        change = EventChangeSerializer(event, data=request.data, partial=True, context=self.get_serializer_context())
        change.is_valid(raise_exception=True)
        with _conflicts():
            change.save()
        return self.retrieve(request, *args, **kwargs)

    @extend_schema(request=CancelSerializer, responses={200: EventSerializer, 409: RefusalSerializer})  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The event, called off for a reason that people read. 409 once it runs (two people are needed) or is over."""
        event = self._changeable(request)
        asked = CancelSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        with _conflicts():
            cancel_event(event=event, by=_user(request), reason=asked.validated_data["reason"])
        return self.retrieve(request, *args, **kwargs)

    @extend_schema(responses={204: None, 409: RefusalSerializer})  # type: ignore[untyped-decorator]  # drf-spectacular leaves it untyped
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """204; 409 once the event was announced."""
        event = self._changeable(request)
        with _conflicts():
            delete_event(event=event, by=_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _changeable(self, request: Request) -> Event:
        event = self.get_object()
        if not _may_change(request):
            raise PermissionDenied(MakesEvents.message)
        return event


@contextmanager
def _conflicts() -> Iterator[None]:
    """What the event's state or size refuses, as 409."""
    try:
        yield
    except (WrongState, NeedsSecond) as error:
        raise Conflict(str(error)) from error


def _user(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


def _may_change(request: Request) -> bool:
    return role_of(request.user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
