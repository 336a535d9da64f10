"""The development tools: which process is ended, which environment is used, which lock is old."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.dev import checks, environment, lanes, lock, processes, services


@pytest.fixture
def sleeper():
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield process
    process.kill()
    process.wait()


def test_process_named_by_its_pid_file_is_ended(tmp_path: Path, sleeper):
    pid_file = tmp_path / "pid"
    pid_file.write_text(processes.mark(sleeper.pid))
    assert processes.end_marked(pid_file) is True
    assert sleeper.wait(10) == -signal.SIGTERM
    assert not pid_file.exists()


def test_process_that_took_over_the_pid_is_left_alone(tmp_path: Path, sleeper):
    pid_file = tmp_path / "pid"
    pid_file.write_text(f"{sleeper.pid} 1")
    assert processes.end_marked(pid_file) is False
    assert sleeper.poll() is None


@pytest.mark.parametrize("text", ["", "garbage", "-1 5", "99999999 5"])
def test_broken_pid_file_names_nobody(tmp_path: Path, text: str):
    pid_file = tmp_path / "pid"
    pid_file.write_text(text)
    assert processes.marked_alive(pid_file) is None


def test_environment_key_changes_with_a_pin(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    (tmp_path / "requirements-embedded.txt").write_text("django==5.2\n")
    before = environment.key(environment.EMBEDDED)
    (tmp_path / "requirements-embedded.txt").write_text("django==5.3\n")
    assert environment.key(environment.EMBEDDED) != before


def test_environment_without_its_last_step_is_not_ready(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DRPORTAL_CACHE", str(tmp_path))
    target = environment.path_of(environment.EMBEDDED)
    half = target.with_name(target.name + ".build-x")
    (half / "bin").mkdir(parents=True)
    (half / "bin" / "python").touch()
    assert not environment.is_ready(environment.EMBEDDED)
    target.symlink_to(half.name)
    assert environment.is_ready(environment.EMBEDDED)


def test_locks_agree_with_their_sources():
    assert lock.problems() == []


def test_lock_older_than_its_source_is_named(tmp_path: Path, monkeypatch):
    for name in ("requirements.in", "requirements-dev.in", *(each.name for each in lock.LOCKS)):
        (tmp_path / name).write_bytes((lock.ROOT / name).read_bytes())
    monkeypatch.setattr(lock, "ROOT", tmp_path)
    with (tmp_path / "requirements-dev.in").open("a") as source:
        source.write("one-more\n")
    assert lock.problems() == [
        "requirements-dev.txt is older than requirements-dev.in or requirements.in: run make lock."
    ]


def test_lane_never_sees_the_database_of_the_caller(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "mysql://somebody@elsewhere/live")
    monkeypatch.setenv("REDIS_URL", "redis://elsewhere")
    variables = lanes._variables(lanes.LANES[0], tmp_path, None)
    assert variables["DATABASE_URL"].startswith(f"sqlite:///{tmp_path}")
    assert "REDIS_URL" not in variables


def test_report_becomes_counts(tmp_path: Path):
    report = tmp_path / "lane.xml"
    report.write_text('<testsuites><testsuite tests="9" failures="1" errors="2" skipped="3"/></testsuites>')
    assert lanes._words(report, 1) == "3 passed, 3 failed, 3 skipped"
    assert lanes._words(report, lanes.NO_TEST_FOUND) == "no test was found"
    assert lanes._words(tmp_path / "absent.xml", 4) == "pytest ended with code 4 before it could report"


def test_file_of_real_data_is_refused(tmp_path: Path, monkeypatch):
    project, real = tmp_path / "project", tmp_path / "real"
    project.mkdir()
    real.mkdir()
    (real / "readings.csv").write_text("meter,start,kwh\n" * 40)
    (project / "sample.csv").write_bytes((real / "readings.csv").read_bytes())
    (project / "own.csv").write_text("meter\n" * 80)
    monkeypatch.setenv("DRPORTAL_SHARED_DATA", str(real))
    monkeypatch.setattr(checks, "ROOT", project)
    monkeypatch.setattr(checks, "_files", lambda: sorted(project.iterdir()))
    assert checks._unwanted_files() == ["sample.csv is a copy of real data."]


def test_sockets_of_the_services_fit_into_the_limit_of_the_system():
    assert len(os.fsencode(services.pair().database_socket)) < 108
