"""The commands as processes: a killed bridge, signals, and what is said of wrong options."""

import asyncio
import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator.cli import main
from simulator.hil import registers
from simulator.hil.modbus_source import ModbusSource
from simulator.hil.tests.rigs import free_port
from simulator.tests.vtn import Vtn, event_xml

ROOT = Path(__file__).parents[3]


async def started(*words: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "simulator", "hil", *words]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=subprocess.PIPE)


async def line_with(process: asyncio.subprocess.Process, text: str) -> None:
    """Waits until the process has said it."""
    while text not in (line := (await asyncio.wait_for(process.stderr.readline(), 20)).decode()):
        assert line, f"it ended without saying “{text}”"


async def ended(process: asyncio.subprocess.Process, number: int) -> int:
    process.send_signal(number)
    return await asyncio.wait_for(process.wait(), 10)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "feeder.json"
    content = {"url": "http://127.0.0.1:1", "ven_name": "feeder", "resources": ["feeder"], "poll_seconds": 0.2}
    path.write_text(json.dumps(content))
    return path


@pytest.mark.slow
def test_a_killed_bridge_loses_its_shed_and_the_next_one_has_it_again(config):
    async def story() -> None:
        port = free_port()
        device = await started("device", "--port", str(port), "--watchdog", "2")
        processes = [device]
        try:
            await line_with(device, "HIL device at")
            source = ModbusSource("127.0.0.1", port)
            async with Vtn() as vtn:
                vtn.tell(("e1", event_xml("e1", int(time.time()) - 5, 600)))
                words = ["--config", str(config), "--url", vtn.url, "--modbus", f"127.0.0.1:{port}"]
                words += ["--shed-kw", "60", "--every", "0.2"]
                bridge = await started("bridge", *words)
                processes.append(bridge)
                await line_with(bridge, "Asked for 60 kW less.")
                assert (await asyncio.to_thread(source.read)).setpoint_watts == 60_000
                assert await ended(bridge, signal.SIGKILL) < 0
                end = time.monotonic() + 10
                while not (await asyncio.to_thread(source.read)).is_released:
                    assert time.monotonic() < end
                    await asyncio.sleep(0.1)
                again = await started("bridge", *words)
                processes.append(again)
                await line_with(again, "Asked for 60 kW less.")
                assert (await asyncio.to_thread(source.read)).setpoint_watts == 60_000
                assert await ended(again, signal.SIGTERM) == 0
            source.close()
            assert await ended(device, signal.SIGINT) == 0
        finally:
            for process in processes:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["device", "--watchdog", "1"], "--watchdog is 2 to 600"),
        (["device", "--port", "70000"], "--port"),
        (["device", "--controllable-kw", "0"], "greater than 0"),
        (["bridge", "--config", "{config}", "--shed-kw", "60"], "Say where the feeder is"),
        (["bridge", "--config", "{config}", "--shed-kw", "60", "--modbus", "x", "--typhoon", "y"], "Say where"),
        (["bridge", "--config", "{config}", "--shed-kw", "0", "--modbus", "x"], "--shed-kw"),
        (["bridge", "--config", "{config}", "--shed-kw", "nan", "--modbus", "x"], "--shed-kw"),
        (["bridge", "--config", "{config}", "--shed-kw", "1,2,3,4", "--modbus", "x"], "--shed-kw"),
        (["bridge", "--config", "{config}", "--shed-kw", "6", "--modbus", "x:y"], "not an address"),
        (["bridge", "--config", "{config}", "--shed-kw", "6", "--modbus", "x", "--resource", "z"], "one of: feeder"),
        (["bridge", "--config", "{config}", "--shed-kw", "6", "--modbus", "x", "--interval-minutes", "7"], "a day"),
        (["bridge", "--config", "{config}", "--shed-kw", "6", "--modbus", "x", "--every", "0"], "--every"),
        (
            ["bridge", "--config", "{config}", "--shed-kw", "6", "--modbus", "x", "--state", "{config}"],
            "state file",
        ),
        (["bridge", "--config", "/nowhere", "--shed-kw", "6", "--modbus", "x"], "cannot be read"),
        (["history", "--out", "/tmp/x", "--meter", "m", "--start", "yesterday", "--end", "today"], "not a time"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(config, capsys, words, says):
    assert main(["hil", *(word.format(config=config) for word in words)]) == 1
    said = capsys.readouterr().err
    assert says in said
    assert len(said.splitlines()) == 1


def test_history_is_what_import_readings_takes(tmp_path, capsys):
    out = tmp_path / "history.csv"
    times = ["--start", "2026-11-23T10:02:00Z", "--end", "2026-11-23T12:00:00Z"]
    assert main(["--seed", "5", "hil", "history", "--out", str(out), "--meter", "F-1", *times]) == 0
    rows = list(csv.DictReader(out.open()))
    assert len(rows) == 23
    assert (rows[0]["meter"], rows[0]["start"], rows[0]["end"]) == (
        "F-1", "2026-11-23T10:05:00Z", "2026-11-23T10:10:00Z"
    )  # fmt: skip
    assert all(15 < float(row["kwh"]) < 45 for row in rows)


def test_the_map_can_be_printed(capsys):
    assert main(["hil", "registers"]) == 0
    assert capsys.readouterr().out == registers.table() + "\n"
