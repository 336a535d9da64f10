"""`compose.yaml` and the files of nginx beside it: what one names, the other has."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from drportal import env

ROOT = env.BASE_DIR
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
STREAM = (ROOT / "deploy/nginx/vtn-stream.conf").read_text()
DEVICES = sorted(name for name in env.VARIABLES if name.startswith(("VTN_", "UPSTREAM_")))


@pytest.mark.parametrize("name", DEVICES)
def test_setting_for_devices_reaches_every_process_and_is_the_default_when_unset(name):
    shown = COMPOSE["x-portal-environment"][name]
    chosen = re.fullmatch(rf"\$\{{{name}:-(.*)\}}", shown)
    assert chosen, shown
    variable = env.VARIABLES[name]
    if name != "VTN_URL":  # compose knows the port, the portal alone does not
        assert variable.parse(chosen[1]) == variable.parse(variable.default)
    ours = [each for each in SERVICES.values() if each.get("image") == "drportal"]
    assert len(ours) > 4
    assert all(each["environment"][name] == shown for each in ours)


def test_files_of_certificates_have_a_folder_that_is_in_no_image_and_no_commit():
    assert "${PEM_FOLDER:-./pem}:/srv/portal/pem:ro" in COMPOSE["x-portal"]["volumes"]
    assert all("volumes" in each for each in SERVICES.values() if each.get("image") == "drportal")
    assert "pem" in (ROOT / ".dockerignore").read_text().split()
    assert "pem/" in (ROOT / ".gitignore").read_text().split()


def test_vtn_can_run_several_times_behind_the_proxy_of_its_port():
    vtn, proxy = SERVICES["vtn"], SERVICES["vtn-proxy"]
    assert not {"ports", "container_name"} & vtn.keys()
    assert vtn["deploy"]["replicas"] == "${VTN_PROCESSES:-1}"
    assert vtn["hostname"] == "vtn"  # the certificate in the folder that all share has the name of the host
    assert "./deploy/nginx/vtn-stream.conf:/etc/nginx/nginx.conf:ro" in proxy["volumes"]
    published = proxy["ports"][0].rsplit(":", 1)[1]
    assert re.findall(r"listen (\d+);", STREAM) == [published]


def test_proxy_of_the_vtn_names_the_service_and_the_port_that_it_listens_at():
    (server,) = re.findall(r"server ([\w-]+):(\d+) (.*);", re.sub(r"#.*", "", STREAM))
    command = SERVICES["vtn"]["command"]
    assert server[:2] == ("vtn", command[command.index("--port") + 1])
    assert "resolve" in server[2].split()
    assert "resolver 127.0.0.11" in STREAM
    assert set(SERVICES["vtn"]["networks"]) & set(SERVICES["vtn-proxy"]["networks"])


def test_connections_of_the_proxy_fit_its_limit_of_files():
    most = int(re.findall(r"worker_connections (\d+);", STREAM)[0])
    assert SERVICES["vtn-proxy"]["ulimits"]["nofile"] >= 2 * most
    assert SERVICES["vtn"]["ulimits"]["nofile"] >= most


@pytest.mark.skipif(not shutil.which("nginx"), reason="nginx is not installed")
def test_nginx_takes_the_file_of_the_vtn(tmp_path: Path):
    version = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
    if tuple(int(part) for part in re.findall(r"\d+", version)[:3]) < (1, 27, 3):
        pytest.skip("nginx is older than 1.27.3")
    (tmp_path / "nginx.conf").write_text(STREAM.replace("/var/run/nginx.pid", str(tmp_path / "pid")))
    told = subprocess.run(
        ["nginx", "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
