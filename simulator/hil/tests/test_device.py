"""The device over real sockets: its map, its limits and its watchdog."""

import pytest
from pymodbus.client import ModbusTcpClient

from simulator.errors import SimulatorError
from simulator.hil.device import new_device, serve
from simulator.hil.registers import Status, decoded, of
from simulator.hil.tests.rigs import NOON, TRAITS, rig, running_loop

FUNCTION, ADDRESS, VALUE = 1, 2, 3


@pytest.fixture
def here():
    with rig() as one:
        yield one


@pytest.fixture
def master(here):
    client = ModbusTcpClient("127.0.0.1", port=here.port, timeout=2, retries=0)
    assert client.connect()
    yield client
    client.close()


def numbers(master) -> dict[str, int]:
    measured = master.read_holding_registers(0, count=26)
    controls = master.read_holding_registers(100, count=5)
    return decoded(0, measured.registers) | decoded(100, controls.registers)


def shed(master, watts: int):
    return master.write_registers(100, of("shed_setpoint").encoded(watts))


def test_it_says_what_the_feeder_does(here, master):
    here.clock.now += 60
    said = numbers(master)
    assert said["map_version"] == 1
    assert 250 < said["voltage_l3"] / 10 < 290
    assert said["frequency"] == pytest.approx(60_000, abs=60)
    assert 200_000 < said["active_power"] < said["power_rating"]
    assert said["reactive_power"] == pytest.approx(0.3 * said["active_power"], abs=2)
    assert said["energy"] == said["energy_low"] == pytest.approx(said["active_power"] / 60, rel=0.05)
    assert said["status"] == Status.RUNNING


def test_input_registers_show_the_same(master):
    assert master.read_input_registers(0, count=26).registers == master.read_holding_registers(0, count=26).registers


def test_a_set_point_lowers_the_load_and_its_end_brings_it_back_with_more(here, master):
    before = numbers(master)["active_power"]
    assert not shed(master, 60_000).isError()
    here.clock.now += 20
    during = numbers(master)
    assert during["active_power"] == pytest.approx(before - 60_000, abs=5_000)
    assert (during["shed_setpoint"], during["shed_achieved"], during["shed_percent"]) == (60_000, 60_000, 333)
    assert Status(during["status"]) == Status.RUNNING | Status.SHEDDING
    for _ in range(60):
        shed(master, 60_000)
        here.clock.now += 20
    shed(master, 0)
    here.clock.now += 30
    after = numbers(master)
    assert after["active_power"] > before + 30_000
    assert Status(after["status"]) == Status.RUNNING | Status.REBOUND


def test_a_share_is_the_same_set_point(here, master):
    assert not master.write_register(102, 500).isError()
    assert numbers(master)["shed_setpoint"] == TRAITS.controllable_watts / 2


@pytest.mark.parametrize(
    ("address", "count"),
    [(26, 1), (25, 2), (99, 1), (105, 1), (104, 2), (0, 125), (65_535, 1)],
)
def test_reading_where_nothing_is_gets_an_exception(master, address, count):
    assert master.read_holding_registers(address, count=count).exception_code == ADDRESS


@pytest.mark.parametrize(
    ("address", "words", "code"),
    [
        (0, [1], ADDRESS),
        (8, [0, 0], ADDRESS),
        (100, [0], ADDRESS),
        (101, [0], ADDRESS),
        (99, [0, 0, 0], ADDRESS),
        (101, [0, 5], ADDRESS),
        (104, [30, 0], ADDRESS),
        (100, [2, 48_929], VALUE),
        (100, [0xFFFF, 0xFFFF], VALUE),
        (102, [1001], VALUE),
        (104, [1], VALUE),
        (104, [601], VALUE),
        (100, [0, 1, 2000], VALUE),
    ],
)
def test_what_the_map_does_not_allow_gets_an_exception_and_changes_nothing(master, address, words, code):
    before = numbers(master)
    assert master.write_registers(address, words).exception_code == code
    assert numbers(master) == before


def test_functions_beyond_the_map_get_an_exception(master):
    assert master.read_coils(0).exception_code == FUNCTION
    assert master.write_coil(0, True).exception_code == FUNCTION
    assert master.mask_write_register(address=102, and_mask=0, or_mask=5).exception_code == FUNCTION


def test_it_survives_nonsense_on_the_socket(here, master):
    other = ModbusTcpClient("127.0.0.1", port=here.port, timeout=1, retries=0)
    assert other.connect()
    for junk in (b"\xff" * 600, b"GET / HTTP/1.1\r\n\r\n", b"\x00\x01\x00\x00\x00\x02\x01\x03"):
        other.send(junk)
    other.close()
    assert numbers(master)["map_version"] == 1


def test_a_silent_master_loses_its_shed_at_the_very_moment(here, master):
    shed(master, 60_000)
    here.clock.now += 31
    assert numbers(master)["shed_setpoint"] == 0
    here.clock.now += 300
    said = numbers(master)
    assert Status(said["status"]) & Status.WATCHDOG_RELEASED
    assert said["shed_achieved"] == 0
    with rig() as other:
        # The same, but looked at only at the end: the release does not wait for somebody to look.
        other.device.write(100, of("shed_setpoint").encoded(60_000))
        other.clock.now += 331
        assert other.device.feeder.energy_wh == 0
        other.device.read()
        assert other.device.feeder.energy_wh == pytest.approx(here.device.feeder.energy_wh, abs=0.01)


@pytest.mark.parametrize(("address", "words"), [(103, [7]), (104, [30]), (100, [0, 60_000])])
def test_any_write_says_that_the_master_is_there(here, master, address, words):
    shed(master, 60_000)
    for _ in range(5):
        here.clock.now += 29
        assert not master.write_registers(address, words).isError()
    assert numbers(master)["shed_setpoint"] == 60_000


def test_reading_alone_does_not_keep_a_shed(here, master):
    shed(master, 60_000)
    for _ in range(4):
        here.clock.now += 10
        asked = numbers(master)["shed_setpoint"]
    assert asked == 0


def test_a_new_set_point_ends_the_watchdogs_word(here, master):
    shed(master, 60_000)
    here.clock.now += 40
    shed(master, 30_000)
    said = numbers(master)
    assert not Status(said["status"]) & Status.WATCHDOG_RELEASED
    assert said["shed_setpoint"] == 30_000


def test_a_taken_port_is_said_in_one_sentence(here):
    device = new_device(TRAITS, watchdog_seconds=30, clock=lambda: float(NOON))
    with running_loop() as loop, pytest.raises(SimulatorError, match="cannot be served at"):
        loop.run(serve(device, "127.0.0.1", here.port))
