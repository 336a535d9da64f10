"""One entry for every make target: `deploy/dev/run COMMAND [VALUES]`."""

import os
import sys
from collections.abc import Callable

from deploy.dev import bench, checks, environment, lanes, lock, messages, processes, services
from deploy.dev.console import ROOT, ToolError, say, stop_with


def demo(port: str = "8000") -> int:
    """Become `manage.py demo` in the embedded environment; it needs no server and no compiler."""
    python = environment.python_of(environment.ensure(environment.EMBEDDED))
    ignored = [name for name in lanes.OUTSIDE if os.environ.pop(name, None)]
    if ignored:
        say(f"The demonstration has its own database; {', '.join(ignored)} is left aside.")
    os.execv(python, [str(python), "manage.py", "demo", "--port", port or "8000"])  # noqa: S606


def env(kind: str = "dev") -> int:
    """Build an environment and print where it is."""
    if kind not in environment.KINDS:
        raise ToolError(f"There is no environment {kind!r}. Choose: {', '.join(environment.KINDS)}.")
    say(str(environment.ensure(environment.KINDS[kind])))
    return 0


def lock_all() -> int:
    """Resolve the locks; UPGRADE=1 in the environment takes newer versions."""
    return lock.lock_all(upgrade=bool(os.environ.get("UPGRADE")))


def run_tests(lane: str = "all") -> int:
    """Run the lanes; ARGS in the environment goes to pytest."""
    return lanes.run_all(lane or "all", os.environ.get("ARGS", ""))


def quick() -> int:
    """Run the fast tests on SQLite."""
    return lanes.quick(os.environ.get("ARGS", ""))


COMMANDS: dict[str, Callable[..., int]] = {
    "bench": bench.run,
    "check": checks.check,
    "demo": demo,
    "env": env,
    "format": checks.tidy,
    "lock": lock_all,
    "messages": messages.run,
    "quick": quick,
    "services": services.start,
    "stop": services.stop,
    "test": run_tests,
}


def main() -> int:
    """Run one command; whatever it started is ended before we return."""
    os.chdir(ROOT)
    name, *values = sys.argv[1:] or [""]
    if name not in COMMANDS:
        stop_with(f"Commands: {', '.join(COMMANDS)}", 2)
    processes.guard()
    try:
        return COMMANDS[name](*values)
    except ToolError as error:
        stop_with(str(error))
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except processes.Interrupted as stop:
        stop_with("Stopped.", stop.exit_code)
    finally:
        if name != "services":
            processes.end_descendants()


if __name__ == "__main__":
    raise SystemExit(main())
