"""`make messages`: the catalogs of translations, from the sources and compiled."""

import os
import subprocess

from deploy.dev import environment
from deploy.dev.console import ROOT


def run() -> int:
    """Run `manage.py messages` in the environment of development."""
    path, _has_driver = environment.ensure_for_tests()
    env = os.environ | {"DATABASE_URL": "sqlite://:memory:", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(environment.python_of(path)), "manage.py", "messages"]
    return subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
