"""What VENs can report, and what of it we asked for."""

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.constraints import TriggerConstraint
from openadr.fields import ExactCharField
from openadr.models.querysets import TenantQuerySet
from openadr.models.resource import Resource
from openadr.models.ven import Ven


class Measure(models.TextChoices):
    """What a point's numbers are."""

    ENERGY = "energy", _("energy of each interval")
    POWER = "power", _("power")
    STATUS = "status", _("state of a device")
    OTHER = "other", _("something else")


class Report(models.Model):
    """One report that a VEN offers (its reportSpecifierID), from its newest registration of reports."""

    tenant = "ven__distributor"

    ven = models.ForeignKey(Ven, models.CASCADE, related_name="reports")
    specifier_id = ExactCharField(_("reportSpecifierID"), max_length=128)
    name = models.CharField(_("report"), max_length=64)
    registered_at = models.DateTimeField(_("offered since"), default=timezone.now)
    ended_at = models.DateTimeField(_("not offered since"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        ordering = ["ven", "specifier_id"]
        constraints = [models.UniqueConstraint(fields=["ven", "specifier_id"], name="report_once_per_ven")]

    def __str__(self) -> str:
        return f"{self.name} {self.specifier_id}"


class ReportPoint(models.Model):
    """One series of a report (its rID). `last_at` and `last_value` are what it said last, in `unit`."""

    tenant = "report__ven__distributor"

    report = models.ForeignKey(Report, models.CASCADE, related_name="points")
    r_id = ExactCharField(_("rID"), max_length=128)
    resource = models.ForeignKey(Resource, models.PROTECT, null=True, related_name="points")
    # What it called the resource, which may be none of ours.
    resource_name = ExactCharField(_("its resourceID"), max_length=128, blank=True, default="")
    measure = models.CharField(_("what it says"), max_length=8, choices=Measure, default=Measure.OTHER)
    quantity = models.CharField(_("quantity"), max_length=40, blank=True, help_text=_("energyReal, voltage, …"))
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    # Energies and powers: a reported number times 10^exponent is Wh or W.
    exponent = models.SmallIntegerField(default=0)
    reading_type = models.CharField(_("how it is read"), max_length=40, blank=True)
    min_seconds = models.PositiveIntegerField(_("shortest interval, s"), null=True, blank=True)
    max_seconds = models.PositiveIntegerField(_("longest interval, s"), null=True, blank=True)
    last_at = models.DateTimeField(_("last said"), null=True, blank=True)
    last_value = models.FloatField(_("last value"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("reported series")
        verbose_name_plural = _("reported series")
        ordering = ["report", "r_id"]
        constraints = [
            models.UniqueConstraint(fields=["report", "r_id"], name="report_point_once"),
            models.CheckConstraint(condition=Q(measure__in=Measure.values), name="report_point_measure_known"),
            TriggerConstraint(
                name="report_point_resource_of_ven",
                of=("report_id", "resource_id"),
                refuse=(
                    "EXISTS (SELECT 1 FROM openadr_resource r JOIN openadr_report p ON p.id = NEW.report_id "
                    "WHERE r.id = NEW.resource_id AND r.ven_id <> p.ven_id)"
                ),
                violation_error_message=_("Report and resource belong to different VENs."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.r_id)


class RequestState(models.TextChoices):
    """The life of a request for a report."""

    WANTED = "wanted", _("to be asked for")
    ASKED = "asked", _("asked for")
    RUNNING = "running", _("agreed")
    ENDING = "ending", _("to be ended")
    ENDED = "ended", _("ended")


class ReportRequest(models.Model):
    """One request of ours for points of a report (its reportRequestID), each `granularity_seconds`.

    It is asked for again while it is not answered, so `asks` counts how often and `asked_at` says when last.
    """

    tenant = "report__ven__distributor"

    report = models.ForeignKey(Report, models.CASCADE, related_name="requests")
    request_id = models.CharField(_("reportRequestID"), max_length=64, unique=True)
    points = models.ManyToManyField(ReportPoint, related_name="requests")
    granularity_seconds = models.PositiveIntegerField(_("seconds per interval"))
    report_back_seconds = models.PositiveIntegerField(_("seconds between reports"))
    state = models.CharField(_("state"), max_length=8, choices=RequestState, default=RequestState.WANTED)
    created_at = models.DateTimeField(default=timezone.now)
    asked_at = models.DateTimeField(_("asked for"), null=True, blank=True)
    asks = models.PositiveSmallIntegerField(default=0)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    last_report_at = models.DateTimeField(_("last report"), null=True, blank=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("request for a report")
        verbose_name_plural = _("requests for reports")
        ordering = ["report", "id"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=RequestState.values), name="report_request_state_known"),
        ]

    def __str__(self) -> str:
        return self.request_id
