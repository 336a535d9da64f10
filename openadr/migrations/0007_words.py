"""How models are called."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("openadr", "0006_upstream_exchange"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="changecounter",
            options={"verbose_name": "counter of changes", "verbose_name_plural": "counters of changes"},
        ),
        migrations.AlterModelOptions(
            name="deliveryrecord",
            options={
                "ordering": ["delivery", "id"],
                "verbose_name": "step of a delivery",
                "verbose_name_plural": "steps of deliveries",
            },
        ),
        migrations.AlterModelOptions(
            name="devicestatus",
            options={"verbose_name": "state of a device", "verbose_name_plural": "states of devices"},
        ),
        migrations.AlterModelOptions(
            name="energypart",
            options={"verbose_name": "part of an energy", "verbose_name_plural": "parts of energies"},
        ),
        migrations.AlterModelOptions(
            name="eventdelivery",
            options={
                "ordering": ["event", "ven"],
                "verbose_name": "delivery to a VEN",
                "verbose_name_plural": "deliveries to VENs",
            },
        ),
        migrations.AlterModelOptions(
            name="powersample",
            options={"verbose_name": "power reading", "verbose_name_plural": "power readings"},
        ),
        migrations.AlterModelOptions(
            name="report",
            options={"ordering": ["ven", "specifier_id"], "verbose_name": "report", "verbose_name_plural": "reports"},
        ),
        migrations.AlterModelOptions(
            name="reportpoint",
            options={
                "ordering": ["report", "r_id"],
                "verbose_name": "reported series",
                "verbose_name_plural": "reported series",
            },
        ),
        migrations.AlterModelOptions(
            name="reportrequest",
            options={
                "ordering": ["report", "id"],
                "verbose_name": "request for a report",
                "verbose_name_plural": "requests for reports",
            },
        ),
        migrations.AlterModelOptions(
            name="resource",
            options={"ordering": ["ven", "name"], "verbose_name": "resource", "verbose_name_plural": "resources"},
        ),
        migrations.AlterModelOptions(
            name="upstream",
            options={"ordering": ["name"], "verbose_name": "VTN above", "verbose_name_plural": "VTNs above"},
        ),
        migrations.AlterModelOptions(
            name="upstreamevent",
            options={
                "ordering": ["-start"],
                "verbose_name": "event from above",
                "verbose_name_plural": "events from above",
            },
        ),
        migrations.AlterModelOptions(
            name="upstreamreport",
            options={
                "ordering": ["upstream", "id"],
                "verbose_name": "report to above",
                "verbose_name_plural": "reports to above",
            },
        ),
        migrations.AlterModelOptions(
            name="usednonce",
            options={"verbose_name": "used nonce", "verbose_name_plural": "used nonces"},
        ),
        migrations.AlterModelOptions(
            name="ven",
            options={"ordering": ["name"], "verbose_name": "VEN", "verbose_name_plural": "VENs"},
        ),
        migrations.AlterModelOptions(
            name="vencertificate",
            options={"ordering": ["-created_at"], "verbose_name": "certificate", "verbose_name_plural": "certificates"},
        ),
        migrations.AlterModelOptions(
            name="venchange",
            options={"verbose_name": "change of a VEN", "verbose_name_plural": "changes of VENs"},
        ),
        migrations.AlterModelOptions(
            name="venmessage",
            options={
                "ordering": ["-id"],
                "verbose_name": "message of a VEN",
                "verbose_name_plural": "messages of VENs",
            },
        ),
        migrations.AlterModelOptions(
            name="venopt",
            options={
                "ordering": ["ven", "-created_at"],
                "verbose_name": "answer of a VEN",
                "verbose_name_plural": "answers of VENs",
            },
        ),
        migrations.AlterModelOptions(
            name="venseen",
            options={"verbose_name": "last sign of a VEN", "verbose_name_plural": "last signs of VENs"},
        ),
    ]
