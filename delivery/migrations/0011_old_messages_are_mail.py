"""Messages from before there was another way were mails."""

from typing import Any

from django.db import migrations


def say_mail(apps: Any, schema_editor: Any) -> None:
    """What has an address with an @ went by mail."""
    apps.get_model("delivery", "Message").objects.filter(recipient__contains="@").update(channel="email")


class Migration(migrations.Migration):
    dependencies = [("delivery", "0010_message_way_and_receipt")]

    operations = [migrations.RunPython(say_mail, migrations.RunPython.noop)]
