"""The wheel in a clean environment: from nothing to the first stored event of a new project."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from tests.support.processes import ServerProcess, wait_until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

ROOT = Path(__file__).parents[2]
INSTALL_SECONDS = 300
COMMAND_SECONDS = 100
SOURCES = ("api", "ch_schema", "contracts", "etl", "registry", "ugc")
PORTS = dict.fromkeys(
    [f"{part}_PORT" for part in ("API", "AUTH", "CLICKHOUSE", "KAFKA", "REDIS", "REGISTRY")], "0"
)
OF_OURS = re.compile(
    r"KAFKA_|SCHEMA_|REDIS_|CLICKHOUSE_|AUTH_|JWT_|CONTRACTS_|UGC_|PYTHON|VIRTUAL_ENV$"
)
"""Variables that a person who installs the wheel does not have."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the wheel, and nothing of this repository in reach."""

    folder: Path

    @property
    def env(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not OF_OURS.match(name)}
        return {**kept, **PORTS, "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def ugc(self, where: Path, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [str(self.folder / "bin" / "ugc"), *arguments],
            cwd=where,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=INSTALL_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy: a build leaves files behind."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in SOURCES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet")
    run(*pip, "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    (found,) = folder.glob("*.whl")
    return found


def installed(wheel: Path, extra: str, folder: Path) -> Environment:
    """The versions are those of the lock; uv keeps what it has fetched for the next time."""
    uv = Path(sys.executable).with_name("uv")
    run(uv, "venv", "--quiet", "--python", sys.executable, folder)
    run(
        *(uv, "pip", "install", "--quiet", "--python", folder / "bin" / "python"),
        *("--constraint", ROOT / "requirements" / "dev.txt", f"{wheel}[{extra}]"),
    )
    return Environment(folder)


@pytest.fixture(scope="module")
def whole(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    return installed(wheel, "local", tmp_path_factory.mktemp("whole") / "env")


def test_a_new_project_stores_its_first_event_beside_packages_named_as_ours(
    whole: Environment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    began = time.monotonic()
    whole.ugc(tmp_path, "new", "shop")
    shop = tmp_path / "shop"
    for name in SOURCES:
        (shop / name).mkdir(exist_ok=True)
        (shop / name / "__init__.py").write_text('raise SystemExit("poisoned")\n')
    log = tmp_path / "up.log"
    up = ServerProcess(
        ["env", "-i", "-C", str(shop), *(f"{n}={v}" for n, v in whole.env.items()), "ugc", "up"],
        log,
        None,
    )
    try:
        up.wait_ready(lambda: "ready; Ctrl-C" in log.read_text(), COMMAND_SECONDS)
        ready = time.monotonic()
        api = re.search(r"^api\s+(http://\S+)", log.read_text(), re.MULTILINE)
        assert api, log.read_text()
        (body,) = re.findall(r"-d '(.*)'$", (shop / "README.md").read_text(), re.MULTILINE)
        answer = httpx2.post(
            f"{api[1]}/api/v1/events",
            content=body.encode(),
            headers={"Content-Type": "application/json"},
            timeout=30,
        )
        assert answer.status_code == 202, answer.text
        accepted = time.monotonic()
        query = ("sql", "SELECT toString(event_id) AS id FROM button_click", "--format=JSONEachRow")

        def is_stored() -> bool:
            rows = whole.ugc(shop / ".github", *query).splitlines()
            return [json.loads(row)["id"] for row in rows] == [answer.json()["event_id"]]

        wait_until(is_stored, "the row", COMMAND_SECONDS)
        stored = time.monotonic()
        readme = (shop / "README.md").read_text()
        ((shown, form),) = re.findall(r'^ugc sql "(.*)" --format (\w+)$', readme, re.MULTILINE)
        assert "sign_up" in whole.ugc(shop, "sql", shown, "--format", form)
        up.send(signal.SIGINT)
        assert up.wait_exit(60) == 0
    finally:
        up.kill()
    logs = "".join(each.read_text() for each in (shop / ".ugc" / "logs").glob("*.log"))
    assert "poisoned" not in logs + log.read_text()
    with capsys.disabled():
        print(
            f"\n`ugc new` and `ugc up` ready after {ready - began:.1f} s, first event accepted"
            f" after {accepted - began:.1f} s, its row seen after {stored - began:.1f} s"
        )


def test_a_loaders_environment_has_no_flask(wheel: Path, tmp_path: Path) -> None:
    loader = installed(wheel, "etl", tmp_path / "env")
    found = {path.name for path in (tmp_path / "env").glob("lib/*/site-packages/*")}
    assert "redis" in found
    assert not {"flask", "granian", "flasgger", "jwt", "chdb"} & found
    assert "ugc: KAFKA_BOOTSTRAP_SERVERS " in loader.ugc(tmp_path, "etl", "run", code=78)
    told = loader.ugc(tmp_path, "api", "serve", code=78)
    assert "pip install 'ugc-events[api]'" in told
