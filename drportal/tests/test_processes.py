"""The demonstration's supervisor, with real processes."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from drportal import env
from drportal.demo.processes import DemoError, Process, Supervisor, answers, refuse_taken_port

pytestmark = pytest.mark.slow

SLEEP = "import time; time.sleep(300)"
SLEEPER = [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{SLEEP}'])"]
SERVER = """
import http.server, sys
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
RUN = """
import sys
from pathlib import Path
from drportal.demo.processes import Process, Supervisor
folder, port = Path(sys.argv[1]), sys.argv[2]
server = [sys.executable, "-c", (folder / "server.py").read_text(), port]
processes = [Process("web", server, folder / "web.log"), Process("sleeper", {sleeper!r}, folder / "sleeper.log")]
supervisor = Supervisor({{}}, processes)
def ready():
    print(*(process.child.pid for process in processes), flush=True)
supervisor.run(ready_url=f"http://127.0.0.1:{{port}}/", when_ready=ready)
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def lives(pid: int) -> bool:
    """Whether a process of this id runs (and is no zombie that waits for its parent)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_until(condition, seconds=15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.fixture
def supervised(tmp_path):
    """A supervisor in a process of its own, with the ids of its two children."""
    (tmp_path / "server.py").write_text(SERVER)
    run = textwrap.dedent(RUN).format(sleeper=SLEEPER)
    parent = subprocess.Popen(
        [sys.executable, "-c", run, str(tmp_path), str(free_port())],
        cwd=env.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    children = [int(pid) for pid in parent.stdout.readline().split()]
    yield parent, children
    if parent.poll() is None:
        parent.kill()
    parent.wait()
    parent.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_every_process(supervised, number):
    parent, children = supervised
    assert all(map(lives, children))
    parent.send_signal(number)
    assert parent.wait(20) == 0
    assert not any(map(lives, children))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_kill_of_the_supervisor_takes_the_processes_along(supervised):
    parent, children = supervised
    parent.kill()
    assert wait_until(lambda: not any(map(lives, children)))


def test_a_process_that_dies_is_started_again(supervised):
    parent, (_server, sleeper) = supervised
    os.kill(sleeper, signal.SIGKILL)
    assert wait_until(lambda: not lives(sleeper))
    assert parent.poll() is None


def test_a_process_that_keeps_dying_stops_the_demonstration(tmp_path):
    broken = Process("web", [sys.executable, "-c", "raise SystemExit(1)"], tmp_path / "web.log")
    with pytest.raises(DemoError, match="web ended five times"):
        Supervisor({}, [broken]).run(ready_url="http://127.0.0.1:9/", when_ready=lambda: None)


def test_taken_port_is_refused_with_another_to_try():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(DemoError, match=f"Port {port} is in use. Choose another: make demo PORT=8010"):
            refuse_taken_port("127.0.0.1", port, instead=8010)


def test_nothing_answers_where_nobody_listens():
    assert not answers(f"http://127.0.0.1:{free_port()}/")
