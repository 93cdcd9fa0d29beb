"""The local stack on real processes: nothing is left behind, whatever happens."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from confluent_kafka.admin import AdminClient

from contracts.model.loader import default_folder
from ugc.exits import exit_code
from ugc.local.stack import PartName, Stack, StackConfig, StackInfo, running_stack
from ugc.local.stack.config import DEFAULT_PORTS, PORT_VARIABLES
from ugc.local.stack.errors import (
    AlreadyRunningError,
    PartFailedError,
    PartMisconfiguredError,
    PartMissingError,
    PartStateError,
    PortTakenError,
    SettingsError,
    StateFolderError,
)
from ugc.local.stack.parts import PART, PARTS, Place
from ugc.local.stack.plan import Plan, make_plan
from ugc.local.stack.ports import Claims, asked_ports, choose_ports, is_free
from ugc.local.stack.probes import PROBES
from ugc.local.stack.process import Child, last_lines
from ugc.local.stack.restarts import RestartPolicy, Restarts
from ugc.local.stack.watch import Watch

pytestmark = pytest.mark.stack

SMALL = frozenset({PartName.REDIS, PartName.AUTH})
FREE_PORTS = dict.fromkeys(PartName, 0)
DEADLINE_SECONDS = 45.0
"""Less than the 60 seconds for which requests are held back here."""
SECRET = "0123456789abcdef" * 4

FOREGROUND = """
import sys
from pathlib import Path
from ugc.local.stack import PartName, StackConfig, run_foreground
from ugc.local.stack.errors import StackError
parts = frozenset(map(PartName, sys.argv[2:]))
ports = dict.fromkeys(PartName, 0)
try:
    sys.exit(run_foreground(StackConfig(state_dir=Path(sys.argv[1]), ports=ports, parts=parts)))
except StackError as error:
    sys.exit(str(error))
"""


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of a stack that runs in the developer's terminal."""
    for name in ("JWT_SECRET", *PORT_VARIABLES.values(), *(p.variable for p in PARTS)):
        if name:
            monkeypatch.delenv(name, raising=False)


def config(folder: Path, parts: frozenset[PartName] = SMALL, **changes: Any) -> StackConfig:
    settings = {"state_dir": folder / "state", "ports": FREE_PORTS, "parts": parts, **changes}
    return StackConfig(**settings)


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    with Stack.start(config(tmp_path)) as running:
        yield running


@contextlib.contextmanager
def foreground(
    folder: Path, *parts: PartName, env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """``run_foreground`` in a process of its own, and the file with what it prints."""
    output = folder / "output"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", FOREGROUND, str(folder / "state"), *parts],
            env={**os.environ, **(env or {})},
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    try:
        yield process, output
    finally:
        process.kill()
        process.wait()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)


def wait_for_text(output: Path, text: str) -> None:
    wait_for(lambda: text in output.read_text())


def info_of(folder: Path) -> StackInfo:
    info = running_stack(folder / "state")
    assert info is not None
    return info


