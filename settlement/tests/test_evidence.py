"""The evidence of a reward: the portal and the single file come to the same cents, and no change passes."""

import copy
import json
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from events.models import Participation, ParticipationState
from events.services import record_completed_event
from events.tests.world import PAST, make_program
from meters.models import IntervalReading, Prediction, ReadingRevision
from settlement.baselines import PRESETS
from settlement.canonical import digest
from settlement.evidence import verify_reward
from settlement.evidence.bundle import bundle_of
from settlement.evidence.recompute import recompute
from settlement.evidence.verify import verify
from settlement.models import SettlementLine
from settlement.services import post_run, settle
from settlement.tests.world import EVENT_DAY, POOL, put, told_before
from tests.builder import make_meter, make_user, make_world, map_meter

pytestmark = pytest.mark.django_db
FILE = Path(verify_reward.__file__)
DAYS = tuple(EVENT_DAY - timedelta(days=age) for age in range(1, 45))


def history(meter, usual_wh, event_wh):
    """Six weeks in which each day differs a little, and the hours before the event too."""
    for number, day in enumerate(DAYS):
        put(meter, day, usual_wh + 13 * (number % 7) - 29 * (number % 3), hours=(11, 19))
    put(meter, EVENT_DAY, usual_wh + 50, hours=(11, 16))
    put(meter, EVENT_DAY, event_wh, hours=(16, 18))


def opened_line(run, meter):
    lines = SettlementLine.objects.select_related(
        "run__event__program__distributor", "run__event__version", "meter", "run__batch"
    )
    return lines.filter(run=run, meter=meter).order_by("pk").first()


def bundle(run, meter):
    """The evidence as it is downloaded."""
    return json.loads(json.dumps(bundle_of(opened_line(run, meter))))


def both(data):
    """The portal's verdict and the single file's, which agree."""
    verdict = verify(data)
    checks, result = verify_reward.check(data)
    assert verify_reward.digest(result) == verdict.sha256
    assert [words for holds, words in checks if not holds] == [] or verdict.wrong
    return verdict, [words for holds, words in checks if not holds]


def sealed(data):
    """The same with fingerprints made anew, as a forger would."""
    data = {key: value for key, value in data.items() if key != "sha256"}
    data["fingerprints"] = {name: digest(data[name]) for name in data["fingerprints"]}
    return data | {"sha256": digest(data)}


def make_rich_case(**terms):
    world = make_world()
    program = make_program(world.here.distributor, **terms)
    event = record_completed_event(program=program, start=PAST[0], end=PAST[1])
    history(world.here.home, 1000, 611)
    history(world.here.school, 60_000, 20_000)
    return world, program, event


DAY_MATCHING = [name for name, preset in PRESETS.items() if preset.method == "DAY_MATCHING"]


@pytest.mark.parametrize("preset", DAY_MATCHING)
def test_every_rule_gives_the_same_cents_and_hash_by_both_ways(preset):
    world, _, event = make_rich_case(preset=preset)
    run = settle(event=event)
    for meter in (world.here.home, world.here.school):
        data = bundle(run, meter)
        verdict, wrong = both(data)
        assert (verdict.wrong, wrong) == ([], [])
        assert verdict.result["total"] == f"{opened_line(run, meter).credit:.2f}"
        assert len(json.dumps(data)) < 1_000_000


def test_a_forecast_pays_by_what_was_predicted_before_people_were_told():
    world, _, event = make_rich_case(preset="forecast")
    start, told = PAST[0], event.notified_at
    for number in range(4):
        Prediction.objects.create(
            meter=world.here.home, start=start + number * timedelta(minutes=30), wh=1000 + number, lower_wh=0,
            upper_wh=9000, issued_at=start - timedelta(hours=20), forecast_number=1,
        )  # fmt: skip
    run = settle(event=event)
    assert opened_line(run, world.here.home).baseline_wh == "4006/1", told
    data = bundle(run, world.here.home)
    verdict, wrong = both(data)
    assert (verdict.wrong, wrong, len(data["participant"]["basis"]["predictions"])) == ([], [], 4)
    school = bundle(run, world.here.school)
    assert both(school)[0].result["usual"]["flags"] == ["PREDICTION_MISSING"]
    assert school["result"]["status"] == "insufficient_history"
    data["participant"]["basis"]["predictions"][0][1] += 1000
    assert both(sealed(data))[0].wrong


