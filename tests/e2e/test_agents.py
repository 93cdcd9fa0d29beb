"""`ugc mcp` beside a running stack: what was sent is counted, and nothing personal comes out."""

from __future__ import annotations

import json
import os
import sys

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.support.stack import Running
from tests.ugc.agents.sessions import REFUSED, call

pytestmark = pytest.mark.stack

SECRET = "what only one person would ask"


def test_an_agent_sees_what_was_loaded_and_nothing_personal(running: Running) -> None:
    running.accept("search_filter", {"search_query": SECRET, "filters": "agent=yes"})
    running.load()
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "ugc", "mcp"], env={**os.environ, **running.stack.env}
    )
    view = "ugc_unique.search_filter WHERE filters = 'agent=yes'"

    async def session() -> None:
        async with Client(stdio_client(server)) as client:
            counted = await call(client, "query", sql=f"SELECT count() AS n FROM {view}")
            assert counted["rows"] == [{"n": 1}]
            shown = await call(client, "query", sql=f"SELECT * FROM {view}")
            assert len(shown["rows"]) == 1
            assert "search_query" in shown["hidden_columns"]["ugc_unique.search_filter"]
            assert SECRET not in json.dumps(shown)
            refused = await call(client, "query", sql=f"SELECT search_query FROM {view}")
            assert "marked personal" in refused[REFUSED]
            found = await call(client, "quality", since="1h")
            assert {each["check"] for each in found["findings"]} >= {"offset ranges", "freshness"}

    anyio.run(session)