def session(leader: int) -> set[int]:
    """The living processes of a session; a server has its workers in it."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == leader and fields[0] != "Z":
                found.add(int(stat.parent.name))
    return found


def port(url: str) -> int:
    return int(url.rpartition(":")[2])


def script(folder: Path, text: str) -> dict[str, str]:
    """An environment in which a shell script takes the place of the Kafka broker."""
    path = folder / "broker"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {"CALF_TANSU_BIN": str(path)}


@contextlib.contextmanager
def listening_on(wanted: int = 0) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", wanted)) as holder:
        yield holder.getsockname()[1]


# What will be started: the plan


def plan(folder: Path, caller: Mapping[str, str], **changes: Any) -> Plan:
    return make_plan(config(folder, **changes), caller, SECRET, lambda _line: None)


def test_parts_are_told_where_the_others_are(tmp_path: Path) -> None:
    made = plan(tmp_path, {"PATH": "/bin"}, parts=frozenset(PartName))
    assert made.started == PARTS
    told = {part.variable: made.urls[part.name] for part in PARTS if part.variable}
    told |= {"JWT_SECRET": SECRET, "KAFKA_SESSION_TIMEOUT_MS": "3000"}
    told |= {"SCHEMA_ID_CACHE_DIR": str(tmp_path / "state/schema-ids")}
    told |= {"SPOOL_DIR": str(tmp_path / "state/spool")}
    told |= {"CORS_ORIGINS": "*", "CONTRACTS_DIR": str(default_folder())}
    told |= {"DEBUGGER": "open", "DEBUGGER_APPLICATIONS": "*"}
    told |= {"API_CLICKHOUSE_URL": made.urls[PartName.CLICKHOUSE]}
    assert made.shared == told
    assert made.env == {**told, "PATH": "/bin", "PYTHONSAFEPATH": "1", "PYTHONUNBUFFERED": "1"}
    assert told["CLICKHOUSE_URL"] == f"http://127.0.0.1:{made.ports[PartName.CLICKHOUSE]}/ugc"


@pytest.mark.parametrize("part", [part for part in PARTS if part.replaceable and part.variable])
def test_a_part_whose_address_is_given_is_not_started(tmp_path: Path, part: Any) -> None:
    given = {part.variable: "somewhere else"}
    for made in (
        plan(tmp_path, given, parts=frozenset(PartName)),
        plan(tmp_path, {}, parts=frozenset(PartName), env=given),
    ):
        assert part not in made.started
        assert part.name not in made.ports
        assert made.urls[part.name] == made.shared[part.variable] == "somewhere else"
        assert made.can_be_initialised


def test_an_address_of_nothing_counts_as_not_given(tmp_path: Path) -> None:
    made = plan(tmp_path, {"REDIS_URL": " ", "JWT_SECRET": ""})
    assert PartName.REDIS in made.ports
    assert made.env["REDIS_URL"] == made.urls[PartName.REDIS]
    assert made.env["JWT_SECRET"] == SECRET


def test_tansus_session_timeout_is_not_for_a_real_kafka(tmp_path: Path) -> None:
    made = plan(tmp_path, {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"}, parts=frozenset(PartName))
    assert "KAFKA_SESSION_TIMEOUT_MS" not in made.env


def test_the_callers_settings_go_first_and_other_terminals_hear_of_them(tmp_path: Path) -> None:
    env = {"KAFKA_SESSION_TIMEOUT_MS": "9000", "JWT_SECRET": "mine", "KAFKA_TOPIC": "a"}
    env |= {"CORS_ORIGINS": "http://localhost:3000"}
    made = plan(tmp_path, env, parts=frozenset(PartName), env={"EXTRA": "1", "KAFKA_TOPIC": "b"})
    expected = {**env, "EXTRA": "1", "KAFKA_TOPIC": "b"}
    assert made.shared.items() >= expected.items()
    assert made.env.items() >= expected.items()


def test_the_config_reaches_the_command_lines(tmp_path: Path) -> None:
    wanted = StackConfig(state_dir=tmp_path, api_workers=3, etl_interval_seconds=90)
    commands = {part.name: part.command(wanted, Place(1234, tmp_path)) for part in PARTS}
    served = ["--host=127.0.0.1", "--port=1234", "--workers=3", "--local"]
    assert commands[PartName.API][-4:] == served
    assert commands[PartName.ETL][-3:] == ["etl", "schedule", "--every=90s"]
    without = StackConfig(state_dir=tmp_path)
    assert PART[PartName.ETL].command(without, Place(0, tmp_path))[-2:] == ["etl", "follow"]
    assert f"--data-dir={tmp_path}" in commands[PartName.REGISTRY]
    assert f"--data-dir={tmp_path}" in commands[PartName.CLICKHOUSE]


# Ports


def test_the_config_asks_for_ports_before_the_environment(tmp_path: Path) -> None:
    env = {"API_PORT": "1", "REDIS_PORT": " 2 ", "AUTH_PORT": ""}
    wanted = StackConfig(state_dir=tmp_path, ports={PartName.API: 3})
    assert asked_ports(wanted, env) == {PartName.API: 3, PartName.REDIS: 2}


@pytest.mark.parametrize("text", ["x", "-1", "65536", "8e3", "٣", "9" * 5_000, "tcp://10.0.0.1:1"])
def test_what_is_no_port_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="must be"):
        asked_ports(StackConfig(state_dir=tmp_path), {"API_PORT": text})


def test_a_port_that_was_asked_for_and_is_busy_is_an_error(tmp_path: Path) -> None:
    with listening_on() as busy:
        wanted = config(tmp_path, ports={**FREE_PORTS, PartName.REDIS: busy})
        with pytest.raises(PortTakenError, match=rf"port {busy} for redis is in use.*REDIS_PORT"):
            Stack.start(wanted)
    with Stack.start(wanted) as stack:
        assert stack.urls[PartName.REDIS].endswith(f":{busy}")


def test_two_parts_cannot_have_one_port() -> None:
    with pytest.raises(PortTakenError, match="port 20001 is asked for by both redis and auth"):
        choose_ports(SMALL, dict.fromkeys(SMALL, 20_001), DEFAULT_PORTS, print, is_free)


def test_default_ports_are_taken_when_they_are_free() -> None:
    with listening_on() as first, listening_on() as second:
        defaults = {PartName.REDIS: first, PartName.AUTH: second}
    said: list[str] = []
    assert choose_ports(SMALL, {}, defaults, said.append, is_free) == defaults
    assert said == []


def test_a_busy_default_port_is_replaced_and_told() -> None:
    said: list[str] = []
    with listening_on() as busy:
        chosen = choose_ports({PartName.AUTH}, {}, {PartName.AUTH: busy}, said.append, is_free)
        assert is_free(chosen[PartName.AUTH])
    assert said == [f"port {busy} is in use, auth listens on {chosen[PartName.AUTH]}"]


def test_a_default_port_that_another_part_asks_for_is_left_to_it() -> None:
    with listening_on() as free:
        defaults = dict.fromkeys(SMALL, free)
    said: list[str] = []
    chosen = choose_ports(SMALL, {PartName.AUTH: free}, defaults, said.append, is_free)
    assert chosen[PartName.AUTH] == free
    assert said == [f"port {free} is in use, redis listens on {chosen[PartName.REDIS]}"]


def test_any_free_port_is_none_that_outgoing_connections_get() -> None:
    path = Path("/proc/sys/net/ipv4/ip_local_port_range")
    lowest = int(path.read_text().split()[0]) if path.exists() else 32_768
    chosen = choose_ports(SMALL, FREE_PORTS, DEFAULT_PORTS, print, is_free)
    assert all(1_024 < found < lowest for found in chosen.values())


@pytest.mark.skipif(sys.platform != "linux", reason="a claim is Linux's")
def test_two_stacks_that_start_at_once_do_not_get_one_port() -> None:
    with listening_on() as free:
        defaults = {PartName.AUTH: free}
    said: list[str] = []
    with contextlib.closing(Claims()) as one, contextlib.closing(Claims()) as other:
        first = choose_ports({PartName.AUTH}, {}, defaults, print, one.take)
        second = choose_ports({PartName.AUTH}, {}, defaults, said.append, other.take)
        assert first == defaults
        assert second != defaults
        assert said == [f"port {free} is in use, auth listens on {second[PartName.AUTH]}"]
    with contextlib.closing(Claims()) as later:
        assert choose_ports({PartName.AUTH}, {}, defaults, print, later.take) == defaults


# One child process


def test_a_program_that_ignores_sigterm_is_killed_after_its_grace(tmp_path: Path) -> None:
    with ignoring_sigterm(tmp_path) as child:
        started = time.monotonic()
        child.stop(grace_seconds=0.3, in_a_hurry=lambda: False)
        assert 0.3 <= time.monotonic() - started < DEADLINE_SECONDS
        assert child.exit_code() == -signal.SIGKILL


def test_a_hurry_ends_the_grace(tmp_path: Path) -> None:
    with ignoring_sigterm(tmp_path) as child:
        child.stop(grace_seconds=600, in_a_hurry=lambda: True)
        assert child.exit_code() == -signal.SIGKILL


def test_a_program_that_ends_takes_along_what_it_has_started(tmp_path: Path) -> None:
    child = Child(["sh", "-c", "sleep 600 & exit 7"], os.environ, tmp_path / "log")
    try:
        wait_for(lambda: child.exit_code() is not None)
        wait_for(lambda: not session(child.pid))
        assert child.exit_code() == 7
    finally:
        child.kill()


def test_only_the_end_of_a_log_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_bytes(b"\xff" * 200_000 + b"\n" + b"".join(b"%d\n" % n for n in range(50)))
    assert [line.strip() for line in last_lines(log).splitlines()] == [
        str(n) for n in range(30, 50)
    ]


@contextlib.contextmanager
def ignoring_sigterm(folder: Path) -> Iterator[Child]:
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print(1); time.sleep(600)"
    log = folder / "log"
    child = Child([sys.executable, "-uc", program], os.environ, log)
    try:
        wait_for(lambda: log.read_text() == "1\n")
        yield child
    finally:
        child.kill()


# A running stack


def test_parts_are_ready_found_and_gone_afterwards(tmp_path: Path) -> None:
    said: list[str] = []
    with Stack.start(config(tmp_path), said.append) as stack:
        info = info_of(tmp_path)
        assert info.supervisor == os.getpid()
        assert info.urls == stack.urls
        assert info.env["REDIS_URL"] == stack.env["REDIS_URL"] == stack.urls[PartName.REDIS]
        assert info.pids == {name: stack.pid(name) for name in SMALL}
        assert PROBES[PartName.REDIS](port(stack.urls[PartName.REDIS]))
        sessions = [stack.pid(name) for name in SMALL]
        assert all(map(session, sessions))
    assert not any(map(session, sessions))
    assert running_stack(tmp_path / "state") is None
    assert said == ["starting redis", "starting auth", "stopping auth", "stopping redis"]


def test_kafka_can_be_asked_for_its_topics(tmp_path: Path) -> None:
    with Stack.start(config(tmp_path, frozenset({PartName.KAFKA}))) as stack:
        admin = AdminClient({"bootstrap.servers": stack.env["KAFKA_BOOTSTRAP_SERVERS"]})
        assert admin.list_topics(timeout=DEADLINE_SECONDS).topics == {}


def test_redis_keeps_what_it_was_told_over_a_restart_of_the_stack(tmp_path: Path) -> None:
    with Stack.start(config(tmp_path)) as stack:
        assert redis_says(stack, b"SET k v\r\n") == b"+OK\r\n"
        assert redis_says(stack, b"CONFIG GET maxmemory-policy\r\n").endswith(b"noeviction\r\n")
        secret = stack.env["JWT_SECRET"]
    with Stack.start(config(tmp_path)) as stack:
        assert redis_says(stack, b"GET k\r\n") == b"$1\r\nv\r\n"
        assert stack.env["JWT_SECRET"] == secret
    assert (tmp_path / "state/logs/redis.log.1").exists()


def redis_says(stack: Stack, command: bytes) -> bytes:
    address = ("127.0.0.1", port(stack.urls[PartName.REDIS]))
    with socket.create_connection(address, timeout=DEADLINE_SECONDS) as connection:
        connection.sendall(command)
        return connection.recv(1024)


def test_only_the_owner_can_read_the_secret(stack: Stack) -> None:
    assert len(stack.env["JWT_SECRET"]) == 64
    for name in ("jwt.secret", "stack.json"):
        assert (stack.config.state_dir / name).stat().st_mode & 0o077 == 0


def test_a_second_stack_on_the_same_folder_is_refused(stack: Stack, tmp_path: Path) -> None:
    with pytest.raises(AlreadyRunningError, match=f"already .process {os.getpid()}."):
        Stack.start(stack.config)
    assert stack.dead_parts() == {}
    assert info_of(tmp_path).pids == {name: stack.pid(name) for name in SMALL}


def test_a_killed_part_is_noticed_and_can_be_started_again(stack: Stack) -> None:
    first, url = stack.pid(PartName.AUTH), stack.urls[PartName.AUTH]
    assert len(session(first)) > 1
    os.kill(first, signal.SIGKILL)
    wait_for(lambda: list(stack.dead_parts()) == [PartName.AUTH])
    wait_for(lambda: not session(first))  # its workers would have gone on serving
    stack.start_part(PartName.AUTH)
    assert stack.dead_parts() == {}
    assert httpx2.get(f"{url}/health").status_code == 200


def test_parts_can_be_stopped_killed_and_started(stack: Stack, tmp_path: Path) -> None:
    for end in (stack.stop_part, stack.kill_part):
        leader = stack.pid(PartName.AUTH)
        end(PartName.AUTH)
        wait_for(lambda: not session(leader))  # noqa: B023 - used at once
        assert stack.dead_parts() == {}
        assert info_of(tmp_path).pids == {"redis": stack.pid(PartName.REDIS)}
        with pytest.raises(PartStateError, match="auth does not run"):
            end(PartName.AUTH)
        stack.start_part(PartName.AUTH)
        assert info_of(tmp_path).pids == {name: stack.pid(name) for name in SMALL}
    with pytest.raises(PartStateError, match="auth runs already"):
        stack.start_part(PartName.AUTH)
    with pytest.raises(PartStateError, match="kafka is not a part of this stack"):
        stack.start_part(PartName.KAFKA)


def test_a_paused_part_answers_again_after_it_is_resumed(stack: Stack) -> None:
    stack.pause_part(PartName.REDIS)
    assert not PROBES[PartName.REDIS](port(stack.urls[PartName.REDIS]))
    stack.resume_part(PartName.REDIS)
    wait_for(lambda: PROBES[PartName.REDIS](port(stack.urls[PartName.REDIS])))


def test_paused_parts_stop_in_good_order_and_at_once(stack: Stack) -> None:
    for name in SMALL:
        stack.pause_part(name)
    stack.stop()
    assert "ready to exit, bye bye" in stack.log("redis").read_text()
    assert "Killing" not in stack.log("auth").read_text()


@pytest.mark.parametrize(
    ("part", "answer", "ready"),
    [
        (PartName.REDIS, b"+PONG\r\n", True),
        (PartName.REDIS, b"-LOADING Redis is loading the dataset in memory\r\n", False),
        (PartName.API, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (PartName.API, b"HTTP/1.1 503 Not ready\r\nContent-Length: 0\r\n\r\n", False),
        (PartName.API, b"something else\r\n\r\n", False),
        (PartName.API, b"", False),
    ],
)
def test_a_part_is_ready_when_it_says_so(part: PartName, answer: bytes, ready: bool) -> None:
    def serve_once() -> None:
        with server.accept()[0] as connection:
            connection.recv(1024)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        serving = threading.Thread(target=serve_once)
        serving.start()
        assert PROBES[part](server.getsockname()[1]) is ready
        serving.join(DEADLINE_SECONDS)


@pytest.mark.parametrize("part", DEFAULT_PORTS)
def test_a_part_that_is_not_there_is_not_ready(part: PartName) -> None:
    with listening_on() as closed:
        pass
    assert not PROBES[part](closed)


# Starts that fail


def test_a_part_that_dies_at_the_start_shows_its_log_and_nothing_is_left(tmp_path: Path) -> None:
    lines = "for n in $(seq 30); do echo line $n; done; exit 3"
    parts = (PartName.KAFKA, PartName.REDIS)
    with foreground(tmp_path, *parts, env=script(tmp_path, lines)) as (process, output):
        assert process.wait(DEADLINE_SECONDS) == 1
        text = output.read_text()
    assert "kafka ended with code 3" in text
    assert [word for word in ("line 10", "line 11", "line 30") if f"    {word}\n" in text] == [
        "line 11",
        "line 30",
    ]
    assert "starting redis" not in text
    assert not (tmp_path / "state/stack.json").exists()


def test_an_earlier_part_that_dies_meanwhile_is_the_one_that_is_blamed(tmp_path: Path) -> None:
    program = LISTEN_UNTIL.format(sign=tmp_path / "state/logs/auth.log")
    env = script(tmp_path, f"exec {sys.executable} -c '{program}' \"$@\"")
    with foreground(tmp_path, PartName.KAFKA, PartName.AUTH, env=env) as (process, output):
        assert process.wait(DEADLINE_SECONDS) == 1
        text = output.read_text()
    assert "starting auth" in text
    assert "kafka ended with code 4" in text


LISTEN_UNTIL = """
import os, socket, sys, time
port = int(sys.argv[2].strip("/").rpartition(":")[2])
with socket.create_server(("127.0.0.1", port)):
    while not os.path.exists("{sign}"):
        time.sleep(0.01)
