"""What is kept for a while only."""

from datetime import timedelta

import pytest
from django.utils import timezone

from openadr.models import Report, ReportPoint, ReportRequest, VenChange, VenMessage, VenOpt
from openadr.tasks import sweep_messages
from openadr.tests.delivery_world import make_ven

pytestmark = pytest.mark.django_db


def test_old_messages_and_changes_go_and_new_ones_stay(here, settings):
    settings.VTN_LOG_DAYS = 7
    now, day = timezone.now(), timedelta(days=1)
    ven = make_ven(here.distributor)
    VenChange.objects.all().delete()
    for age in (0, 2, 6, 8):
        VenMessage.objects.create(ven=ven, distributor=here.distributor, at=now - age * day, code=200)
        VenChange.objects.create(number=age + 1, ven=ven, at=now - age * day)
    sweep_messages()
    assert (VenMessage.objects.count(), VenChange.objects.count()) == (3, 1)


def test_what_a_ven_took_back_or_offers_no_longer_goes_after_the_same_time(here, settings):
    settings.VTN_LOG_DAYS = 7
    now, day = timezone.now(), timedelta(days=1)
    ven = make_ven(here.distributor)
    for name, ended in (("open", None), ("late", now - 6 * day), ("old", now - 8 * day)):
        VenOpt.objects.create(ven=ven, opt_id=name, opt_type="optOut", created_at=now - 90 * day, ended_at=ended)
        report = Report.objects.create(ven=ven, specifier_id=name, registered_at=now - 90 * day, ended_at=ended)
        point = ReportPoint.objects.create(report=report, r_id="1")
        request = ReportRequest.objects.create(
            report=report, request_id=f"r-{name}", granularity_seconds=60, report_back_seconds=60, state="ended"
        )
        request.points.add(point)
    sweep_messages()
    assert set(VenOpt.objects.values_list("opt_id", flat=True)) == {"open", "late"}
    assert set(Report.objects.values_list("specifier_id", flat=True)) == {"open", "late"}
    assert (ReportPoint.objects.count(), ReportRequest.objects.count()) == (2, 2)
