"""However readings are shuffled, split and repeated: the table is the same."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meters.models import IntervalReading, ReadingRevision
from meters.services import Readings, ingest_readings
from meters.tests.helpers import slot
from tests.builder import make_distributor, make_meter

pytestmark = pytest.mark.django_db

VALUES = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 40)), st.integers(0, 10**9), min_size=1, max_size=60
)


@pytest.fixture
def meters():
    distributor = make_distributor()
    return [make_meter(distributor) for _ in range(4)]


def table():
    return set(IntervalReading.objects.values_list("meter_id", "start", "energy_wh", "quality"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=VALUES, data=st.data())
def test_any_order_and_any_splitting_give_the_same_table(meters, values, data):
    IntervalReading.objects.all()._raw_delete("default")
    rows = [(meters[at].pk, slot(number), wh) for (at, number), wh in values.items()]
    sent = data.draw(st.permutations(rows + data.draw(st.lists(st.sampled_from(rows), max_size=20))))
    new = 0
    while sent:
        size = data.draw(st.integers(1, len(sent)))
        part, sent = sent[:size], sent[size:]
        result = ingest_readings(distributor=meters[0].distributor, readings=Readings.of(part), source="test")
        assert result.new + result.unchanged + result.repeated == len(part)
        new += result.new
    assert new == len(rows)
    assert table() == {(*row, 0) for row in rows}
    assert not ReadingRevision.objects.exists()
