"""Delivery, meters and forecasting."""

from datetime import timedelta
from decimal import Decimal

from accounts.models import Kind, User
from delivery.models import Channel, DeliveryState, Message, Notice, NotificationChoice, Phone, SentRequest, Topic
from forecasting.models import Forecast, MeterForecast
from meters.models import Exclusion, Feeder, IntervalReading, Meter, MeterMap, Prediction
from tests.builder import make_meter, map_meter
from tests.rules.examples.example import Change, Example, again
from tests.rules.kit import HOUR, NOON, Kit

DAY = timedelta(days=1)


def _meter(kit: Kit, **fields: object) -> Meter:
    return Meter(**({"distributor": kit.here, "number": "new"} | fields))


def _map(meter: Meter, holder: User, kind: str = Kind.USER, **fields: object) -> MeterMap:
    return MeterMap(**({"meter": meter, "entity_id": holder.pk, "holder_kind": kind, "valid_from": NOON} | fields))


def _map_of_another(kit: Kit) -> MeterMap:
    return map_meter(kit.meter, kit.person(), NOON)


def _ended_map_of_another(kit: Kit) -> MeterMap:
    return map_meter(kit.home, kit.person(), NOON - DAY, valid_to=NOON)


def _taken_meter(kit: Kit) -> Change:
    assert kit.resident
    return _map_of_another(kit), {"meter": kit.home}


def _taken_resident(kit: Kit) -> Change:
    return _map_of_another(kit), {"entity": kit.entity_of(kit.resident)}


def _overlap_on_meter(kit: Kit) -> Change:
    assert kit.resident
    return _ended_map_of_another(kit), {"valid_to": NOON + HOUR}


def _overlap_of_resident(kit: Kit) -> Change:
    ended = map_meter(kit.meter, kit.resident, NOON - DAY, valid_to=NOON)
    return ended, {"valid_to": NOON + HOUR}


def _closed(kit: Kit, meter: Meter, holder: User) -> MeterMap:
    return _map(meter, holder, valid_from=NOON - DAY, valid_to=NOON + HOUR)


def _reopened(kit: Kit) -> Change:
    past = map_meter(kit.meter, kit.member, NOON - DAY, valid_to=NOON)
    return past, {"valid_to": None}


def _exclusion(kit: Kit, **fields: object) -> Exclusion:
    return again(kit.exclusion, **fields)


def _second_exclusion(kit: Kit) -> Change:
    second = _exclusion(kit, source="second")
    second.save()
    return second, {"source": kit.exclusion.source}


def _sent(kit: Kit, **fields: object) -> SentRequest:
    return SentRequest(**({"user": kit.staff, "key": "k1", "route": "POST /", "held_until": NOON} | fields))


def _sent_again(kit: Kit) -> SentRequest:
    _sent(kit).save()
    return _sent(kit)


def _second_request(kit: Kit) -> Change:
    _sent(kit).save()
    second = _sent(kit, key="k2")
    second.save()
    return second, {"key": "k1"}


def _again_for_feeder(kit: Kit) -> Exclusion:
    first = _exclusion(kit, meter=None, feeder=kit.feeder)
    first.save()
    return again(first)


def _second_for_feeder(kit: Kit) -> Change:
    first = _exclusion(kit, meter=None, feeder=kit.feeder)
    first.save()
    second = again(first, source="second")
    second.save()
    return second, {"source": first.source}


def _prediction(kit: Kit, **fields: object) -> Prediction:
    values = {"wh": 5, "lower_wh": 4, "upper_wh": 6, "issued_at": NOON - HOUR, "forecast_number": 1}
    return Prediction(**({"meter": kit.meter, "start": NOON} | values | fields))


def _second_choice(kit: Kit) -> NotificationChoice:
    second: NotificationChoice = again(kit.choice, channel=Channel.PORTAL)  # type: ignore[assignment]  # the kind that was asked for
    second.save()
    return second


def _phone(kit: Kit) -> Phone:
    return Phone.objects.create(user=kit.staff, number="+15555550123", confirmed_at=NOON)


