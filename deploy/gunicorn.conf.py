# ruff: noqa: N999 (gunicorn's own name for this file)
"""Web processes: two workers of four threads, as measured; both can be set from the environment."""

import os

bind = f"0.0.0.0:{os.environ.get('PORT', '8000')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS", "2"))
threads = int(os.environ.get("WEB_THREADS", "4"))
timeout = 60
graceful_timeout = 30
max_requests = 5000
max_requests_jitter = 500
# Heartbeats in memory: a slow disk must not look like a hanging worker.
worker_tmp_dir = "/dev/shm"  # noqa: S108 (random names)
accesslog = "-"
errorlog = "-"
# The control socket would lie in a home folder that this user does not have.
control_socket_disable = True
