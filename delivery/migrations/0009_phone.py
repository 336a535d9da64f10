import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0008_text_messages"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Phone",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.CharField(blank=True, max_length=16, verbose_name="phone number")),
                ("confirmed_at", models.DateTimeField(blank=True, null=True)),
                ("asked_number", models.CharField(blank=True, max_length=16)),
                ("code_digest", models.CharField(blank=True, max_length=64)),
                ("code_until", models.DateTimeField(blank=True, null=True)),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="phone", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("confirmed_at__isnull", True), ("number", "")),
                            models.Q(models.Q(("number", ""), _negated=True), ("confirmed_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="phone_number_is_confirmed",
                        violation_error_message="A number stands here only once it is confirmed.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("asked_number", ""), ("code_digest", ""), ("code_until__isnull", True)),
                            models.Q(
                                models.Q(("asked_number", ""), _negated=True),
                                models.Q(("code_digest", ""), _negated=True),
                                ("code_until__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="phone_code_whole",
                        violation_error_message="A number that waits has a code with an end.",
                    ),
                ],
            },
        ),
    ]
