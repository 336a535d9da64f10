"""The project: settings, URLs, Celery, the admin site, the API router, and the commands that span rooms."""

import os

# Before numpy is imported anywhere: fits are small, and threads of the linear algebra make them 10 × slower
# where several workers share the cores.
for _library in ("OPENBLAS", "OMP"):
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

from drportal.celery import app as celery_app  # noqa: E402

__all__ = ["celery_app"]
