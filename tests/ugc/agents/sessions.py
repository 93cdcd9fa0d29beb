"""Sessions of the SDK's own client with a server."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import anyio
from mcp.client import Client

from contracts.naming import Naming
from ugc.agents.changes import Changes
from ugc.agents.contracts import Contracts
from ugc.agents.figures import Figures
from ugc.agents.server import Rooms, make_server
from ugc.agents.sql.asking import Limits

Call = Callable[..., Coroutine[Any, Any, Any]]

REFUSED = "refused"
"""Where an answer has the text of an error."""


def rooms(
    folder: Path,
    *,
    env: Mapping[str, str] | None = None,
    limits: Limits | None = None,
    allow_writing: bool = False,
    allow_personal: bool = False,
) -> Rooms:
    """What a server over a folder of contracts calls; ``env`` says where the parts are."""
    contracts = Contracts(folder, Naming())
    return Rooms(
        contracts=contracts,
        changes=Changes(contracts, {}, allow_writing=allow_writing),
        figures=Figures(
            contracts, lambda: env or {}, limits or Limits(), allow_personal=allow_personal
        ),
        allow_writing=allow_writing,
        allow_personal=allow_personal,
    )


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured answer of a tool, or the text of its error under ``REFUSED``."""
    answer = await client.call_tool(tool, arguments)
    if answer.is_error:
        return {REFUSED: "".join(getattr(each, "text", "") for each in answer.content)}
    assert answer.structured_content is not None
    return dict(answer.structured_content)


def ask(served: Rooms, tool: str, **arguments: Any) -> dict[str, Any]:
    """One call, in a session of its own within this process."""

    async def session() -> dict[str, Any]:
        async with Client(make_server(served)) as client:
            return await call(client, tool, **arguments)

    return anyio.run(session)
