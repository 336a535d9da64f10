"""Participation, correlation, rank, map and the figures' skeletons."""

import json

import numpy as np
import pytest

from dashboards.charts import (
    FIGURES,
    ChartDataError,
    CorrelationSeries,
    MeterPoint,
    UnknownFigureError,
    correlation_payload,
    etag,
    figure_json,
    map_payload,
    participation_payload,
    payload_json,
    rank_payload,
)

PAYLOADS = {
    "participation": participation_payload(3, 4),
    "rank": rank_payload([MeterPoint("A", "home", 5)]),
    "map": map_payload([MeterPoint("A", "home", 5, latitude=44.0, longitude=-121.0, feeder="North")]),
}


def series(values, bound=0.1):
    values = np.asarray(values, dtype=float)
    return CorrelationSeries(values, np.full(len(values), bound), np.full(len(values), bound * 1.3))


def test_ring_turns_by_the_share_and_its_parts_meet():
    sources = participation_payload(1, 4)["sources"]
    below, rest = sources["below"], sources["rest"]
    assert below["to"][0] - below["from"][0] == pytest.approx(np.pi / 2)
    assert rest["from"] == below["to"]
    assert rest["to"][0] - rest["from"][0] == pytest.approx(3 * np.pi / 2)


@pytest.mark.parametrize(("below", "words"), [(0, "0 %"), (4, "100 %")])
def test_ring_may_be_empty_or_full(below, words):
    assert participation_payload(below, 4)["sources"]["words"]["text"][0] == words


def test_participation_without_counted_intervals_shows_a_sentence():
    assert participation_payload(0, 0)["empty"] == "No interval has both a reading and a forecast yet."


@pytest.mark.parametrize(("below", "counted"), [(5, 4), (-1, 4)])
def test_impossible_participation_is_refused(below, counted):
    with pytest.raises(ChartDataError):
        participation_payload(below, counted)


def test_correlation_lags_are_hours_and_verdicts_follow_the_bands():
    payload = correlation_payload(series([0.5, 0.12, 0.05]), series([0.5, -0.2]), interval_minutes=30)
    assert payload["sources"]["acf"]["lag"] == [0.5, 1.0, 1.5]
    assert payload["rows"] == [
        ["30 min", "0.500", "0.500", "outside 99 %", "outside 99 %"],
        ["1 h", "0.120", "−0.200", "outside 95 %", "outside 99 %"],
        ["1.5 h", "0.050", "–", "may be chance", "–"],
    ]


def test_correlation_band_goes_round_both_sides():
    band = correlation_payload(series([0.5, 0.1]), series([0.5]), interval_minutes=60)["sources"]["acf_95"]
    assert band == {"x": [1.0, 2.0, 2.0, 1.0], "y": [0.1, 0.1, -0.1, -0.1]}


def test_correlation_sentence_is_about_the_next_day():
    values = np.linspace(0.9, 0.4, 24)
    payload = correlation_payload(series(values), series(values), interval_minutes=60)
    assert payload["say"] == "Use at the same hour of the next day correlates with 0.40."


def test_correlation_series_of_unlike_lengths_is_refused():
    with pytest.raises(ChartDataError):
        CorrelationSeries(np.zeros(2), np.zeros(1), np.zeros(2))


def test_correlation_without_lags_shows_a_sentence():
    assert correlation_payload(series([]), series([]), interval_minutes=30)["empty"]


def test_rank_draws_the_best_and_the_selected_and_lists_all():
    meters = [MeterPoint(f"M{n}", "home", 1000.0 * n, is_selected=n == 0) for n in range(30)]
    payload = rank_payload(meters)
    assert payload["sources"]["others"]["saved"][0] == 29.0
    assert payload["sources"]["selected"] == {"y": [12], "saved": [0.0]}
    assert payload["sources"]["names"]["text"][12] == "30. 0.0 kWh, M0 (selected)"
    assert len(payload["rows"]) == 30
    assert payload["rows_note"] == "13 of 30 meters are drawn; the table has all."


def test_equal_savings_share_a_rank():
    rows = rank_payload([MeterPoint(name, "home", 5) for name in "AB"])["rows"]
    assert [row[0] for row in rows] == ["1", "1"]


def test_rank_links_to_the_page_of_a_meter():
    row = rank_payload([MeterPoint("A", "home", 5, participation=0.5, feeder="North", url="/meters/1/")])["rows"][0]
    assert row == ["1", {"text": "A", "href": "/meters/1/"}, "home", "North", "0.0 kWh", "50 %"]


def test_map_shrinks_longitude_by_the_cosine_of_latitude():
    meters = [MeterPoint(str(n), "home", 1, latitude=60.0, longitude=10.0 + n) for n in range(2)]
    columns = map_payload(meters)["sources"]["meters"]
    assert columns["x"][1] - columns["x"][0] == pytest.approx(0.5, abs=1e-6)


def test_map_counts_meters_without_coordinates_and_ranks_among_all():
    meters = [
        MeterPoint("nowhere", "home", 9),
        MeterPoint("here", "home", 5, latitude=44.0, longitude=-121.0),
    ]
    payload = map_payload(meters)
    assert payload["rows_note"] == "1 without coordinates, in the table only."
    assert payload["sources"]["meters"]["rank"] == ["2 of 2"]
    assert len(payload["rows"]) == 2


def test_map_shape_follows_kind_and_area_follows_savings():
    meters = [
        MeterPoint("a", "home", 0, latitude=44.0, longitude=-121.0),
        MeterPoint("b", "school", 400, latitude=44.1, longitude=-121.0),
        MeterPoint("c", "school", 100, latitude=44.2, longitude=-121.0, is_selected=True),
    ]
    payload = map_payload(meters)
    columns = payload["sources"]["meters"]
    assert columns["marker"] == ["circle", "square", "square"]
    assert columns["size"] == [8.0, 24.0, 16.0]
    assert payload["sources"]["selected"]["name"] == ["c"]
    assert [key["count"] for key in payload["keys"]] == [1, 2]


def test_map_without_coordinates_shows_a_sentence():
    assert map_payload([MeterPoint("a", "home", 1)])["empty"].startswith("No meter has coordinates yet")


@pytest.mark.parametrize("kind", FIGURES)
def test_figure_is_a_json_item_built_once(kind):
    item = json.loads(figure_json(kind))
    assert item["doc"]["roots"]
    assert figure_json(kind) is figure_json(kind)


@pytest.mark.parametrize("kind", FIGURES)
def test_figure_needs_no_evaluated_script(kind):
    assert b"CustomJS" not in figure_json(kind)


@pytest.mark.parametrize("kind", PAYLOADS)
def test_every_source_of_a_payload_is_in_its_figure(kind):
    figure = figure_json(kind).decode()
    missing = [name for name in PAYLOADS[kind]["sources"] if f'"name":"{name}"' not in figure]
    assert missing == []


def test_unknown_figure_is_refused_with_those_there_are():
    with pytest.raises(UnknownFigureError, match="participation"):
        figure_json("pie")


def test_etag_follows_the_body():
    body = payload_json(participation_payload(1, 2))
    assert etag(body) == etag(payload_json(participation_payload(1, 2)))
    assert etag(body) != etag(payload_json(participation_payload(2, 2)))