def make_control_case(homes):
    world, _, event = make_rich_case(preset="control-group", control_share=Decimal("0.1"))
    for number in range(homes):
        meter = make_meter(world.here.distributor, f"held-{number}")
        map_meter(meter, make_user(world.here.distributor))
        history(meter, 800 + 40 * number, 700 + 30 * number)
        Participation.objects.create(event=event, meter=meter, state=ParticipationState.HELD_OUT)
    return world, event


def test_held_out_homes_show_what_the_day_was_like():
    world, event = make_control_case(6)
    run = settle(event=event)
    data = bundle(run, world.here.home)
    verdict, wrong = both(data)
    assert (verdict.wrong, wrong) == ([], [])
    basis = data["participant"]["basis"]
    low, high = basis["interval_wh"]
    assert (basis["members"], data["result"]["status"]) == (6, "ok")
    assert low < Decimal(data["result"]["baseline_wh"].split("/")[0]) < high
    data["participant"]["basis"]["load_wh"][0] += 500
    assert both(sealed(data))[0].wrong


def test_too_few_held_out_homes_pay_nothing_and_say_so():
    world, event = make_control_case(4)
    run = settle(event=event)
    data = bundle(run, world.here.home)
    verdict, wrong = both(data)
    assert (verdict.wrong, wrong, data["result"]["status"]) == ([], [], "insufficient_history")
    assert "GROUP_TOO_SMALL" in data["result"]["usual"]["flags"]


EVERYTHING = {
    "rate": "2.80", "rate_per_kwh": Decimal("0.5"), "flat_per_event": Decimal("0.30"),
    "threshold_kwh": Decimal(1), "threshold_amount": Decimal("0.25"), "bonus_factor": Decimal("0.5"),
    "bonus_amount": Decimal("0.40"), "penalty_per_kw": Decimal("0.10"), "points_per_kwh": 100,
}  # fmt: skip
TERMS = [
    EVERYTHING,
    EVERYTHING | {"cap_per_event": Decimal("2.00")},
    EVERYTHING | {"cap_per_season": Decimal("1.55")},
    EVERYTHING | {"floor": "INTERVAL", "pay_cap": "UP_TO_SITE_LOAD"},
    {"rate_per_kwh": Decimal("2.00"), "points_per_kwh": 100, "pay_cap": "EXPORTS_ALLOWED", "rate": "0"},
]


@pytest.mark.parametrize("terms", TERMS)
def test_every_kind_of_line_is_computed_again(terms):
    world, _, event = make_rich_case(**terms)
    put(world.here.school, EVENT_DAY, 45_000, hours=(16, 18))  # less than nominated: a penalty
    run = settle(event=told_before(event))
    kinds = set()
    for meter in (world.here.home, world.here.school):
        data = bundle(run, meter)
        verdict, wrong = both(data)
        assert (verdict.wrong, wrong) == ([], [])
        kinds |= {line["kind"] for line in data["result"]["lines"]}
    assert len(kinds) == (6 if terms.get("flat_per_event") else 1)


def test_readings_corrected_later_do_not_change_the_evidence_of_the_earlier_run():
    world, _, event = make_rich_case()
    run = settle(event=event)
    before = bundle(run, world.here.home)

    reading = IntervalReading.objects.get(meter=world.here.home, start=PAST[0])
    ReadingRevision.objects.create(
        meter=reading.meter, start=reading.start, energy_wh=reading.energy_wh, quality=reading.quality,
        replaced_by_wh=1, source="test",
    )  # fmt: skip
    IntervalReading.objects.filter(meter=world.here.home, start=PAST[0]).update(energy_wh=1)
    assert bundle(run, world.here.home) == before
    newer = settle(event=event)
    assert newer.number == 2
    assert both(bundle(newer, world.here.home))[0].wrong == []


def test_what_is_posted_stands_in_the_evidence():
    world, _, event = make_rich_case()
    run = settle(event=event)
    post_run(run=run)
    data = bundle(run, world.here.home)
    assert [entry["amount"] for batch in data["ledger"] for entry in batch["entries"]] == [data["result"]["total"]]
    data["ledger"][0]["entries"][0]["amount"] = "9.99"
    assert both(sealed(data))[0].wrong == ["What was posted to the account is the amount"]


