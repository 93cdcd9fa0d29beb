"""The previous release beside this one: on one Kafka, registry, Redis, and one set of tables.

``previous.tar.xz`` is that release's code and contracts; it runs with the libraries of this one.
After a release it is made anew, from the repository's history::

    git archive v1.2.3 pyproject.toml api ch_schema contracts etl registry ugc \\
        | xz -9e > tests/upgrade/previous.tar.xz
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from ch_schema.client.connect import connect
from contracts.model.loader import default_folder
from tests.fullstack.stack import full_stack
from tests.support.processes import ServerProcess, free_port, wait_until
from tests.support.stack import NO_SCHEDULE, Running, free_ports
from ugc.local.stack import StackConfig

pytestmark = [pytest.mark.stack, pytest.mark.full, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
PREVIOUS = Path(__file__).with_name("previous.tar.xz")
NAMES = {
    "KAFKA_TOPIC": "upgrade.events",
    "KAFKA_GROUP_ID": "upgrade",
    "CLICKHOUSE_DATABASE": "upgrade",
    "SCHEMA_SUBJECT_NAMESPACE": "upgrade.events",
    "REDIS_KEY_PREFIX": "upgrade:",
}
"""Of an installation of its own on the stack's servers, which the previous release begins."""

STOP_SECONDS = 60


@dataclass(frozen=True)
class Release:
    """A version of the code with its contracts, and the installation that it works on."""

    code: Path
    env: Mapping[str, str]
    folder: Path

    def ugc(self, *arguments: str, code: int = 0) -> str:
        """Runs a command to its end; gives what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "ugc", *arguments],
            cwd=self.code,
            env=dict(self.env),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def load(self) -> dict[str, Any]:
        report: dict[str, Any] = json.loads(self.ugc("etl", "run", "--json").splitlines()[-1])
        return report

    @contextmanager
    def running(self, *arguments: str) -> Iterator[ServerProcess]:
        """A command that serves; SIGTERM ends it, and it has to end with 0."""
        command = ["env", "-C", str(self.code), sys.executable, "-m", "ugc", *arguments]
        process = ServerProcess(command, self.folder / f"{arguments[0]}.log", self.env)
        try:
            yield process
            process.send(signal.SIGTERM)
            assert process.wait_exit(STOP_SECONDS) == 0, process.log.read_text()
        finally:
            process.kill()

    @contextmanager
    def api(self) -> Iterator[Sender]:
        port = free_port()
        with self.running("api", "serve", "--port", str(port)) as process:
            sender = Sender(f"http://127.0.0.1:{port}")
            process.wait_ready(sender.ready)
            yield sender


@dataclass(frozen=True)
class Sender:
    """A client of one API."""

    url: str

    def ready(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/health/ready").status_code == 200
        except httpx2.TransportError:
            return False

    def accept(self, event: str, data: Mapping[str, Any]) -> str:
        """Sends an event that has to be taken; gives its id."""
        body = {"event": event, "token": None, "data": data, "event_id": str(uuid.uuid4())}
        answer = httpx2.post(f"{self.url}/api/v1/events", json=body, timeout=20)
        assert answer.status_code == 202, answer.text
        assert answer.json()["event_id"] == body["event_id"]
        return body["event_id"]


def follow(release: Release) -> AbstractContextManager[ServerProcess]:
    return release.running("etl", "follow", "--max-delay", "500ms")


@pytest.fixture(scope="module", params=[pytest.param(full_stack, id="full")])
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Running]:
    config = StackConfig(
        state_dir=tmp_path_factory.mktemp("stack"), ports=free_ports(), parts=NO_SCHEDULE
    )
    with request.param(config) as stack:
        yield Running(stack)


@pytest.fixture
def releases(servers: Running, tmp_path: Path) -> tuple[Release, Release]:
    """The previous one, and this one with a second version of an event."""
    shared = {**servers.stack.env, **NAMES}
    shared["CLICKHOUSE_URL"] = shared["CLICKHOUSE_URL"].rpartition("/")[0]
    old_code = tmp_path / "previous"
    with tarfile.open(PREVIOUS) as archive:
        archive.extractall(old_code, filter="data")
    contracts = Path(shutil.copytree(default_folder(), tmp_path / "contracts"))
    with_a_second_version(contracts / "events" / "element_click")
    found = []
    for name, code, folder in (
        ("old", old_code, old_code / "contracts"),
        ("new", ROOT, contracts),
    ):
        place = tmp_path / name
        place.mkdir()
        env = {
            **os.environ,
            **shared,
            "PYTHONPATH": str(code),
            "CONTRACTS_DIR": str(folder),
            "SPOOL_DIR": str(place / "spool"),
            "SCHEMA_ID_CACHE_DIR": str(place / "ids"),
        }
        found.append(Release(code, env, place))
    return found[0], found[1]


def with_a_second_version(event: Path) -> None:
    """An optional field more."""
    contract = json.loads((event / "v1.json").read_text())
    contract["properties"]["place"] = {"type": "integer", "description": "Place in its list."}
    (event / "v2.json").write_text(json.dumps(contract))


def asked(release: Release, query: str) -> list[str]:
    """The fields of a query's rows, one after another."""
    with closing(connect(release.env["CLICKHOUSE_URL"], "upgrade")) as clickhouse:
        return clickhouse.query_text(query, "TSV").split()


