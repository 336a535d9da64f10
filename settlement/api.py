"""Rewards over REST."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers, viewsets

from accounts.models import Scope, User
from common.money import parse_fraction, round_half_up
from settlement.models import SettlementLine
from settlement.selectors import shown_lines

FACTOR_PLACES = 6


class RewardSerializer(serializers.ModelSerializer[SettlementLine]):
    """What one meter earned in one event."""

    event = serializers.IntegerField(source="run.event_id", read_only=True)
    program = serializers.IntegerField(source="run.event.program_id", read_only=True)
    start = serializers.DateTimeField(source="run.event.start", read_only=True)
    end = serializers.DateTimeField(source="run.event.end", read_only=True)
    meter = serializers.CharField(source="meter.number", read_only=True)
    currency = serializers.CharField(source="run.event.program.distributor.currency", read_only=True)
    performance_factor = serializers.SerializerMethodField()
    is_final = serializers.SerializerMethodField()

    class Meta:
        model = SettlementLine
        fields = (
            "id",
            "event",
            "program",
            "start",
            "end",
            "meter",
            "kind",
            "status",
            "baseline_wh",
            "event_wh",
            "performance_wh",
            "delivered_wh",
            "nomination_kw",
            "performance_factor",
            "credit",
            "currency",
            "points",
            "is_final",
        )

    def get_performance_factor(self, line: SettlementLine) -> str | None:
        """Six decimals, as in the CSV file; None where nothing was nominated or measured."""
        if line.performance_factor is None:
            return None
        return f"{round_half_up(parse_fraction(line.performance_factor), FACTOR_PLACES):f}"

    def get_is_final(self, line: SettlementLine) -> bool:
        """Whether the amount is in the ledger; else it is an estimate, or waits for its approval."""
        return hasattr(line.run, "batch")


class RewardFilter(django_filters.FilterSet):
    """`?event=1&meter=M001`."""

    event = django_filters.NumberFilter(field_name="run__event")
    meter = django_filters.CharFilter(field_name="meter__number")

    class Meta:
        model = SettlementLine
        fields: tuple[str, ...] = ()


class RewardViewSet(viewsets.ReadOnlyModelViewSet[SettlementLine]):
    """One's own rewards, the newest event first: of each event the lines of what was posted, else the newest figures.

    `is_final` says whether an amount is owed; what is not in the ledger may still change.
    """

    serializer_class = RewardSerializer
    filterset_class = RewardFilter
    required_scopes = {"read": Scope.REWARDS_READ}
    queryset = SettlementLine.objects.none()

    def get_queryset(self) -> QuerySet[SettlementLine]:
        user: Any = self.request.user
        assert isinstance(user, User)
        return shown_lines(lines=SettlementLine.objects.visible_to(user))
