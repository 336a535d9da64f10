"""How a distributor shows itself."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import organizations.models.brand


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="distributor",
            name="accent",
            field=models.CharField(
                blank=True,
                help_text="Of buttons and links, like #0d5c66. Empty: the portal’s own.",
                max_length=7,
                validators=[organizations.models.brand.validate_accent],
                verbose_name="accent color",
            ),
        ),
        migrations.AddField(
            model_name="distributor",
            name="host",
            field=organizations.models.brand.HostField(
                blank=True,
                error_messages={"unique": "Another distributor has this host name."},
                help_text="Like portal.example.org. Its name must lead to this portal. Empty: the portal’s own address.",
                max_length=253,
                null=True,
                unique=True,
                validators=[organizations.models.brand.validate_host],
                verbose_name="own host name",
            ),
        ),
        migrations.AddField(
            model_name="distributor",
            name="language",
            field=models.CharField(
                blank=True,
                choices=[("en", "English"), ("es", "Español")],
                help_text="Of mails to people who chose none themselves.",
                max_length=8,
                verbose_name="language",
            ),
        ),
        migrations.AddField(
            model_name="distributor",
            name="phone",
            field=models.CharField(
                blank=True, max_length=40, validators=[organizations.models.brand.validate_header], verbose_name="phone"
            ),
        ),
        migrations.AddField(
            model_name="distributor",
            name="sender_email",
            field=models.EmailField(
                blank=True,
                help_text="The mail provider must be allowed to send for this address. Empty: the portal’s own.",
                max_length=254,
                validators=[organizations.models.brand.validate_header],
                verbose_name="sender of mails",
            ),
        ),
        migrations.AddField(
            model_name="distributor",
            name="sender_name",
            field=models.CharField(
                blank=True,
                max_length=60,
                validators=[organizations.models.brand.validate_header],
                verbose_name="name of the sender",
            ),
        ),
        migrations.AddField(
            model_name="distributor",
            name="website",
            field=models.CharField(
                blank=True,
                max_length=200,
                validators=[django.core.validators.URLValidator(["https", "http"])],
                verbose_name="web address",
            ),
        ),
        migrations.CreateModel(
            name="DistributorLogo",
            fields=[
                (
                    "distributor",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="logo",
                        serialize=False,
                        to="organizations.distributor",
                    ),
                ),
                ("content", models.BinaryField()),
                (
                    "media_type",
                    models.CharField(
                        choices=[("image/png", "PNG"), ("image/jpeg", "JPEG"), ("image/webp", "WebP")],
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("digest", models.CharField(editable=False, max_length=64)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("media_type__in", ("image/png", "image/jpeg", "image/webp"))),
                        name="logo_type_known",
                    )
                ],
            },
        ),
    ]