sys.exit(4)
"""


def test_a_part_that_is_not_ready_in_time_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(PartFailedError, match=r"auth was not ready within 0\.05 s"):
        Stack.start(config(tmp_path, frozenset({PartName.AUTH}), start_seconds=0.05))
    assert running_stack(tmp_path / "state") is None


def test_a_missing_server_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALF_TANSU_BIN", str(tmp_path / "nowhere"))
    with pytest.raises(PartMissingError, match="no Kafka broker to start"):
        Stack.start(config(tmp_path, frozenset({PartName.KAFKA})))


def test_a_program_that_is_none_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in script(tmp_path, "").items():
        monkeypatch.setenv(name, value)
    (tmp_path / "broker").write_bytes(b"\x00")
    with pytest.raises(PartFailedError, match=r"kafka cannot be started: .*Exec format error"):
        Stack.start(config(tmp_path, frozenset({PartName.KAFKA})))


def test_an_initialisation_that_fails_is_shown(tmp_path: Path) -> None:
    elsewhere = {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
        "CLICKHOUSE_URL": "http://127.0.0.1:1/ugc",
        "KAFKA_PARTITIONS": "many",
    }
    with pytest.raises(PartFailedError, match=r"init ended with code 78(.|\n)*KAFKA_PARTITIONS"):
        Stack.start(config(tmp_path, frozenset(), env=elsewhere))


@pytest.mark.parametrize("text", ["", "[]", '{"supervisor": 1}', "{"])
def test_a_broken_list_of_parts_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state/stack.json").write_text(text)
    for ask in (lambda: running_stack(tmp_path / "state"), lambda: Stack.start(config(tmp_path))):
        with pytest.raises(StateFolderError, match=r"stack\.json cannot be read"):
            ask()


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StateFolderError, match="state cannot be used"):
        Stack.start(config(tmp_path))


# What a killed supervisor leaves


def test_nothing_is_left_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with foreground(tmp_path, *SMALL) as (process, output):
        wait_for_text(output, "Ctrl-C stops everything")
        info = info_of(tmp_path)
        assert info.pids.keys() == SMALL
        process.kill()
        process.wait()
        wait_for(lambda: not any(map(session, info.pids.values())))
    assert running_stack(tmp_path / "state") is None
    with Stack.start(config(tmp_path)) as stack:  # the old list of parts does no harm
        assert stack.dead_parts() == {}


def test_workers_without_their_server_are_stopped_at_the_next_start(tmp_path: Path) -> None:
    with foreground(tmp_path, PartName.AUTH) as (process, output):
        wait_for_text(output, "Ctrl-C stops everything")
        server = info_of(tmp_path).pids["auth"]
        os.killpg(server, signal.SIGSTOP)  # so that it cannot stop its workers
        process.kill()
        process.wait()
    os.kill(server, signal.SIGKILL)
    workers = session(server) - {server}
    assert workers
    said: list[str] = []
    with Stack.start(config(tmp_path), said.append):
        assert not session(server) & workers
    assert said[0] == "stopped what a killed stack had left running: auth"


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another"}])
def test_a_pid_that_now_belongs_to_another_process_is_left_alone(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    with Stack.start(config(tmp_path, frozenset({PartName.REDIS}))):
        document = json.loads((tmp_path / "state/stack.json").read_text())
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as stranger:
        try:
            started = change.get("started", start_time(stranger.pid))
            document |= {"boot": change.get("boot", document["boot"])}
            document |= {"supervisor": stranger.pid, "pids": {"redis": stranger.pid}}
            document |= {"started": {str(stranger.pid): started}}
            (tmp_path / "state/stack.json").write_text(json.dumps(document))
            assert running_stack(tmp_path / "state") is None
            said: list[str] = []
            with Stack.start(config(tmp_path, frozenset({PartName.REDIS})), said.append):
                assert stranger.poll() is None
            assert said[0] == "starting redis"
        finally:
            stranger.kill()


def start_time(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


# Until Ctrl-C


def test_a_dead_part_runs_again_and_a_signal_stops_everything(tmp_path: Path) -> None:
    given = {"REDIS_URL": "redis://:hidden@elsewhere:1"}
    with foreground(tmp_path, *SMALL, env=given) as (process, output):
        wait_for_text(output, "Ctrl-C stops everything")
        info = info_of(tmp_path)
        assert info.urls["auth"] in output.read_text()
        assert "redis://***@elsewhere:1" in output.read_text()
        assert info.env["REDIS_URL"] == given["REDIS_URL"]
        os.kill(info.pids["auth"], signal.SIGKILL)
        wait_for_text(output, "auth runs again")
        again = info_of(tmp_path).pids["auth"]
        assert again != info.pids["auth"]
        process.terminate()
        assert process.wait(DEADLINE_SECONDS) == 0
    assert not session(again)
    assert running_stack(tmp_path / "state") is None
    text = output.read_text()
    assert text.endswith("stopping auth\nstopped\n")
    assert "starting redis" not in text
    assert "hidden" not in text


def test_a_second_ctrl_c_kills_at_once(tmp_path: Path) -> None:
    with foreground(tmp_path, *SMALL) as (process, output):
        wait_for_text(output, "Ctrl-C stops everything")
        info = info_of(tmp_path)
        auth = info.urls["auth"]
        httpx2.put(f"{auth}/faults", json={"mode": "slow", "delay_seconds": 60})
        with held_back(f"{auth}/api/v1/auth/verify"):
            process.send_signal(signal.SIGINT)
            wait_for_text(output, "stopping auth")
            with pytest.raises(subprocess.TimeoutExpired):  # it waits for the answer
                process.wait(0.5)
            process.send_signal(signal.SIGINT)
            assert process.wait(DEADLINE_SECONDS) == 130
    assert not any(map(session, info.pids.values()))
    assert running_stack(tmp_path / "state") is None


@contextlib.contextmanager
def held_back(url: str) -> Iterator[None]:
    """A request that the server works on meanwhile."""
    sent = threading.Event()

    def ask() -> None:
        address = httpx2.URL(url)
        body = b'{"token": "x"}'
        head = f"POST {address.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection((address.host, address.port or 0)) as connection:
            connection.sendall(head.encode() + body)
            sent.set()
            with contextlib.suppress(ConnectionError):
                connection.recv(1024)

    asking = threading.Thread(target=ask)
    asking.start()
    assert sent.wait(DEADLINE_SECONDS)
    try:
        yield
    finally:
        asking.join(DEADLINE_SECONDS)
        assert not asking.is_alive()


def test_ctrl_c_while_a_part_starts_stops_everything(tmp_path: Path) -> None:
    never_ready = script(tmp_path, "exec sleep 600")
    with foreground(tmp_path, PartName.KAFKA, env=never_ready) as (process, output):
        wait_for(lambda: "kafka" in getattr(running_stack(tmp_path / "state"), "pids", {}))
        info = info_of(tmp_path)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 0
    assert not session(info.pids["kafka"])
    assert output.read_text().endswith("gave up waiting for a part\nstopped\n")


def test_the_stack_ends_when_kafka_has_lost_its_memory(tmp_path: Path) -> None:
    with foreground(tmp_path, PartName.KAFKA, PartName.REDIS) as (process, output):
        wait_for_text(output, "Ctrl-C stops everything")
        info = info_of(tmp_path)
        os.kill(info.pids["kafka"], signal.SIGKILL)
        assert process.wait(DEADLINE_SECONDS) == 1
    assert "kafka has ended and with it all that it kept in memory" in output.read_text()
    assert not session(info.pids["redis"])


LISTENS_AND_HAS_A_WRONG_SETTING = f"""exec {sys.executable} -c '
import signal, socket, sys
port = int(sys.argv[2].rpartition(":")[2].strip("/"))
with socket.create_server(("127.0.0.1", port)):
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(78))
    while True:
        signal.pause()
