"""A run is written part by part, and sealed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("settlement", "0003_drop_triggers"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="settlementrun",
            name="settlement_run_kind_known",
        ),
        migrations.AddField(
            model_name="settlementline",
            name="inputs_sha256",
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.AddField(
            model_name="settlementline",
            name="points",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="settlementrun",
            name="common",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="settlementrun",
            name="data_through",
            field=models.DateTimeField(blank=True, null=True, verbose_name="readings up to"),
        ),
        migrations.AddField(
            model_name="settlementrun",
            name="sealed_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="settlementrun",
            name="inputs_sha256",
            field=models.CharField(max_length=64, null=True),
        ),
        migrations.AlterField(
            model_name="settlementrun",
            name="kind",
            field=models.CharField(
                choices=[("trial", "trial of another rule"), ("preliminary", "estimate"), ("final", "final")],
                default="final",
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["trial", "preliminary", "final"])), name="settlement_run_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="settlementrun",
            constraint=models.CheckConstraint(
                condition=models.Q(("sealed_at__isnull", True), ("inputs_sha256__isnull", False), _connector="OR"),
                name="settlement_run_sealed_with_hash",
            ),
        ),
    ]
