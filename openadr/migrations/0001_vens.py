"""VENs, what they are told and say, and the VTNs above."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import common.constraints.foreign_keys
import common.constraints.triggers


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0006_personal_export"),
        ("events", "0025_participation_trigger_of_columns"),
        ("meters", "0015_rollups_mark_time"),
        ("organizations", "0006_invitation"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Resource",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64, verbose_name="resourceID")),
                ("is_source", models.BooleanField(default=False, verbose_name="its reports are the meter’s readings")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("ended_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="ended")),
                (
                    "source_meter",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                models.Q(("ended_at__isnull", True), ("is_source", True)), then=models.F("meter")
                            )
                        ),
                        output_field=models.BigIntegerField(null=True),
                    ),
                ),
                (
                    "meter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resources",
                        to="meters.meter",
                    ),
                ),
            ],
            options={
                "ordering": ["ven", "name"],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("specifier_id", models.CharField(max_length=128, verbose_name="reportSpecifierID")),
                ("name", models.CharField(max_length=64, verbose_name="report")),
                (
                    "registered_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="offered since"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="not offered since")),
            ],
            options={
                "ordering": ["ven", "specifier_id"],
            },
        ),
        migrations.CreateModel(
            name="UsedNonce",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True)),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name="Ven",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                ("ven_id", models.CharField(editable=False, max_length=64, unique=True, verbose_name="venID")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("enrolled", "not registered yet"),
                            ("registered", "registered"),
                            ("revoked", "revoked"),
                        ],
                        default="enrolled",
                        editable=False,
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "registration_id",
                    models.CharField(blank=True, editable=False, max_length=64, null=True, unique=True),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "registered_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="registered"),
                ),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="revoked")),
                (
                    "revoke_reason",
                    models.CharField(blank=True, editable=False, max_length=200, verbose_name="why it was revoked"),
                ),
                (
                    "is_lenient",
                    models.BooleanField(
                        default=False,
                        help_text="For old devices; each such message is logged. Never with signatures.",
                        verbose_name="takes messages that break the schema",
                    ),
                ),
                ("must_sign", models.BooleanField(default=False, verbose_name="signs every message")),
                ("poll_seconds", models.PositiveIntegerField(default=10, verbose_name="seconds between polls")),
                ("must_reregister", models.BooleanField(default=False, editable=False)),
                ("knows_our_reports", models.BooleanField(default=False, editable=False)),
                ("said", models.JSONField(blank=True, default=dict, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "distributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="vens",
                        to="organizations.distributor",
                        verbose_name="distributor",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="own_vens",
                        to="accounts.entity",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="ChangeCounter",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("number", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("id", 1)), name="change_counter_is_one_row")
                ],
            },
        ),
        migrations.CreateModel(
            name="DeviceStatus",
            fields=[
                (
                    "resource",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="status",
                        serialize=False,
                        to="openadr.resource",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="said at")),
                ("is_online", models.BooleanField(null=True, verbose_name="online")),
                ("is_overridden", models.BooleanField(null=True, verbose_name="overridden by hand")),
                ("values", models.JSONField(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name="EventDelivery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("modification_number", models.PositiveIntegerField(default=0)),
                ("start", models.DateTimeField(verbose_name="start")),
                ("end", models.DateTimeField(verbose_name="end")),
                ("level", models.PositiveSmallIntegerField(default=1)),
                ("resources", models.JSONField(default=list)),
                ("is_cancelled", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("due_at", models.DateTimeField()),
                ("delivered_modification", models.PositiveIntegerField(null=True)),
                ("delivered_at", models.DateTimeField(null=True, verbose_name="delivered")),
                ("acknowledged_modification", models.PositiveIntegerField(null=True)),
                ("acknowledged_at", models.DateTimeField(null=True, verbose_name="acknowledged")),
                (
                    "opt",
                    models.CharField(
                        blank=True,
                        choices=[("", "no answer"), ("optIn", "takes part"), ("optOut", "does not take part")],
                        default="",
                        max_length=6,
                        verbose_name="answer",
                    ),
                ),
                ("opted_at", models.DateTimeField(null=True, verbose_name="answered")),
                ("unreachable_at", models.DateTimeField(null=True, verbose_name="not reached in time")),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="events.event"
                    ),
                ),
                (
                    "ven",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="deliveries", to="openadr.ven"
                    ),
                ),
            ],
            options={
                "ordering": ["event", "ven"],
            },
        ),
        migrations.CreateModel(
            name="ReportPoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("r_id", models.CharField(max_length=128, verbose_name="rID")),
                (
                    "measure",
                    models.CharField(
                        choices=[
                            ("energy", "energy of each interval"),
                            ("power", "power"),
                            ("status", "state of a device"),
                            ("other", "something else"),
                        ],
                        default="other",
                        max_length=8,
                        verbose_name="what it says",
                    ),
                ),
                (
                    "quantity",
                    models.CharField(
                        blank=True, help_text="energyReal, voltage, …", max_length=40, verbose_name="quantity"
                    ),
                ),
                ("unit", models.CharField(blank=True, max_length=20, verbose_name="unit")),
                ("exponent", models.SmallIntegerField(default=0)),
                ("reading_type", models.CharField(blank=True, max_length=40, verbose_name="how it is read")),
                (
                    "min_seconds",
                    models.PositiveIntegerField(blank=True, null=True, verbose_name="shortest interval, s"),
                ),
                ("max_seconds", models.PositiveIntegerField(blank=True, null=True, verbose_name="longest interval, s")),
                ("last_at", models.DateTimeField(blank=True, null=True, verbose_name="last said")),
                ("last_value", models.FloatField(blank=True, null=True, verbose_name="last value")),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="points", to="openadr.report"
                    ),
                ),
                (
                    "resource",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="points",
                        to="openadr.resource",
                    ),
                ),
            ],
            options={
                "ordering": ["report", "r_id"],
            },
        ),
        migrations.CreateModel(
            name="ReportRequest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("request_id", models.CharField(max_length=64, unique=True, verbose_name="reportRequestID")),
                ("granularity_seconds", models.PositiveIntegerField(verbose_name="seconds per interval")),
                ("report_back_seconds", models.PositiveIntegerField(verbose_name="seconds between reports")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("wanted", "to be asked for"),
                            ("asked", "asked for"),
                            ("running", "agreed"),
                            ("ending", "to be ended"),
                            ("ended", "ended"),
                        ],
                        default="wanted",
                        max_length=8,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("answered_at", models.DateTimeField(blank=True, null=True, verbose_name="answered")),
                ("last_report_at", models.DateTimeField(blank=True, null=True, verbose_name="last report")),
                ("points", models.ManyToManyField(related_name="requests", to="openadr.reportpoint")),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="requests", to="openadr.report"
                    ),
                ),
            ],
            options={
                "ordering": ["report", "id"],
            },
        ),
        migrations.CreateModel(
            name="Upstream",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                ("url", models.URLField(help_text="As far as /OpenADR2/Simple/2.0b.", verbose_name="address")),
                (
                    "policy",
                    models.CharField(
                        choices=[
                            ("draft", "a draft that somebody looks at"),
                            ("schedule", "scheduled and announced at once"),
                        ],
                        default="draft",
                        max_length=8,
                        verbose_name="its events become",
                    ),
                ),
                ("ven_name", models.CharField(max_length=64, verbose_name="our name there")),
                ("ven_id", models.CharField(blank=True, max_length=64, verbose_name="our venID there")),
                ("registration_id", models.CharField(blank=True, editable=False, max_length=64)),
                ("vtn_id", models.CharField(blank=True, editable=False, max_length=64, verbose_name="its vtnID")),
                ("certificate", models.TextField(blank=True, verbose_name="our certificate")),
                ("key_sealed", models.TextField(blank=True, editable=False)),
                ("ca", models.TextField(blank=True, verbose_name="who vouches for it")),
                (
                    "vtn_fingerprint",
                    models.CharField(blank=True, max_length=64, verbose_name="its certificate’s SHA-256"),
                ),
                ("poll_seconds", models.PositiveIntegerField(default=10, verbose_name="seconds between polls")),
                ("is_active", models.BooleanField(default=True, verbose_name="in use")),
                ("next_poll_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("last_ok_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="last answer")),
                (
                    "failing_since",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="failing since"),
                ),
                ("last_fault", models.CharField(blank=True, editable=False, max_length=300, verbose_name="last fault")),
                (
                    "distributor",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="upstreams",
                        to="organizations.distributor",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="upstreams",
                        to="events.program",
                        verbose_name="program",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="UpstreamEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_ref", models.CharField(max_length=128, verbose_name="its eventID")),
                ("modification_number", models.PositiveIntegerField()),
                ("start", models.DateTimeField(verbose_name="start")),
                ("end", models.DateTimeField(verbose_name="end")),
                ("level", models.FloatField(null=True, verbose_name="level")),
                ("status", models.CharField(max_length=20, verbose_name="its state")),
                ("is_test", models.BooleanField(default=False)),
                ("wants_answer", models.BooleanField(default=True)),
                ("payload", models.JSONField(default=dict)),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="what became of it")),
                (
                    "opt",
                    models.CharField(
                        blank=True,
                        choices=[("", "no answer"), ("optIn", "takes part"), ("optOut", "does not take part")],
                        default="",
                        max_length=6,
                        verbose_name="our answer",
                    ),
                ),
                ("answered_modification", models.PositiveIntegerField(null=True)),
                ("received_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="received")),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "event",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="upstream_events",
                        to="events.event",
                    ),
                ),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="events", to="openadr.upstream"
                    ),
                ),
            ],
            options={
                "ordering": ["-start"],
            },
        ),
        migrations.CreateModel(
            name="UpstreamReport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("request_id", models.CharField(max_length=128, verbose_name="reportRequestID")),
                ("specifier_id", models.CharField(max_length=128)),
                ("r_id", models.CharField(max_length=128)),
                ("granularity_seconds", models.PositiveIntegerField(verbose_name="seconds per interval")),
                ("report_back_seconds", models.PositiveIntegerField(verbose_name="seconds between reports")),
                ("sent_until", models.DateTimeField(verbose_name="reported until")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                (
                    "upstream",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="openadr.upstream"
                    ),
                ),
            ],
            options={
                "ordering": ["upstream", "id"],
            },
        ),
        migrations.CreateModel(
            name="VenSeen",
            fields=[
                (
                    "ven",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="seen",
                        serialize=False,
                        to="openadr.ven",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="last heard")),
                ("address", models.CharField(blank=True, max_length=64, verbose_name="address")),
                ("messages", models.PositiveBigIntegerField(default=0, verbose_name="messages")),
            ],
        ),
        migrations.AddField(
            model_name="resource",
            name="ven",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="resources", to="openadr.ven"
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="ven",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="reports", to="openadr.ven"
            ),
        ),
        migrations.CreateModel(
            name="VenCertificate",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("fingerprint", models.CharField(max_length=64, unique=True, verbose_name="SHA-256")),
                ("subject", models.CharField(max_length=200, verbose_name="subject")),
                ("valid_from", models.DateTimeField(verbose_name="valid from")),
                ("valid_to", models.DateTimeField(verbose_name="valid until")),
                ("is_ours", models.BooleanField(default=True, verbose_name="issued by the portal")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("revoked_at", models.DateTimeField(blank=True, null=True, verbose_name="revoked")),
                (
                    "ven",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="certificates", to="openadr.ven"
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
            },
        ),
        migrations.CreateModel(
            name="VenChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveBigIntegerField(db_index=True)),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now)),
                (
                    "ven",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="openadr.ven",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="VenMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_index=True, default=django.utils.timezone.now, verbose_name="time")),
                ("address", models.CharField(blank=True, max_length=64, verbose_name="address")),
                ("kind", models.CharField(blank=True, max_length=40, verbose_name="message")),
                ("answer_kind", models.CharField(blank=True, max_length=40, verbose_name="answer")),
                ("code", models.PositiveSmallIntegerField(verbose_name="code")),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="note")),
                ("body", models.TextField(blank=True, verbose_name="what it said")),
                ("answer", models.TextField(blank=True, verbose_name="what we said")),
                (
                    "distributor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="organizations.distributor",
                    ),
                ),
                (
                    "ven",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="openadr.ven",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="VenOpt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("opt_id", models.CharField(max_length=128, verbose_name="optID")),
                (
                    "opt_type",
                    models.CharField(
                        choices=[("optIn", "takes part"), ("optOut", "does not take part")],
                        max_length=6,
                        verbose_name="answer",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=60, verbose_name="reason")),
                ("spans", models.JSONField(default=list)),
                ("resources", models.JSONField(default=list)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True, verbose_name="taken back")),
                (
                    "delivery",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="opts",
                        to="openadr.eventdelivery",
                    ),
                ),
                (
                    "ven",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="opts", to="openadr.ven"
                    ),
                ),
            ],
            options={
                "ordering": ["ven", "-created_at"],
            },
        ),
        migrations.CreateModel(
            name="DeliveryRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.CharField(
                        choices=[
                            ("delivered", "delivered"),
                            ("acknowledged", "acknowledged"),
                            ("opted_in", "takes part"),
                            ("opted_out", "does not take part"),
                            ("unreachable", "not reached in time"),
                            ("changed", "changed"),
                            ("cancelled", "called off"),
                        ],
                        max_length=12,
                    ),
                ),
                ("modification_number", models.PositiveIntegerField()),
                ("at", models.DateTimeField(default=django.utils.timezone.now)),
                ("detail", models.CharField(blank=True, max_length=200)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="records", to="openadr.eventdelivery"
                    ),
                ),
            ],
            options={
                "ordering": ["delivery", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "step__in",
                                [
                                    "delivered",
                                    "acknowledged",
                                    "opted_in",
                                    "opted_out",
                                    "unreachable",
                                    "changed",
                                    "cancelled",
                                ],
                            )
                        ),
                        name="delivery_step_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PowerSample",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("power_w", models.IntegerField()),
                (
                    "resource",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="samples",
                        to="openadr.resource",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["at"], name="power_sample_by_time")],
                "constraints": [models.UniqueConstraint(fields=("resource", "at"), name="power_sample_once")],
            },
        ),
        migrations.AddConstraint(
            model_name="reportpoint",
            constraint=models.UniqueConstraint(fields=("report", "r_id"), name="report_point_once"),
        ),
        migrations.AddConstraint(
            model_name="reportpoint",
            constraint=models.CheckConstraint(
                condition=models.Q(("measure__in", ["energy", "power", "status", "other"])),
                name="report_point_measure_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["wanted", "asked", "running", "ending", "ended"])),
                name="report_request_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="upstream",
            constraint=models.UniqueConstraint(
                fields=("distributor", "name"),
                name="upstream_name_in_distributor",
                violation_error_message="There is one of this name already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="upstream",
            constraint=models.CheckConstraint(
                condition=models.Q(("policy__in", ["draft", "schedule"])), name="upstream_policy_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="upstream",
            constraint=models.CheckConstraint(
                condition=models.Q(("poll_seconds__gte", 1), ("poll_seconds__lte", 86400)),
                name="upstream_polls_within_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="upstreamevent",
            constraint=models.UniqueConstraint(fields=("upstream", "event_ref"), name="upstream_event_once"),
        ),
        migrations.AddConstraint(
            model_name="upstreamevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("end__gt", models.F("start"))), name="upstream_event_ends_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="upstreamevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("opt__in", ["", "optIn", "optOut"])), name="upstream_event_opt_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="upstreamreport",
            constraint=models.UniqueConstraint(fields=("upstream", "request_id", "r_id"), name="upstream_report_once"),
        ),
        migrations.AddConstraint(
            model_name="ven",
            constraint=models.UniqueConstraint(
                fields=("distributor", "name"),
                name="ven_name_in_distributor",
                violation_error_message="There is a VEN of this name already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ven",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["enrolled", "registered", "revoked"])), name="ven_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="ven",
            constraint=models.CheckConstraint(
                condition=models.Q(("is_lenient", True), ("must_sign", True), _negated=True),
                name="ven_lenient_or_signed",
                violation_error_message="What is signed is held to the schema: choose one of the two.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ven",
            constraint=models.CheckConstraint(
                condition=models.Q(("poll_seconds__gte", 1), ("poll_seconds__lte", 86400)),
                name="ven_polls_within_a_day",
                violation_error_message="A VEN polls each 1 to 86,400 seconds.",
            ),
        ),
        migrations.AddConstraint(
            model_name="resource",
            constraint=models.UniqueConstraint(
                fields=("ven", "name"),
                name="resource_name_in_ven",
                violation_error_message="The VEN has a resource of this name already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="resource",
            constraint=common.constraints.foreign_keys.UniqueColumns(
                fields=("source_meter",),
                name="resource_one_source_per_meter",
                violation_error_message="Another resource reports this meter’s readings already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.UniqueConstraint(fields=("ven", "specifier_id"), name="report_once_per_ven"),
        ),
        migrations.AddIndex(
            model_name="eventdelivery",
            index=models.Index(fields=["end"], name="delivery_by_end"),
        ),
        migrations.AddConstraint(
            model_name="eventdelivery",
            constraint=models.UniqueConstraint(fields=("ven", "event"), name="delivery_once"),
        ),
        migrations.AddConstraint(
            model_name="eventdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("end__gt", models.F("start"))), name="delivery_ends_after_start"
            ),
        ),
        migrations.AddConstraint(
            model_name="eventdelivery",
            constraint=models.CheckConstraint(
                condition=models.Q(("opt__in", ["", "optIn", "optOut"])), name="delivery_opt_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="eventdelivery",
            constraint=models.CheckConstraint(condition=models.Q(("level__lte", 3)), name="delivery_level_known"),
        ),
        migrations.AddConstraint(
            model_name="vencertificate",
            constraint=models.CheckConstraint(
                condition=models.Q(("fingerprint__regex", "^[0-9a-f]{64}$")), name="ven_certificate_is_sha256"
            ),
        ),
        migrations.AddConstraint(
            model_name="vencertificate",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_to__gt", models.F("valid_from"))), name="ven_certificate_ends_after_start"
            ),
        ),
        migrations.AddIndex(
            model_name="venmessage",
            index=models.Index(fields=["ven", "-id"], name="ven_message_of_ven"),
        ),
        migrations.AddConstraint(
            model_name="venopt",
            constraint=models.UniqueConstraint(fields=("ven", "opt_id"), name="ven_opt_once"),
        ),
        migrations.AddConstraint(
            model_name="venopt",
            constraint=models.CheckConstraint(
                condition=models.Q(("opt_type__in", ("optIn", "optOut"))), name="ven_opt_type_known"
            ),
        ),
    ]