' "$@"
"""


def test_a_part_with_a_wrong_setting_is_not_started_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in script(tmp_path, LISTENS_AND_HAS_A_WRONG_SETTING).items():
        monkeypatch.setenv(name, value)
    with Stack.start(config(tmp_path, frozenset({PartName.KAFKA}))) as stack:
        watch = Watch(stack, RestartPolicy(), lambda _line: None)
        os.kill(stack.pid(PartName.KAFKA), signal.SIGUSR1)
        with pytest.raises(PartMisconfiguredError, match="kafka ended with code 78"):
            watch.until(lambda: False)


@pytest.mark.parametrize("code", [2, 78])
def test_a_wrong_setting_of_a_part_is_one_of_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    for name, value in script(tmp_path, f"exit {code}").items():
        monkeypatch.setenv(name, value)
    with pytest.raises(PartMisconfiguredError) as refused:
        Stack.start(config(tmp_path, frozenset({PartName.KAFKA})))
    assert exit_code(refused.value) == 78


def test_what_the_parts_write_is_for_their_owner_alone(tmp_path: Path) -> None:
    """Redis's append-only file holds what visitors sent, and so do logs and tables."""
    before = os.umask(0o022)
    try:
        with Stack.start(config(tmp_path, frozenset({PartName.REDIS}))) as stack:
            folder = stack.config.state_dir
            written = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
            assert folder / "redis/appendonly.aof" in written
            assert [path for path in written if path.stat().st_mode & 0o077] == []
    finally:
        os.umask(before)