def spoiled(data, change):
    data = copy.deepcopy(data)
    change(data)
    return data


CHANGES = {
    "reading": lambda data: data["participant"]["readings"][0].__setitem__(1, 7),
    "missing reading": lambda data: data["participant"]["readings"].pop(),
    "estimated": lambda data: data["participant"]["readings"][-1].__setitem__(2, True),
    "nomination": lambda data: data["participant"].__setitem__("nomination_kw", "0.100"),
    "excluded": lambda data: data["participant"]["excluded"].__setitem__(POOL[0].isoformat(), "OUTAGE"),
    "price": lambda data: data["header"]["terms"].__setitem__("rate_per_kw", "9.0000"),
    "holiday": lambda data: data["header"]["holidays"].append(POOL[0].isoformat()),
    "rule": lambda data: data["rule"].__setitem__("skip_days", 1),
    "amount": lambda data: data["result"]["lines"][0].__setitem__("credit", "99.00"),
    "total": lambda data: data["result"].__setitem__("total", "99.00"),
    "day": lambda data: data["result"]["usual"]["days"].pop(),
    "slot": lambda data: data["result"]["usual"]["slots"][0].__setitem__("baseline_wh", "1/1"),
}
NAMED = {"reading": "readings", "price": "prices", "rule": "the rule", "amount": "the result"}


def test_no_change_passes_sealed_anew_or_not_and_the_part_is_named(tmp_path):
    world, _, event = make_rich_case()
    data = bundle(settle(event=event), world.here.home)
    for name, change in CHANGES.items():
        plain = spoiled(data, change)
        verdict, wrong = both(plain)
        assert verdict.wrong, name
        assert any(NAMED.get(name, "") in words for words in wrong if words.startswith("Unchanged")), name
        forged, forged_wrong = both(sealed(plain))
        assert forged.wrong, name
        assert forged_wrong, name


def run_alone(folder, data):
    """The single file, alone in an empty folder, with nothing but Python."""
    (folder / "verify_reward.py").write_text(FILE.read_text())
    (folder / "bundle.json").write_text(json.dumps(data))
    command = [sys.executable, "-I", "-S", "verify_reward.py", "bundle.json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env={})


def test_the_single_file_runs_alone_and_says_the_same_as_the_command(tmp_path):
    world, _, event = make_rich_case(**EVERYTHING)
    data = bundle(settle(event=event), world.here.home)
    done = run_alone(tmp_path, data)
    assert (done.returncode, done.stderr) == (0, "")
    out = StringIO()
    call_command("verify", str(tmp_path / "bundle.json"), stdout=out)
    for text in ("Everything holds.", f"together     {data['result']['total']} USD", "SHA-256 of the result: "):
        assert text in done.stdout
        assert text in out.getvalue()
    sha = [line for line in done.stdout.splitlines() if line.startswith("SHA-256")]
    assert sha == [line for line in out.getvalue().splitlines() if line.startswith("SHA-256")]
    changed = run_alone(tmp_path, spoiled(data, CHANGES["reading"]))
    assert changed.returncode == 1
    assert "FAILS  Unchanged since it was made: readings" in changed.stdout
    with pytest.raises(CommandError, match="NOT VERIFIED"):
        call_command("verify", str(tmp_path / "bundle.json"), stdout=StringIO())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "drportal-evidence-1"}', "\x00", "[" * 2000])
def test_what_is_no_evidence_is_refused_in_one_sentence(tmp_path, text):
    file = tmp_path / "bundle.json"
    file.write_text(text)
    assert verify_reward.main(["verify", str(file)]) == 2
    with pytest.raises(CommandError, match="cannot be checked"):
        call_command("verify", str(file), stdout=StringIO())
    with pytest.raises(CommandError, match="cannot be read"):
        call_command("verify", str(tmp_path / "none.json"), stdout=StringIO())


def test_the_portal_computes_the_result_of_a_bundle():
    world, _, event = make_rich_case()
    data = bundle(settle(event=event), world.here.home)
    assert recompute(data) == data["result"]
    assert verify_reward.recompute(data) == data["result"]
