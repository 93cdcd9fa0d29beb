"""The local stack's supervisor on real processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ugc.stack import PartName, Stack, StackConfig, running_stack
from ugc.stack import process as processes
from ugc.stack.config import DEFAULT_PORTS, PARTS, Place
from ugc.stack.errors import AlreadyRunningError, PartFailedError, PortTakenError
from ugc.stack.ports import choose_ports, is_free
from ugc.stack.probes import PROBES
from ugc.stack.state import read

pytestmark = pytest.mark.stack

SMALL = frozenset({PartName.REDIS, PartName.AUTH})
FREE_PORTS = dict.fromkeys(PartName, 0)
DEADLINE_SECONDS = 20.0


def config(folder: Path, parts: frozenset[PartName] = SMALL) -> StackConfig:
    return StackConfig(state_dir=folder / "state", ports=FREE_PORTS, parts=parts)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    with contextlib.suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def group(leader: int) -> set[int]:
    """The processes of a group; a server has its workers in it."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(stat.read_text().rpartition(")")[2].split()[2]) == leader:
                found.add(int(stat.parent.name))
    return found


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack.start(config(tmp_path)) as running:
        yield running


def port(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_parts_are_ready_found_and_gone_afterwards(tmp_path: Path) -> None:
    said: list[str] = []
    with Stack.start(config(tmp_path), said.append) as stack:
        pids = [stack.pid(name) for name in SMALL]
        info = running_stack(tmp_path / "state")
        assert info is not None
        assert info.env["REDIS_URL"] == stack.urls[PartName.REDIS]
        assert set(info.pids.values()) == set(pids)
        assert PROBES[PartName.REDIS](port(stack.urls[PartName.REDIS]))
        assert all(map(alive, pids))
    assert not any(map(alive, pids))
    assert running_stack(tmp_path / "state") is None
    assert said == ["starting redis", "starting auth", "stopping auth", "stopping redis"]


def test_a_second_stack_on_the_same_folder_is_refused(stack: Stack) -> None:
    with pytest.raises(AlreadyRunningError, match=str(os.getpid())):
        Stack.start(stack.config)
    assert stack.dead_parts() == ()


def test_a_killed_part_is_noticed_and_can_be_started_again(stack: Stack) -> None:
    first = stack.pid(PartName.REDIS)
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: stack.dead_parts() == (PartName.REDIS,))
    stack.start_part(PartName.REDIS)
    assert stack.dead_parts() == ()
    assert stack.pid(PartName.REDIS) != first


def test_a_paused_part_answers_again_after_it_is_resumed(stack: Stack) -> None:
    stack.pause_part(PartName.REDIS)
    assert not PROBES[PartName.REDIS](port(stack.urls[PartName.REDIS]))
    stack.resume_part(PartName.REDIS)
    wait_for(lambda: PROBES[PartName.REDIS](port(stack.urls[PartName.REDIS])))


def test_killing_a_part_leaves_nothing_of_its_group(stack: Stack) -> None:
    members = group(stack.pid(PartName.AUTH))
    assert len(members) > 1
    stack.kill_part(PartName.AUTH)
    wait_for(lambda: not any(map(alive, members)))


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path\n"
        "from ugc.stack import PartName, Stack, StackConfig\n"
        "parts = frozenset({PartName.REDIS, PartName.AUTH})\n"
        "Stack.start(StackConfig(state_dir=Path(sys.argv[1]),"
        " ports=dict.fromkeys(PartName, 0), parts=parts))\n"
        "time.sleep(600)\n"
    )
    supervisor = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)])
    try:
        wait_for(lambda: len(getattr(read(tmp_path), "pids", {})) == 2)
        info = read(tmp_path)
        assert info is not None
    finally:
        supervisor.kill()
        supervisor.wait()
    wait_for(lambda: not any(alive(pid) for pid in info.pids.values()))
    assert running_stack(tmp_path) is None


