"""The Celery app: jobs, their queues and their timetable."""

import os
from datetime import timedelta
from pathlib import Path

from celery import Celery
from celery.schedules import crontab
from kombu import Queue

from drportal import env

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "drportal.settings")


def _broker() -> tuple[str, dict[str, object]]:
    """Broker URL and transport options: the one that is named, else Redis, else files under VAR_DIR."""
    url = env.read("CELERY_BROKER_URL") or _redis_broker(env.read("REDIS_URL"))
    if url:
        return url, {"visibility_timeout": 3600}
    queue = env.path(env.read("VAR_DIR")) / "queue"
    folders = {
        "data_folder_in": queue / "jobs",
        "data_folder_out": queue / "jobs",
        "control_folder": queue / "control",
    }
    for folder in folders.values():
        Path(folder).mkdir(parents=True, exist_ok=True)
    return "filesystem://", {name: str(folder) for name, folder in folders.items()}


def _redis_broker(url: str) -> str:
    return "redis+socket" + url.removeprefix("unix") if url.startswith("unix:") else url


broker_url, transport_options = _broker()
app = Celery("drportal", broker=broker_url)
app.conf.update(
    broker_transport_options=transport_options,
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_acks_late=True,
    # In the demonstration mail is printed; it must not arrive as a log line.
    worker_redirect_stdouts=False,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    # A VTN above may take minutes to answer. A worker that is told no queue serves both.
    task_queues=[Queue("celery"), Queue("upstream")],
    task_routes={"openadr.tasks.poll_upstream": {"queue": "upstream"}},
    task_serializer="json",
    accept_content=["json"],
    timezone="UTC",
    beat_schedule_filename=str(env.path(env.read("VAR_DIR")) / "celerybeat-schedule"),
    beat_schedule={
        # Delivery never depends on a wake-up that a broker may lose: the sweep finds every due row.
        "sweep-outbox": {"task": "delivery.tasks.sweep_outbox", "schedule": timedelta(seconds=5)},
        "forecast": {"task": "forecasting.tasks.forecast_distributors", "schedule": crontab(minute=10)},
        # By the clock too: a copy of own data must not depend on a wake-up that got lost.
        "write-exports": {"task": "accounts.tasks.write_exports", "schedule": timedelta(seconds=20)},
        "sweep-exports": {"task": "accounts.tasks.sweep_exports", "schedule": timedelta(hours=1)},
        "give-up-silent": {"task": "delivery.tasks.give_up_silent", "schedule": timedelta(minutes=10)},
        "remind-of-events": {"task": "events.tasks.remind", "schedule": timedelta(minutes=1)},
        "sweep-sent-requests": {"task": "delivery.tasks.sweep_sent_requests", "schedule": timedelta(hours=1)},
        # Often: whoever uploads a file looks at its page meanwhile.
        "run-imports": {
            "task": "meters.tasks.run_imports",
            "schedule": timedelta(seconds=3),
            "options": {"expires": 10},
        },
        "sweep-imports": {"task": "meters.tasks.sweep_imports", "schedule": timedelta(seconds=30)},
        "check-quality": {"task": "meters.tasks.check_quality_marks", "schedule": timedelta(minutes=2)},
        "estimate-gaps": {"task": "meters.tasks.estimate_gaps", "schedule": crontab(minute=40)},
        # Ingest sends no wake-up, which a broker may hold up: it leaves marks, and without one this is two looks.
        "refresh-rollups": {"task": "meters.tasks.refresh_rollups", "schedule": timedelta(seconds=2)},
        # After the night's readings are in, in most zones.
        "recheck-waiting": {"task": "events.tasks.recheck_waiting", "schedule": crontab(hour="*/6", minute=25)},
        # Often: whoever asks for a report looks at its page meanwhile.
        "work-placebo": {
            "task": "settlement.tasks.work_placebo",
            "schedule": timedelta(seconds=5),
            "options": {"expires": 10},
        },
        "check-flags": {"task": "settlement.tasks.check_flags", "schedule": timedelta(seconds=30)},
        # After the notice and the start of an event: whoever opens its room does not wait for its usual use.
        "warm-rooms": {
            "task": "dashboards.tasks.warm_rooms",
            "schedule": timedelta(seconds=10),
            "options": {"expires": 10},
        },
        "sweep-upstreams": {
            "task": "openadr.tasks.sweep_upstreams",
            "schedule": timedelta(seconds=3),
            "options": {"expires": 10},
        },
        "sweep-identities": {
            "task": "openadr.tasks.sweep_identities",
            "schedule": timedelta(minutes=1),
            "options": {"expires": 60},
        },
        # Often: until then the reading of a device whose clock runs ahead is not there.
        "store-held-energies": {
            "task": "openadr.tasks.store_held_energies",
            "schedule": timedelta(seconds=5),
            "options": {"expires": 10},
        },
        "sweep-telemetry": {"task": "openadr.tasks.sweep_telemetry", "schedule": crontab(minute=35)},
        "report-unreachable": {"task": "openadr.tasks.report_unreachable", "schedule": timedelta(seconds=30)},
        "advance-events": {"task": "events.tasks.advance_events", "schedule": timedelta(seconds=15)},
        # Often: whoever had a large settlement begun looks at its page meanwhile.
        "finish-runs": {
            "task": "settlement.tasks.finish_runs",
            "schedule": timedelta(seconds=5),
            "options": {"expires": 10},
        },
        "sweep-ven-messages": {"task": "openadr.tasks.sweep_messages", "schedule": timedelta(hours=1)},
        "close-events": {"task": "settlement.tasks.close_events", "schedule": crontab(minute=20)},
        "settle-months": {"task": "settlement.tasks.settle_months", "schedule": crontab(minute=50)},
        "settle-by-clock": {
            "task": "settlement.tasks.settle_by_clock",
            "schedule": timedelta(minutes=1),
            "options": {"expires": 60},
        },
    },
)
app.autodiscover_tasks()
