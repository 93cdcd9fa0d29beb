"""Servers as processes: a taken port, workers that end, and the end of the process above them."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.support.processes import ServerProcess, free_port, listening, wait_until
from ugc.errors import AddressError
from ugc.listening import Address

pytestmark = pytest.mark.stack

SECRET = "q8Zt3Vx0Lm5Rk7Yb2Nc9Hw4Ds6Fj1PgA"
HOST = "127.0.0.1"
NOBODY = "127.0.0.1:9"
SETTINGS = {
    "JWT_SECRET": SECRET,
    "KAFKA_BOOTSTRAP_SERVERS": NOBODY,
    "SCHEMA_REGISTRY_URL": f"http://{NOBODY}",
    "REDIS_URL": f"redis://{NOBODY}",
    "AUTH_SERVICE_URL": f"http://{NOBODY}",
    "CLICKHOUSE_URL": f"http://{NOBODY}",
    "SPOOL_DIR": "spool",
}
SERVE = f"""
import sys
from ugc.serving import serve
serve("ugc.local.auth.wsgi:create_from_env", host="{HOST}", port=int(sys.argv[1]), workers=2)
"""
SERVER_COMMANDS = {
    "api": ("api", "serve"),
    "auth": ("auth", "serve"),
    "clickhouse": ("clickhouse", "serve", "--data-dir", "data"),
    "registry": ("registry", "serve", "--data-dir", "data"),
}


class Serving:
    """Two workers of a small server, and the process above them."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.process = ServerProcess(
            [sys.executable, "-c", SERVE, str(self.port)],
            folder / "log",
            {"JWT_SECRET": SECRET},
        )
        self.process.wait_ready(self.answers)
        wait_until(lambda: len(self.workers()) == 2, "there are two workers")

    def answers(self) -> bool:
        try:
            return httpx2.get(f"http://{HOST}:{self.port}/health", timeout=5).status_code == 200
        except httpx2.HTTPError:
            return False

    def workers(self) -> set[int]:
        return self.process.children()

    def told(self, text: str) -> bool:
        return text in self.process.log.read_text()

    def kill_a_worker(self) -> None:
        """Returns when the process above has seen it."""
        wait_until(lambda: bool(self.workers()), "a worker runs")
        victim = self.workers().pop()
        os.kill(victim, signal.SIGKILL)
        wait_until(lambda: self.told(f"(process {victim}) ended"), "its end is seen")


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    with started(tmp_path) as server:
        yield server


@contextmanager
def started(folder: Path) -> Iterator[Serving]:
    server = Serving(folder)
    try:
        yield server
    finally:
        server.process.kill()


