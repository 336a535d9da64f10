"""Events that people know of and that are not over: they were told of them as they stand."""

from django.db import migrations


def write_told(apps, schema_editor):
    """One row for each; of those that were moved since nobody knows what was said first, and the earliest holds."""
    event_model, told_model = apps.get_model("events", "Event"), apps.get_model("settlement", "ToldSpan")
    rows = event_model.objects.filter(state__in=("notified", "active"), notified_at__isnull=False)
    told_model.objects.bulk_create(
        told_model(event=event, at=event.notified_at, start=event.start, end=event.end) for event in rows
    )


class Migration(migrations.Migration):
    dependencies = [("settlement", "0025_told_span")]

    operations = [migrations.RunPython(write_told, migrations.RunPython.noop)]
