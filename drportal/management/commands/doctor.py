"""`manage.py doctor`: every setting and service, in words."""

import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from celery import current_app
from django.conf import settings
from django.core.cache import caches
from django.core.checks import run_checks
from django.core.mail import get_connection
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from delivery.models import DeliveryState, Message
from drportal import env
from drportal.checks import check_factor_keys
from meters.services.rollups import waiting_since
from openadr import identity
from openadr.models import Upstream

SUMS_LATE = timedelta(minutes=10)
POLLS_LATE = timedelta(minutes=2)
Finding = tuple[bool, str]
SECRET = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "EMAIL_URL", "MFA_ENCRYPTION_KEYS")


class Command(BaseCommand):
    help = "Says of every setting and service how it is; exit code 1 where something is wrong."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING("Settings"))
        for variable in env.VARIABLES.values():
            given = os.environ.get(variable.name)
            shown = "set" if variable.name in SECRET else given
            self.stdout.write(
                f"  {variable.name}: {'default, ' + (variable.default or 'empty') if given is None else shown}"
            )
        self.stdout.write(self.style.MIGRATE_HEADING("Services"))
        findings = [_examine(examine) for examine in EXAMINATIONS]
        for is_well, words in findings:
            mark = self.style.SUCCESS("well ") if is_well else self.style.ERROR("FAULT")
            self.stdout.write(f"  {mark} {words}")
        if not all(is_well for is_well, _words in findings):
            raise SystemExit(1)


def _examine(examine: Callable[[], Finding]) -> Finding:
    try:
        return examine()
    except Exception as problem:  # a broken service is a finding, whatever it raises
        return False, f"{(examine.__doc__ or '').rstrip('.')}: {problem}"


def database() -> Finding:
    """Database."""
    connection.ensure_connection()
    return True, f"Database: {connection.vendor} {'.'.join(map(str, _version()))} answers."


def _version() -> tuple[int, ...]:
    return tuple(connection.get_database_version())


def schema() -> Finding:
    """Migrations."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return (
        not missing,
        f"Migrations: {len(missing)} missing, run `manage.py migrate`." if missing else "Migrations: all applied.",
    )


def guarantees() -> Finding:
    """What the database promises."""
    problems = run_checks(databases=["default"], tags=["database"])
    return not problems, " ".join(str(problem.msg) for problem in problems) or "Database settings: as they must be."


_HELP = {
    "Redis": "Start it, or correct REDIS_URL; nothing else is to be done.",
    "the database": "Run `manage.py migrate`.",
}


def cache() -> Finding:
    """Cache."""
    kind = "Redis" if settings.REDIS_URL else "the database"
    moment = timezone.now().isoformat()
    caches["default"].set("doctor", moment, 30)
    kept = caches["default"].get("doctor") == moment
    if kept:
        return True, f"Cache and sessions: {kind} answers."
    return False, f"Cache: {kind} is away. Sessions come from the database; pages are slower. {_HELP[kind]}"


def broker() -> Finding:
    """Broker of the jobs."""
    with current_app.connection_for_write() as link:
        link.ensure_connection(max_retries=1, timeout=3)
        return True, f"Jobs: the {link.transport.driver_name} broker answers."


def outbox() -> Finding:
    """Outbox."""
    pending = Message.objects.filter(state=DeliveryState.PENDING).count()
    lost = Message.objects.filter(state=DeliveryState.UNREACHABLE).count()
    oldest = Message.objects.due().first()
    late = oldest is not None and (timezone.now() - oldest.next_attempt_at).total_seconds() > 120
    words = f"Outbox: {pending} waiting, {lost} not deliverable."
    return not late, words + (" The oldest waits for over two minutes: is a worker running?" if late else "")


def sums() -> Finding:
    """Sums by hour and day."""
    since = waiting_since()
    if since is None:
        return True, "Sums: all made."
    age = timezone.now() - since
    words = f"Sums: some are to be made again, the oldest for {max(age.total_seconds(), 0):.0f} seconds."
    return age < SUMS_LATE, words + (" Is a worker running?" if age >= SUMS_LATE else "")


def mail() -> Finding:
    """Mail."""
    link = get_connection(settings.DELIVERY_EMAIL_BACKEND)
    link.open()
    link.close()
    return True, f"Mail: {settings.DELIVERY_EMAIL_BACKEND.rsplit('.', 2)[-2]} is ready."


def second_factors() -> Finding:
    """Second factors."""
    problems = check_factor_keys()
    if problems:
        return False, f"Second factors: {problems[0].msg} {problems[0].hint}"
    return True, f"Second factors: {'needed by admins' if settings.MFA_REQUIRED else 'offered, not needed by anybody'}."


def vtn() -> Finding:
    """VTN for devices."""
    return identity.vtn()


def devices() -> Finding:
    """Certificates of devices."""
    return identity.devices()


def above() -> Finding:
    """VTNs above."""
    late = Upstream.objects.filter(is_active=True, next_poll_at__lt=timezone.now() - POLLS_LATE).count()
    if late:
        return False, f"VTNs above: {late} not polled for over two minutes. Does a worker serve the queue “upstream”?"
    return True, f"VTNs above: {Upstream.objects.filter(is_active=True).count()} polled in time."


def disk() -> Finding:
    """Disk."""
    settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.VAR_DIR).free / 1e9
    return free > 1, f"Disk: {free:.1f} GB free for VAR_DIR."


EXAMINATIONS: list[Callable[[], Finding]] = [
    database,
    schema,
    guarantees,
    cache,
    broker,
    outbox,
    sums,
    mail,
    second_factors,
    vtn,
    devices,
    above,
    disk,
]