def reusable_listener() -> socket.socket:
    """A server that would share its port with whoever else is willing to."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind((HOST, 0))
    listener.listen()
    return listener


@pytest.mark.parametrize("name", SERVER_COMMANDS)
def test_a_taken_port_is_an_error(name: str, tmp_path: Path) -> None:
    with reusable_listener() as other:
        port = other.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "ugc", *SERVER_COMMANDS[name], "--port", str(port)],
            cwd=tmp_path,
            env={**os.environ, **SETTINGS},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert line.startswith(f"ugc: cannot listen on {HOST}, port {port}: ")
    assert "in use" in line


def test_a_taken_port_for_the_loaders_metrics_is_an_error() -> None:
    with reusable_listener() as other:
        port = other.getsockname()[1]
        ended = subprocess.run(
            [
                *(sys.executable, "-m", "ugc", "etl", "schedule", "--every", "60s"),
                *("--metrics-host", HOST, "--metrics-port", str(port)),
            ],
            env={**os.environ, **SETTINGS},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith(f"ugc: the metrics port {HOST}:{port} cannot be opened: ")


def test_a_port_beyond_the_last_one_is_a_wrong_command_line() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "ugc", "auth", "serve", "--port", "80000"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2
    assert "80000" in ended.stderr


@pytest.mark.parametrize(
    ("host", "port"),
    [("192.0.2.1", 8000), (HOST, 80_000), (HOST, 0), (HOST, -1), ("no.such.invalid", 8000)],
)
def test_an_address_that_is_not_ours_is_an_error_that_names_it(host: str, port: int) -> None:
    with pytest.raises(AddressError, match=rf"cannot listen on {host}, port {port}: "):
        Address(host, port)


def test_an_address_is_claimed_whether_its_workers_listen_or_not() -> None:
    port = free_port()
    with closing(Address(HOST, port)) as first:
        for place in range(2):
            with pytest.raises(AddressError, match="in use"):
                Address(HOST, port)
            first.of_place(place).listen()
        first.give_up(0)
        first.give_up(1)
        with pytest.raises(AddressError, match="in use"):
            Address(HOST, port)
        assert connects(port) is False, "nobody waits for a worker that has ended"


def test_of_many_that_start_at_once_one_gets_the_address() -> None:
    port = free_port()

    def claim(_: int) -> Address | None:
        try:
            return Address(HOST, port)
        except AddressError:
            return None

    for _ in range(20):
        with ThreadPoolExecutor(8) as threads:
            claimed = [each for each in threads.map(claim, range(8)) if each is not None]
        for each in claimed:
            each.close()
        assert len(claimed) <= 1


def test_an_address_is_free_again_while_old_connections_linger() -> None:
    port = free_port()
    with closing(Address(HOST, port)) as first:
        listener = first.of_place(0)
        listener.listen()
        with socket.create_connection((HOST, port)):
            accepted, _ = listener.accept()
            accepted.close()  # the side that closes first is the one that lingers
    Address(HOST, port).close()


def test_workers_that_are_killed_again_and_again_do_not_end_the_server(serving: Serving) -> None:
    for _ in range(5):
        serving.kill_a_worker()
    wait_until(lambda: len(serving.workers()) == 2, "both run again")
    wait_until(serving.answers, "it answers")
    assert serving.told("SIGKILL; it is started again in 0 s")


def test_workers_that_are_killed_together_are_both_replaced(serving: Serving) -> None:
    before = serving.workers()
    for each in before:
        os.kill(each, signal.SIGKILL)
    wait_until(lambda: len(serving.workers() - before) == 2, "both are new")
    wait_until(serving.answers, "it answers")
    assert serving.process.terminate() == 0


def test_it_is_stopped_cleanly_while_a_worker_is_not_to_start_yet(serving: Serving) -> None:
    for _ in range(20):
        serving.kill_a_worker()
        if serving.told("started again in 2 s"):
            break
    assert serving.process.terminate() == 0
    assert not serving.answers()


def test_the_interrupt_of_a_terminal_ends_it_cleanly(serving: Serving) -> None:
    """Which goes to the workers, too."""
    serving.process.send(signal.SIGINT)
    assert serving.process.wait_exit() == 0


def test_new_connections_go_to_the_worker_that_lives(serving: Serving) -> None:
    wait_until(lambda: listening(serving.port) == 2, "both serve")
    serving.kill_a_worker()
    assert all(serving.answers() for _ in range(20))


def test_workers_do_not_outlive_the_process_above_them(serving: Serving) -> None:
    orphans = serving.workers()
    os.kill(serving.process.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(runs, orphans)), "the workers are gone")
    Address(HOST, serving.port).close()


def test_replaced_workers_are_new_processes_and_all_serve(serving: Serving) -> None:
    before = serving.workers()
    serving.process.reload()
    wait_until(
        lambda: not before & serving.workers() and len(serving.workers()) == 2, "all are new"
    )
    assert serving.answers()
    assert serving.process.terminate() == 0


def test_settings_with_which_no_worker_starts_end_it_with_the_reason(tmp_path: Path) -> None:
    program = f"""
import sys
from ugc.errors import UgcError
try:
    {SERVE.strip().replace(chr(10), chr(10) + "    ")}
except UgcError as error:
    sys.exit(f"ugc: {{error}}")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program, str(free_port())],
        env={**os.environ, "JWT_SECRET": "short"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    assert "ugc: JWT_SECRET must be set" in ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("ugc: no worker can start; ")
    assert "Traceback" not in ended.stderr


def connects(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=5).close()
    except ConnectionRefusedError:
        return False
    return True


def runs(process: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
