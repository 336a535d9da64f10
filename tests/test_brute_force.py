"""Guessing passwords at two web processes at once, with Redis, without it, and with nothing that counts."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar
from threading import Event
from time import monotonic
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

import pytest

from deploy.dev import processes
from drportal import env
from tests.redis_server import RedisServer

pytestmark = pytest.mark.slow

ADA, PASSWORD, WRONG = "ada@example.com", "correct horse battery staple", "not the password at all"
LOCKED, AWAY = "Too many wrong tries", "lets nobody in"
FOUND = f"""
import django; django.setup()
from organizations.models import Distributor
from tests.builder import make_user
make_user(Distributor.objects.create(name="Here"), "{ADA}", password="{PASSWORD}")
"""
# Twice this, and two more, stay below allauth’s 30 tries a minute from one place.
AT_ONCE = 12
# In five minutes; in one minute.
MOST_PER_ACCOUNT, MOST_PER_PLACE = 5, 10


def _environment(folder, **more):
    return {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'portal.sqlite3'}",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "",
        "VAR_DIR": str(folder),
        "DJANGO_SETTINGS_MODULE": "drportal.settings",
        "SITE_URL": "http://localhost",
        "LOG_LEVEL": "ERROR",
        **more,
    }


@pytest.fixture(scope="module")
def founded(tmp_path_factory):
    """A folder with a database in which Ada has an account."""
    folder = tmp_path_factory.mktemp("portal")
    for command in (["manage.py", "migrate", "--verbosity", "0"], ["-c", FOUND]):
        subprocess.run([sys.executable, *command], cwd=env.BASE_DIR, env=_environment(folder), check=True)
    return folder


def _copy(founded, folder):
    with sqlite3.connect(founded / "portal.sqlite3") as source, sqlite3.connect(folder / "portal.sqlite3") as target:
        source.backup(target)


@pytest.fixture
def portal(founded, tmp_path, request):
    """The addresses of two web processes: `mode` of counting, behind `proxies`."""
    mode, proxies = request.param
    _copy(founded, tmp_path)
    server = RedisServer(tmp_path)
    if mode == "redis":
        server.start()
    if mode == "neither":
        with sqlite3.connect(tmp_path / "portal.sqlite3") as database:
            database.execute("DROP TABLE cache")
    environment = _environment(tmp_path, REDIS_URL=server.url, TRUSTED_PROXY_COUNT=str(proxies))
    started = []
    try:
        for _ in range(2):
            started.append(_start(environment, tmp_path))
        yield [address for address, _process in started]
    finally:
        for _address, process in started:
            processes.end(process)
        server.stop()


def _start(environment, folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "8", "--worker-class", "gthread"]
    command += ["--bind", f"127.0.0.1:{port}", "--no-control-socket", "drportal.wsgi:application"]
    with (folder / f"web-{port}.log").open("wb") as log:
        process = processes.start(command, log=log, env=environment, cwd=env.BASE_DIR)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            build_opener().open(f"{address}/healthz", timeout=5).close()
            return address, process
        except (URLError, TimeoutError):
            assert process.poll() is None, (folder / f"web-{port}.log").read_text()
            Event().wait(0.1)  # until the port is there
    raise AssertionError("the portal did not come up")


class Browser:
    """One visitor, who writes into X-Forwarded-For what they like."""

    def __init__(self, address, forwarded):
        self.address, self.headers = address, {"X-Forwarded-For": forwarded}
        self.opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.opener.addheaders = list(self.headers.items())

    def fetch(self, path, data=None):
        request = Request(self.address + path, data and urlencode(data).encode())
        try:
            with self.opener.open(request, timeout=60) as answer:
                return answer.status, answer.url, answer.read().decode()
        except HTTPError as refusal:
            return refusal.code, refusal.url, refusal.read().decode()

    def log_in(self, password, email=ADA):
        _status, _url, page = self.fetch("/accounts/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        return self.fetch("/accounts/login/", {"csrfmiddlewaretoken": token, "login": email, "password": password})


def _guess_at_once(portal, proxies, email=lambda number: ADA):
    """The texts of answers to wrong passwords, sent at once to both processes from invented places."""

    def guess(number):
        forwarded = f"10.1.{number}.1" + ", 10.0.0.1" * proxies
        return Browser(portal[number % 2], forwarded).log_in(WRONG, email(number))[2]

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(guess, range(AT_ONCE)))


def _tried(texts):
    """How many passwords were looked at."""
    return sum(LOCKED not in text and AWAY not in text for text in texts)


COUNTING = [("redis", 1), ("redis away", 0)]


@pytest.mark.parametrize("portal", COUNTING, indirect=True, ids=str)
def test_two_processes_take_no_more_guesses_than_one(portal, request):
    """At one account, and from one place at many."""
    proxies = request.node.callspec.params["portal"][1]
    began = monotonic()
    at_one = _tried(_guess_at_once(portal, proxies))
    assert 1 <= at_one <= MOST_PER_ACCOUNT
    at_many = _tried(_guess_at_once(portal, proxies, lambda number: f"user{number}@example.com"))
    minutes = int((monotonic() - began) // 60)  # on a busy machine the window moves on
    assert at_one + at_many <= MOST_PER_PLACE * (1 + minutes)
    for address in portal:
        browser = Browser(address, "10.2.2.2" + ", 10.0.0.2" * proxies)
        status, url, text = browser.log_in(PASSWORD)
        assert (status, url.endswith("/accounts/login/"), LOCKED in text) == (200, True, True)
        assert browser.fetch("/accounts/password/reset/")[0] == 200


@pytest.mark.parametrize("portal", [("neither", 0)], indirect=True, ids=str)
def test_without_anything_that_counts_nobody_comes_in(portal):
    for address in portal:
        browser = Browser(address, "10.2.2.2")
        status, _url, text = browser.log_in(PASSWORD)
        assert (status, AWAY in text) == (503, True)
        assert browser.fetch("/home")[1].split("?")[0].endswith("/accounts/login/")