def test_what_a_killed_stack_has_left_is_stopped_at_the_next_start(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Stack.start(config(tmp_path)) as stack:
        left = subprocess.Popen(["sleep", "600"], start_new_session=True)
        try:
            text = (state / "stack.json").read_text()
        finally:
            stack.stop()
    document = json.loads(text)
    start = Path(f"/proc/{left.pid}/stat").read_text().rpartition(")")[2].split()[19]
    document.update(
        supervisor=2**22 - 1, pids={"redis": left.pid}, started={str(left.pid): int(start)}
    )
    (state / "stack.json").write_text(json.dumps(document))
    said: list[str] = []
    try:
        with Stack.start(config(tmp_path), said.append):
            assert left.wait(DEADLINE_SECONDS) == -signal.SIGKILL
    finally:
        left.kill()
        left.wait()
    assert said[0] == "stopped what a killed stack has left: redis"


def test_a_pid_that_now_belongs_to_another_process_is_left_alone(tmp_path: Path) -> None:
    state = tmp_path / "state"
    with Stack.start(config(tmp_path)):
        document = json.loads((state / "stack.json").read_text())
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        try:
            pids = {"redis": stranger.pid}
            document.update(supervisor=stranger.pid, pids=pids, started={str(stranger.pid): 1})
            (state / "stack.json").write_text(json.dumps(document))
            with Stack.start(config(tmp_path)):
                assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_port_that_was_asked_for_and_is_busy_is_an_error(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        busy = holder.getsockname()[1]
        wanted = StackConfig(
            state_dir=tmp_path, ports={**FREE_PORTS, PartName.REDIS: busy}, parts=SMALL
        )
        with pytest.raises(PortTakenError, match=f"port {busy} for redis is in use"):
            Stack.start(wanted)


def test_a_busy_default_port_is_replaced_and_told(tmp_path: Path) -> None:
    default = DEFAULT_PORTS[PartName.AUTH]
    said: list[str] = []
    with contextlib.ExitStack() as holding:
        if is_free(default):
            holder = holding.enter_context(socket.socket())
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            holder.bind(("127.0.0.1", default))
            holder.listen()
        parts = frozenset({PartName.AUTH})
        chosen = choose_ports(StackConfig(state_dir=tmp_path, parts=parts), said.append)
    assert chosen[PartName.AUTH] != default
    assert said == [f"port {default} is in use, auth listens on {chosen[PartName.AUTH]}"]


def test_a_part_that_dies_at_the_start_shows_its_log(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "redis"
    folder.mkdir(parents=True)
    (folder / "appendonly.aof").write_text("this is no append-only file")
    with pytest.raises(PartFailedError) as caught:
        Stack.start(config(tmp_path))
    assert "redis ended with code 1" in str(caught.value)
    assert "Bad file format" in str(caught.value)
    assert running_stack(tmp_path / "state") is None


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    ignoring = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(600)"
    log = tmp_path / "log"
    child = processes.start([sys.executable, "-uc", ignoring], dict(os.environ), log)
    try:
        wait_for(lambda: log.read_text() == "1\n")
        processes.stop(child, grace_seconds=0.2)
        assert child.returncode == -signal.SIGKILL
    finally:
        processes.kill_group(child.pid) if child.poll() is None else None


def test_the_environments_of_the_parts_name_each_other(stack: Stack) -> None:
    assert stack.env["AUTH_SERVICE_URL"] == stack.urls[PartName.AUTH]
    assert len(stack.env["JWT_SECRET"]) == 64
    secret = stack.config.state_dir / "jwt.secret"
    assert secret.stat().st_mode & 0o077 == 0
    assert (stack.config.state_dir / "stack.json").stat().st_mode & 0o077 == 0


def test_a_part_whose_url_is_given_is_not_started(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from ugc.stack import PartName, Stack, StackConfig\n"
        "parts = frozenset({PartName.REDIS, PartName.AUTH})\n"
        "with Stack.start(StackConfig(state_dir=Path(sys.argv[1]),"
        " ports=dict.fromkeys(PartName, 0), parts=parts), print) as stack:\n"
        "    print(stack.env['REDIS_URL'], stack.urls[PartName.REDIS])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "REDIS_URL": "redis://elsewhere:1"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "starting redis" not in done.stdout
    assert "redis://elsewhere:1 redis://elsewhere:1" in done.stdout


def test_the_api_and_the_loader_get_their_settings(tmp_path: Path) -> None:
    wanted = StackConfig(state_dir=tmp_path, api_workers=3, etl_interval_seconds=90)
    commands = {part.name: part.command(wanted, Place(1234, tmp_path)) for part in PARTS}
    assert "--workers=3" in commands[PartName.API]
    assert "--every=90s" in commands[PartName.ETL]
    assert "noeviction" in commands[PartName.REDIS]
