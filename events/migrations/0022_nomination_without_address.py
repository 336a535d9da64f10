"""A nomination names who gave it by the person's number, not by the address, which closing an account takes out."""

from collections.abc import Mapping
from typing import Any

from django.db import migrations

import common.constraints.triggers


def renamed(source: str, known: Mapping[str, int]) -> str:
    """The source without the address: "Portal, person 7", in any language."""
    way, _comma, address = source.partition(", ")
    if "@" not in address:
        return source
    who = known.get(address, known.get(address.lower()))
    # What comes before the comma says whose figure it is, and stays.
    return f"{way}, an earlier account" if who is None else f"{way}, person {who}"


def name_by_number(apps: Any, schema_editor: Any) -> None:
    nomination, user = apps.get_model("events", "Nomination"), apps.get_model("accounts", "User")
    rows = nomination.objects.filter(source__contains="@").order_by("pk").values_list("pk", "source")
    found = list(rows)
    known: dict[str, int] = dict(user.objects.values_list("email", "pk")) if found else {}
    for pk, source in found:
        if (without := renamed(source, known)) != source:
            nomination.objects.filter(pk=pk).update(source=without)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_personal_export"),
        ("events", "0021_wanted_time"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="nomination", name="nomination_unchanged"),
        migrations.RunPython(name_by_number, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="nomination",
            constraint=common.constraints.triggers.AppendOnly(name="nomination_unchanged", on=("UPDATE",)),
        ),
    ]