EXAMPLES = {
    "message_state_known": Example(
        new=lambda kit: Message(
            kind="test", recipient="a@example.com", payload={"a": 1}, state="lost", finished_at=NOON
        ),
        change=lambda kit: (kit.message, {"state": "lost", "finished_at": NOON}),
    ),
    "message_channel_known": Example(
        new=lambda kit: again(kit.message, payload={"a": 1}, channel="drum"),
        change=lambda kit: (kit.message, {"channel": "drum"}),
    ),
    "phone_number_is_confirmed": Example(
        new=lambda kit: Phone(user=kit.staff, number="+15555550123"),
        change=lambda kit: (_phone(kit), {"confirmed_at": None}),
    ),
    "phone_code_whole": Example(
        new=lambda kit: Phone(user=kit.staff, asked_number="+15555550123"),
        change=lambda kit: (_phone(kit), {"asked_number": "+15555550199"}),
    ),
    "message_end_has_time": Example(
        new=lambda kit: again(kit.message, payload={"a": 1}, state=DeliveryState.DELIVERED),
        change=lambda kit: (kit.message, {"state": DeliveryState.DELIVERED}),
    ),
    "notice_topic_known": Example(
        new=lambda kit: Notice(user=kit.staff, topic="weather", title="Rain", body="soon", url="/"),
        change=lambda kit: (kit.notice, {"topic": "weather"}),
    ),
    "notification_choice_once": Example(
        new=lambda kit: again(kit.choice),
        change=lambda kit: (_second_choice(kit), {"channel": kit.choice.channel}),
    ),
    "notification_choice_topic_known": Example(
        new=lambda kit: again(kit.choice, topic="weather"),
        change=lambda kit: (kit.choice, {"topic": "weather"}),
    ),
    "notification_choice_channel_known": Example(
        new=lambda kit: again(kit.choice, channel="pigeon"),
        change=lambda kit: (kit.choice, {"channel": "pigeon"}),
    ),
    "notification_choice_security_stays": Example(
        new=lambda kit: again(kit.choice, topic=Topic.SECURITY, wanted=False),
        change=lambda kit: (kit.choice, {"topic": Topic.SECURITY, "wanted": False}),
    ),
    "attempt_unchanged": Example(change=lambda kit: (kit.attempt, {"error": "none"})),
    "feeder_name_in_distributor": Example(
        new=lambda kit: again(kit.feeder),
        change=lambda kit: (Feeder.objects.create(distributor=kit.here, name="2"), {"name": kit.feeder.name}),
    ),
    "meter_number_in_distributor": Example(
        new=lambda kit: _meter(kit, number=kit.meter.number),
        change=lambda kit: (make_meter(kit.here), {"number": kit.meter.number}),
    ),
    "meter_interval_known": Example(
        new=lambda kit: _meter(kit, interval_minutes=7),
        change=lambda kit: (kit.meter, {"interval_minutes": 7}),
    ),
    "meter_contracted_not_negative": Example(
        new=lambda kit: _meter(kit, contracted_kw=Decimal(-1)),
        change=lambda kit: (kit.meter, {"contracted_kw": Decimal(-1)}),
    ),
    "meter_reading_kind_known": Example(
        new=lambda kit: _meter(kit, reading_kind="dial"),
        change=lambda kit: (kit.meter, {"reading_kind": "dial"}),
    ),
    "meter_register_limit_positive": Example(
        new=lambda kit: _meter(kit, register_limit_wh=0),
        change=lambda kit: (kit.meter, {"register_limit_wh": 0}),
    ),
    "meter_distributor_fixed": Example(change=lambda kit: (kit.meter, {"distributor": kit.there})),
    "meter_feeder_same_distributor": Example(
        new=lambda kit: _meter(kit, feeder=kit.foreign_feeder),
        change=lambda kit: (kit.meter, {"feeder": kit.foreign_feeder}),
    ),
    "meter_in_service_is_mapped": Example(change=lambda kit: (kit.retired_meter, {"retired_at": None})),
    "metermap_once": Example(
        new=lambda kit: again(map_meter(kit.meter, kit.organization, NOON)),
        change=lambda kit: (
            map_meter(kit.meter, kit.organization, NOON),
            {"valid_from": map_meter(kit.meter, kit.organization, NOON - DAY).valid_from},
        ),
    ),
    "metermap_holder_kind": Example(
        new=lambda kit: _map(kit.meter, kit.person(), Kind.ORGANIZATION),
        change=lambda kit: (kit.map_of_resident, {"holder_kind": Kind.ORGANIZATION}),
        filled=("save new", "save change", "form new", "form change"),
    ),
    "metermap_ends_after_start": Example(
        new=lambda kit: _map(kit.meter, kit.person(), valid_to=NOON),
        change=lambda kit: (kit.map_of_resident, {"valid_to": NOON}),
    ),
    "metermap_one_meter_per_resident": Example(
        new=lambda kit: _map(kit.meter, kit.resident),
        change=_taken_resident,
        earlier=("metermap_resident_no_overlap",),
    ),
    "metermap_one_resident_per_meter": Example(
        new=lambda kit: _map(kit.map_of_resident.meter, kit.person()),
        change=_taken_meter,
        earlier=("metermap_meter_no_overlap",),
    ),
    "metermap_meter_no_overlap": Example(
        new=lambda kit: _closed(kit, kit.map_of_resident.meter, kit.person()), change=_overlap_on_meter
    ),
    "metermap_resident_no_overlap": Example(
        new=lambda kit: _closed(kit, kit.meter, kit.resident), change=_overlap_of_resident
    ),
    "metermap_same_distributor": Example(
        new=lambda kit: _map(kit.foreign_meter, kit.person()),
        change=lambda kit: (kit.map_of_resident, {"entity": kit.entity_of(kit.person(kit.there))}),
    ),
    "metermap_not_for_organization_user": Example(new=lambda kit: _map(kit.meter, kit.member), change=_reopened),
    "metermap_distributor_stays": Example(
        change=lambda kit: (kit.map_of_distributor, {"valid_to": NOON}),
    ),
    "metermap_distributor_not_deleted": Example(delete=lambda kit: kit.map_of_distributor),
    "exclusion_kind_known": Example(
        new=lambda kit: _exclusion(kit, kind="holiday"), change=lambda kit: (kit.exclusion, {"kind": "holiday"})
    ),
    "exclusion_ends_after_start": Example(
        new=lambda kit: _exclusion(kit, end=NOON), change=lambda kit: (kit.exclusion, {"end": NOON})
    ),
    "exclusion_of_meter_or_feeder": Example(
        new=lambda kit: _exclusion(kit, feeder=kit.feeder),
        change=lambda kit: (kit.exclusion, {"feeder": kit.feeder}),
    ),
    "sent_request_once": Example(new=_sent_again, change=_second_request),
    "exclusion_once": Example(new=lambda kit: _exclusion(kit), change=_second_exclusion),
    "exclusion_of_feeder_once": Example(new=_again_for_feeder, change=_second_for_feeder),
    "reading_quality_known": Example(
        new=lambda kit: IntervalReading(meter=kit.meter, start=NOON, energy_wh=1, quality=9),
        change=lambda kit: (kit.reading, {"quality": 9}),
    ),
    "prediction_within_bounds": Example(
        new=lambda kit: _prediction(kit, upper_wh=4), change=lambda kit: (kit.prediction, {"upper_wh": 4})
    ),
    "prediction_issued_before": Example(
        new=lambda kit: _prediction(kit, issued_at=NOON + HOUR),
        change=lambda kit: (kit.prediction, {"issued_at": NOON + HOUR}),
    ),
    "reading_revision_append_only": Example(
        change=lambda kit: (kit.revision, {"energy_wh": 7}), delete=lambda kit: kit.revision
    ),
    "forecast_state_known": Example(
        new=lambda kit: again(kit.forecast, state="lost"), change=lambda kit: (kit.forecast, {"state": "lost"})
    ),
    "forecast_has_horizon": Example(
        new=lambda kit: again(kit.forecast, horizon_hours=0),
        change=lambda kit: (kit.forecast, {"horizon_hours": 0}),
    ),
    "meter_forecast_once": Example(
        new=lambda kit: again(kit.meter_forecast),
        change=lambda kit: (
            MeterForecast.objects.create(forecast=_second_forecast(kit), meter=kit.meter),
            {"forecast": kit.meter_forecast.forecast},
        ),
    ),
}


def _second_forecast(kit: Kit) -> Forecast:
    second = again(kit.forecast)
    second.save()
    return second
