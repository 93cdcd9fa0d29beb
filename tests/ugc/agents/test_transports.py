"""`ugc mcp` as a client starts it or connects to it: the SDK's own client over both transports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.support.contract_folder import copy_of_contracts
from tests.ugc.agents.sessions import REFUSED, call

TOOLS = [
    *("list_contracts", "search_contracts", "show_contract", "validate_payload"),
    *("sample_payloads", "explain_rejection", "dictionary", "lint_contracts", "check_change"),
    *("propose_event", "quality", "query"),
]
PASSWORD = "very-secret-password"
TOKENS = {"JWT_SECRET": "very-secret-token"}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    contracts = copy_of_contracts(tmp_path)
    return {
        **os.environ,
        **TOKENS,
        "CONTRACTS_DIR": str(contracts),
        # Nobody listens there.
        "CLICKHOUSE_URL": f"http://ugc:{PASSWORD}@127.0.0.1:9/ugc",
    }


async def a_session(client: Client) -> None:
    """What an agent would do: look around, try a payload, ask, propose."""
    assert [tool.name for tool in (await client.list_tools()).tools] == TOOLS
    events = (await call(client, "list_contracts"))["contracts"]
    assert "element_click" in {each["event"] for each in events}
    made = await call(client, "sample_payloads", event="element_click", seed=1)
    payload = made["samples"][0]["payload"]
    told = await call(client, "validate_payload", event="element_click", payload=payload)
    assert told["valid"]
    assert REFUSED in await call(client, "show_contract", event="no_such_event")
    assert REFUSED in await call(client, "propose_event", event="x_seen", owner="ugc", write=True)
    away = json.dumps(await call(client, "query", sql="SELECT 1"))
    assert "127.0.0.1" in away
    for secret in (PASSWORD, *TOKENS.values()):
        assert secret not in away


def test_a_client_starts_it_on_standard_input(environment: dict[str, str]) -> None:
    started = StdioServerParameters(
        command=sys.executable, args=["-m", "ugc", "mcp"], env=environment
    )

    async def session() -> None:
        async with Client(stdio_client(started)) as client:
            await a_session(client)

    anyio.run(session)


@contextmanager
def served(environment: dict[str, str], host: str = "127.0.0.1") -> Iterator[str]:
    """The address of a server of our own."""
    command = [sys.executable, "-m", "ugc", "mcp", "--http", "--port", "0", "--host", host]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


def test_a_client_connects_over_http(environment: dict[str, str]) -> None:
    async def session(address: str) -> None:
        async with Client(address) as client:
            await a_session(client)

    with served(environment) as address:
        assert address.startswith("http://127.0.0.1:")
        anyio.run(session, address)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
@pytest.mark.parametrize("header", [("Origin", "http://evil.example"), ("Host", "evil.example")])
def test_a_page_of_another_site_cannot_call_it(
    header: tuple[str, str], host: str, environment: dict[str, str]
) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
    with served(environment, host) as address:
        request = urllib.request.Request(
            address, json.dumps(body).encode(), {**headers, header[0]: header[1]}
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=30)
        refused.value.close()
        assert refused.value.code in (403, 421)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.com", "10.0.0.1"])
def test_it_is_served_on_loopback_alone(host: str, environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ugc", "mcp", "--http", "--host", host],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "127.0.0.1 or ::1" in done.stderr
