# ruff: noqa: N999 (gunicorn's own name for this file)
"""Web processes: two workers of four threads, as measured; all of it can be set from the environment.

The service that takes readings in (`ingest` in compose.yaml) is the same with other numbers.
"""

import gc
import os

# Read when numpy is imported: its own threads would fight with ours over the same cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = int(os.environ.get("WEB_TIMEOUT", "60"))
graceful_timeout = 30
max_requests = int(os.environ.get("WEB_MAX_REQUESTS", "5000"))
max_requests_jitter = max_requests // 10
# Loaded once, before the workers fork: they share what nobody writes to.
preload_app = True
# Heartbeats in memory: a slow disk must not look like a hanging worker.
worker_tmp_dir = "/dev/shm"  # noqa: S108 (random names)
accesslog = os.environ.get("WEB_ACCESS_LOG", "-") or None
errorlog = "-"
# The control socket would lie in a home folder that this user does not have.
control_socket_disable = True


def when_ready(server: object) -> None:
    """Loads what the first request would load, and keeps the garbage collector from writing to it."""
    from django.db import connections
    from django.urls import get_resolver

    _walk(get_resolver())
    # No worker may inherit a connection.
    connections.close_all()
    gc.collect()
    # A collection writes into every object that it looks at, and each write makes a page the worker's own.
    gc.freeze()


def _walk(resolver: object) -> None:
    for entry in getattr(resolver, "url_patterns", ()):
        _walk(entry)
