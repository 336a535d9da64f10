"""Which worker does which job: what talks to others never keeps the workers of what must not wait."""

from pathlib import Path

import pytest
import yaml

from drportal import env
from drportal.celery import app
from drportal.management.commands import demo

SERVICES = yaml.safe_load((env.BASE_DIR / "compose.yaml").read_text())["services"]
QUEUES = {queue.name for queue in app.conf.task_queues}


def queue_of(task: str) -> str:
    return app.amqp.router.route({}, task)["queue"].name


def served(command: list[str]) -> set[str]:
    """The queues of a worker: those that it is told, else all that the app names."""
    if "--queues" not in command:
        return set(app.amqp.queues.consume_from)
    return set(command[command.index("--queues") + 1].split(","))


def workers() -> dict[str, set[str]]:
    """Compose's workers with what they serve."""
    commands = {name: service.get("command", []) for name, service in SERVICES.items()}
    return {name: served(command) for name, command in commands.items() if "worker" in command}


def test_a_poll_of_a_vtn_above_waits_in_a_queue_of_its_own():
    app.loader.import_default_modules()
    assert queue_of("openadr.tasks.poll_upstream") == "upstream"
    ours = [name for name in app.tasks if not name.startswith("celery.")]
    assert len(ours) > 20
    assert [name for name in ours if queue_of(name) != "celery"] == ["openadr.tasks.poll_upstream"]


def test_jobs_of_the_timetable_go_to_queues_that_are_named():
    for job in app.conf.beat_schedule.values():
        assert queue_of(job["task"]) in QUEUES
        assert "queue" not in job.get("options", {})


def test_every_queue_has_a_worker_in_compose_and_no_worker_another_queue():
    assert set.union(*workers().values()) == QUEUES


def test_no_worker_of_compose_serves_two_queues():
    assert sorted(map(sorted, workers().values())) == [["celery"], ["upstream"]]


@pytest.mark.parametrize("name", ["worker", "upstream"])
def test_workers_of_compose_are_looked_at_and_end_in_peace(name):
    assert "inspect ping" in SERVICES[name]["healthcheck"]["test"][1]
    assert SERVICES[name]["stop_grace_period"] == "60s"
    assert SERVICES[name]["environment"] == SERVICES["web"]["environment"]


def test_a_worker_that_is_told_no_queue_serves_all():
    assert served(["celery", "worker"]) == QUEUES


def test_the_worker_of_the_demonstration_serves_every_queue(tmp_path: Path):
    (tmp_path / "town").mkdir()
    (tmp_path / "town" / "since").write_text("2026-01-01T00:00")
    commands = {process.name: process.command for process in demo._processes(tmp_path, 8000)}
    assert served(commands["worker"]) == QUEUES
