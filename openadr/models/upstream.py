"""The portal as a VEN of somebody else's VTN."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.constraints import TriggerConstraint
from events.models import Event, Program
from openadr.fields import ExactCharField
from openadr.models.delivery import Opt
from openadr.models.querysets import TenantQuerySet
from organizations.models import Distributor


class UpstreamPolicy(models.TextChoices):
    """What becomes of an event from upstream."""

    DRAFT = "draft", _("a draft that somebody looks at")
    SCHEDULE = "schedule", _("scheduled and announced at once")


class Upstream(models.Model):
    """One VTN of a utility or market operator that a distributor answers to. `key_sealed` is encrypted.

    Its events become events of `program`, as `policy` says, and ask `targets`.
    """

    tenant = "distributor"

    distributor = models.ForeignKey(Distributor, models.PROTECT, related_name="upstreams")
    name = models.CharField(_("name"), max_length=64)
    url = models.URLField(_("address"), help_text=_("As far as /OpenADR2/Simple/2.0b."))
    program = models.ForeignKey(Program, models.PROTECT, related_name="upstreams", verbose_name=_("program"))
    policy = models.CharField(
        _("its events become"), max_length=8, choices=UpstreamPolicy, default=UpstreamPolicy.DRAFT
    )
    # As `events.services.read_targets` reads them: "group-3". None: everybody enrolled.
    targets = models.JSONField(_("its events ask"), default=list, blank=True)
    ven_name = models.CharField(_("our name there"), max_length=64)
    ven_id = models.CharField(_("our venID there"), max_length=64, blank=True)
    registration_id = models.CharField(max_length=64, blank=True, editable=False)
    vtn_id = models.CharField(_("its vtnID"), max_length=64, blank=True, editable=False)
    certificate = models.TextField(_("our certificate"), blank=True)
    key_sealed = models.TextField(blank=True, editable=False)
    ca = models.TextField(_("who vouches for it"), blank=True)
    vtn_fingerprint = models.CharField(_("its certificate’s SHA-256"), max_length=64, blank=True)
    poll_seconds = models.PositiveIntegerField(_("seconds between polls"), default=10)
    signs = models.BooleanField(
        _("messages are signed"), default=False, help_text=_("With our certificate, where the VTN asks for it.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    # When it is due. A worker that talks to it moves this on first: nobody else does before then.
    next_poll_at = models.DateTimeField(default=timezone.now, editable=False)
    # A worker that was cut off may have lost an answer: the next one asks for all events anew.
    is_unsure = models.BooleanField(default=True, editable=False)
    asked_poll_seconds = models.PositiveIntegerField(default=0, editable=False)
    events_asked_at = models.DateTimeField(null=True, blank=True, editable=False)
    reports_registered_at = models.DateTimeField(_("reports offered"), null=True, blank=True, editable=False)
    last_ok_at = models.DateTimeField(_("last answer"), null=True, blank=True, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True, editable=False)
    last_fault = models.CharField(_("last fault"), max_length=300, blank=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("VTN above")
        verbose_name_plural = _("VTNs above")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["distributor", "name"],
                name="upstream_name_in_distributor",
                violation_error_message=_("There is one of this name already."),
            ),
            models.CheckConstraint(condition=Q(policy__in=UpstreamPolicy.values), name="upstream_policy_known"),
            models.CheckConstraint(
                condition=Q(poll_seconds__gte=1, poll_seconds__lte=86400), name="upstream_polls_within_a_day"
            ),
            TriggerConstraint(
                name="upstream_program_same_distributor",
                of=("program_id", "distributor_id"),
                refuse=(
                    "(SELECT p.distributor_id FROM events_program p WHERE p.id = NEW.program_id) <> NEW.distributor_id"
                ),
                violation_error_message=_("The program belongs to another distributor."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history it belongs to."""
        return self.distributor_id, None


class UpstreamEvent(models.Model):
    """One event that a VTN above told us, at its newest modification, and the event of ours that it became."""

    tenant = "upstream__distributor"

    upstream = models.ForeignKey(Upstream, models.CASCADE, related_name="events")
    event_ref = ExactCharField(_("its eventID"), max_length=128)
    modification_number = models.PositiveIntegerField()
    start = models.DateTimeField(_("start"))
    end = models.DateTimeField(_("end"))
    level = models.FloatField(_("level"), null=True)
    status = models.CharField(_("its state"), max_length=20)
    is_test = models.BooleanField(default=False)
    wants_answer = models.BooleanField(default=True)
    payload = models.JSONField(default=dict)
    event = models.ForeignKey(Event, models.SET_NULL, null=True, related_name="upstream_events")
    note = models.CharField(_("what became of it"), max_length=300, blank=True)
    # What became of it was decided for this modification; empty: for none yet.
    applied_modification = models.PositiveIntegerField(null=True)
    # When it became an event of ours; with `event` empty since, somebody deleted that one.
    taken_at = models.DateTimeField(null=True)
    # A draft of it was changed since the answer was found.
    is_stale = models.BooleanField(default=False)
    request_id = models.CharField(max_length=128, blank=True)
    opt = models.CharField(_("our answer"), max_length=6, choices=Opt, blank=True, default="")
    answered_modification = models.PositiveIntegerField(null=True)
    answered_opt = models.CharField(max_length=6, choices=Opt, blank=True, default="")
    received_at = models.DateTimeField(_("received"), default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("event from above")
        verbose_name_plural = _("events from above")
        ordering = ["-start"]
        constraints = [
            models.UniqueConstraint(fields=["upstream", "event_ref"], name="upstream_event_once"),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="upstream_event_ends_after_start"),
            models.CheckConstraint(
                condition=Q(opt__in=Opt.values, answered_opt__in=Opt.values), name="upstream_event_opt_known"
            ),
            TriggerConstraint(
                name="upstream_event_same_distributor",
                of=("upstream_id", "event_id"),
                refuse=(
                    "(SELECT u.distributor_id FROM openadr_upstream u WHERE u.id = NEW.upstream_id) <> "
                    "(SELECT p.distributor_id FROM events_event e JOIN events_program p ON p.id = e.program_id "
                    "WHERE e.id = NEW.event_id)"
                ),
                violation_error_message=_("The event belongs to another distributor."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.event_ref)


class UpstreamReport(models.Model):
    """One report that a VTN above asked of us: the program's use, added up, each `granularity_seconds`."""

    tenant = "upstream__distributor"

    upstream = models.ForeignKey(Upstream, models.CASCADE, related_name="reports")
    request_id = ExactCharField(_("reportRequestID"), max_length=128)
    specifier_id = models.CharField(max_length=128)
    r_id = ExactCharField(max_length=128)
    granularity_seconds = models.PositiveIntegerField(_("seconds per interval"))
    report_back_seconds = models.PositiveIntegerField(_("seconds between reports"))
    # The end of the last interval that was reported.
    sent_until = models.DateTimeField(_("reported until"))
    # When the last one is due; empty: until it is cancelled.
    until = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(_("agreed"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)

    objects = TenantQuerySet.as_manager()

    class Meta:
        verbose_name = _("report to above")
        verbose_name_plural = _("reports to above")
        ordering = ["upstream", "id"]
        constraints = [
            models.UniqueConstraint(fields=["upstream", "request_id", "r_id"], name="upstream_report_once"),
        ]

    def __str__(self) -> str:
        return str(self.request_id)
