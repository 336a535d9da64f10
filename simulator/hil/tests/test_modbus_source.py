"""The master's side: a device that is dead, slow, another one, or tells nonsense."""

import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from simulator.errors import SimulatorError
from simulator.hil import registers
from simulator.hil.errors import SourceAway, SourceError, SourceNonsense, SourceRefused
from simulator.hil.modbus_source import ModbusSource, parse_address
from simulator.hil.tests.rigs import TRAITS, free_port, rig


@pytest.fixture
def here():
    with rig() as one:
        yield one


def source(port: int, **changes) -> ModbusSource:
    return ModbusSource("127.0.0.1", port, **{"timeout": 1.0, **changes})


def test_it_reads_what_the_device_measures(here):
    master = source(here.port, clock=here.clock)
    here.clock.now += 60
    state = master.read()
    assert state.at == here.clock.now
    assert state.watts == pytest.approx(here.device.feeder.watts, abs=1)
    assert state.volts == pytest.approx(here.device.feeder.volts(), abs=0.06)
    assert state.hertz == pytest.approx(60, abs=0.06)
    assert state.energy_wh == int(here.device.feeder.energy_wh)
    assert (state.setpoint_watts, state.shed_watts, state.is_released) == (0, 0, False)
    master.close()


def test_a_set_point_is_written_and_seen(here):
    master = source(here.port, clock=here.clock)
    master.write_shed(60_000.4)
    here.clock.now += 20
    assert (master.read().setpoint_watts, master.read().shed_watts) == (60_000, 60_000)
    here.clock.now += 40
    assert master.read().is_released
    master.close()


def test_a_set_point_beyond_the_rating_is_refused_and_the_connection_stays(here):
    master = source(here.port, clock=here.clock)
    with pytest.raises(SourceRefused, match="beyond its limits"):
        master.write_shed(TRAITS.controllable_watts + 1)
    assert master.read().setpoint_watts == 0
    master.close()


def test_nobody_there_is_away():
    with pytest.raises(SourceAway, match="does not answer"):
        source(free_port()).read()


def test_it_connects_again_after_the_device_was_away():
    with rig() as first:
        master = source(first.port)
        master.read()
        port = first.port
    with pytest.raises(SourceAway):
        master.read()
    with answering(registers_of(), port=port):
        assert master.read().watts == 300_000
    master.close()


def registers_of(**changes: int) -> Callable[[bytes], bytes]:
    """A device that answers with these numbers, whatever it was."""
    numbers = {register.name: 0 for register in registers.REGISTERS}
    numbers |= {"map_version": 1, "device_kind": registers.DEVICE_KIND, "boot": 5, "frequency": 60_000}
    numbers |= {"voltage_l1": 2700, "voltage_l2": 2700, "voltage_l3": 2700, "active_power": 300_000}
    numbers |= {"power_rating": 600_000, "shed_rating": 180_000, "energy": 1000, **changes}
    words = registers.encoded(numbers)

    def answer(request: bytes) -> bytes:
        transaction, function = request[:2], request[7]
        address, count = struct.unpack(">HH", request[8:12])
        body = struct.pack(">BBB", 1, function, 2 * count)
        body += b"".join(struct.pack(">H", words.get(address + at, 0)) for at in range(count))
        return transaction + struct.pack(">HH", 0, len(body)) + body

    return answer


@contextmanager
def answering(answer: Callable[[bytes], bytes], port: int = 0) -> Iterator[int]:
    """A server that says `answer` of each request; nothing where that is empty."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while request := self.request.recv(1024):
                if said := answer(request):
                    self.request.sendall(said)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def test_a_device_that_never_answers_costs_its_time_limit_and_no_more():
    with answering(lambda request: b"") as port:
        master, begun = source(port, timeout=0.2), time.monotonic()
        with pytest.raises(SourceAway):
            master.read()
        assert time.monotonic() - begun < 1.0
        master.close()


def test_a_device_that_trickles_is_away():
    with answering(lambda request: request[:3]) as port:
        master, begun = source(port, timeout=0.2), time.monotonic()
        with pytest.raises(SourceAway):
            master.read()
        assert time.monotonic() - begun < 1.5
        master.close()


@pytest.mark.parametrize(
    "junk",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff" * 300,
        b"\x00" * 20,
        b"\x00\x01\x00\x00\x00\x03\x01\x03\xff",
        b"\x00\x01\x00\x00\x00\x05\x01\x03\x02\x00\x01",
        b"\x00\x01\x00\x00\x00\x03\x01\x83\x02",
        b"\x00\x01\x00\x00\x00\x03\x01\x83\x0b",
        b"\x00\x01\x00\x00\x00\x06\x01\x06\x00\x00\x00\x00",
    ],
)
def test_what_is_no_answer_is_an_error_of_ours(junk):
    with answering(lambda request: junk) as port:
        master = source(port, timeout=0.2)
        with pytest.raises(SourceError):
            master.read()
        with pytest.raises(SourceError):
            master.write_shed(5.0)
        master.close()


@pytest.mark.parametrize(
    ("numbers", "says"),
    [
        ({"map_version": 2}, "another version"),
        ({"device_kind": 0}, "another kind"),
        ({"voltage_l2": 0}, "voltages"),
        ({"voltage_l1": 65_535}, "voltages"),
        ({"frequency": 0}, "frequency"),
        ({"active_power": 600_001}, "rated for"),
        ({"active_power": -600_001}, "rated for"),
    ],
)
def test_what_no_feeder_can_be_in_is_not_believed(numbers, says):
    with answering(registers_of(**numbers)) as port:
        master = source(port)
        with pytest.raises(SourceNonsense, match=says):
            master.read()
        master.close()


def test_a_connection_that_is_cut_is_opened_again(here):
    master = source(here.port, clock=here.clock)
    master.read()
    master._client.socket.shutdown(socket.SHUT_RDWR)
    with pytest.raises(SourceAway):
        master.read()
    assert master.read().watts > 0
    master.close()


@pytest.mark.parametrize("text", ["", ":502", "plant:", "plant:0", "plant:65536", "plant:x", "plant:-1"])
def test_what_is_no_address_is_said(text):
    with pytest.raises(SimulatorError, match="not an address"):
        parse_address(text)