def ids_of_clicks(release: Release) -> Counter[str]:
    return Counter(asked(release, "SELECT event_id FROM upgrade.element_click FINAL"))


def click(place: int | None = None) -> dict[str, Any]:
    data: dict[str, Any] = {"element_type": "trailer", "page_type": "movie"}
    return data if place is None else {**data, "place": place}


def test_the_releases_run_side_by_side_and_back_again(releases: tuple[Release, Release]) -> None:
    old, new = releases
    sent: list[str] = []
    old.ugc("init")
    with old.api() as before:
        sent += [before.accept("element_click", click()) for _ in range(20)]
        old.load()
        assert len(ids_of_clicks(old)) == 20

        # The upgrade: init, the loader beside the old one, the API beside the old one.
        new.ugc("init")
        with follow(new), new.api() as after:
            with follow(old):
                sent += [before.accept("element_click", click()) for _ in range(20)]
                wait_until(lambda: ids_of_clicks(new) == Counter(sent), "rows", STOP_SECONDS)
                # What the old loader does not know waits, if its partition is the old one's.
                for place in range(20):
                    sent.append(before.accept("element_click", click()))
                    sent.append(after.accept("element_click", click(place)))
                    sent.append(after.accept("element_click", click()))
            wait_until(lambda: ids_of_clicks(new) == Counter(sent), "rows", STOP_SECONDS)
            places = asked(new, "SELECT sum(place) FROM upgrade.element_click FINAL")
            assert places == [str(sum(range(20)))]

            # Back: the API first, then the loader when what the newer one took is loaded.
            sent.append(after.accept("element_click", click(7)))
        new.load()
        old.ugc("init")
        sent += [before.accept("element_click", click()) for _ in range(20)]
        report = old.load()
        assert report["events"]["element_click"]["dead"] == 0
        assert ids_of_clicks(old) == Counter(sent)
    assert json.loads(new.ugc("quality", "--since", "1h", "--json"))["met"]


def test_what_one_release_left_open_the_other_ends(releases: tuple[Release, Release]) -> None:
    old, new = releases
    old.ugc("init")
    new.ugc("init")
    with old.api() as before, new.api() as after:
        for first, second in ((before, after), (after, before)):
            view = {"page_type": "movie", "page_view_id": str(uuid.uuid4())}
            first.accept("page_view_start", view)
            (old if first is before else new).load()
            second.accept("page_view_end", view)
            (new if first is before else old).load()
    assert asked(new, "SELECT paired FROM upgrade.page_view FINAL") == ["true", "true"]