def test_a_part_that_dies_too_often_is_given_up(stack: Stack) -> None:
    (stack.config.state_dir / "redis/appendonly.aof").write_text("this is no append-only file")
    stack.pause_part(PartName.AUTH)  # and is none of the watch's business
    said: list[str] = []
    watch = Watch(stack, RestartPolicy(most=2, first_pause_seconds=0.01), said.append)
    os.kill(stack.pid(PartName.REDIS), signal.SIGKILL)
    with pytest.raises(PartFailedError, match="redis ends too often"):
        watch.until(lambda: False)
    assert [line.partition(";")[0] for line in said] == [
        "redis has ended",
        "redis ended with code 1",
        "redis ended with code 1",
    ]


def test_restarts_come_slower_and_slower_and_then_not_at_all() -> None:
    policy = RestartPolicy(
        most=4, window_seconds=100, first_pause_seconds=1, longest_pause_seconds=3
    )
    restarts = Restarts(policy)
    assert [restarts.next_pause(now) for now in (0, 10, 20, 30, 40)] == [1, 2, 3, 3, None]
    assert restarts.next_pause(99) is None
    assert restarts.next_pause(100) == 3  # the first one is forgotten
    assert restarts.next_pause(101) is None
    assert restarts.next_pause(1_000) == 1


def test_a_fresh_stack_forgets_what_an_earlier_one_has_left(tmp_path: Path) -> None:
    with Stack.start(config(tmp_path)) as stack:
        secret = stack.env["JWT_SECRET"]
        (stack.config.state_dir / "redis" / "left").touch()
    again = dataclasses.replace(config(tmp_path), fresh=True)
    with Stack.start(again) as stack:
        assert stack.env["JWT_SECRET"] != secret
        assert not (stack.config.state_dir / "redis" / "left").exists()
        with pytest.raises(AlreadyRunningError):
            Stack.start(again)
        assert stack.dead_parts() == {}


def test_a_stack_that_is_to_be_alone_replaces_nothing(tmp_path: Path) -> None:
    alone = dataclasses.replace(
        config(tmp_path), alone=True, env={"REDIS_URL": "redis://elsewhere:1"}
    )
    plan = make_plan(alone, {"AUTH_SERVICE_URL": "http://elsewhere:1"}, "secret", print)
    assert {part.name for part in plan.started} == SMALL
    assert "elsewhere" not in f"{plan.urls} {plan.env['REDIS_URL']} {plan.env['AUTH_SERVICE_URL']}"
