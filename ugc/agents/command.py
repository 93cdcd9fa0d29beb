"""``ugc mcp``: contracts, checks and figures for agents."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path

import click

from contracts.naming import Naming
from ugc.environment import current_environment, own_environment, state_dir_option
from ugc.errors import AddressError
from ugc.exits import PLAIN_EPILOG
from ugc.options import PORT
from ugc.project.folder import folder_option
from ugc.terminal import say


@click.command(epilog=PLAIN_EPILOG)
@click.option("--http", is_flag=True, help="Serve HTTP on loopback instead of standard input.")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="With --http: 127.0.0.1 or ::1."
)
@click.option(
    "--port", type=PORT, default=8765, show_default=True, help="With --http; 0: a free one."
)
@click.option("--allow-writing", is_flag=True, help="Let a tool write the files that it proposes.")
@click.option(
    "--allow-personal", is_flag=True, help="Also show the columns whose fields are marked x-pii."
)
@click.option(
    "--max-rows",
    type=click.IntRange(1, 10_000),
    default=200,
    show_default=True,
    help="Rows of one SQL answer.",
)
@click.option(
    "--max-seconds",
    type=click.IntRange(1, 300),
    default=10,
    show_default=True,
    help="Time of one SQL query.",
)
@folder_option
@state_dir_option
def command(
    http: bool,
    host: str,
    port: int,
    allow_writing: bool,
    allow_personal: bool,
    max_rows: int,
    max_seconds: int,
    folder: Path,
    state_dir: Path,
) -> None:
    """Serve tools for agents over the Model Context Protocol: on standard input, or HTTP.

    Read-only by default. A client is given the command `ugc mcp`, or the address that --http
    prints. The tools are described in docs/agents.md.

    \b
    Examples:
      ugc mcp
      ugc mcp --http --port 8765
      ugc mcp --allow-writing
    """
    from ugc.agents.changes import Changes
    from ugc.agents.contracts import Contracts
    from ugc.agents.figures import Figures
    from ugc.agents.server import PATH, Rooms, make_server, run_http, run_stdio
    from ugc.agents.sql.asking import Limits

    def environment() -> Mapping[str, str]:
        return {**current_environment(state_dir), "CONTRACTS_DIR": str(folder)}

    env = own_environment()
    contracts = Contracts(folder, Naming.from_env(env))
    contracts.catalog()  # what cannot be loaded is told to whoever starts it
    limits = Limits(rows=max_rows, seconds=max_seconds)
    server = make_server(
        Rooms(
            contracts=contracts,
            changes=Changes(contracts, env, allow_writing=allow_writing),
            figures=Figures(contracts, environment, limits, allow_personal=allow_personal),
            allow_writing=allow_writing,
            allow_personal=allow_personal,
        )
    )
    if not http:
        run_stdio(server)
        return
    listener = _listener(host, port)
    shown = f"[{host}]" if ":" in host else host
    say(f"http://{shown}:{listener.getsockname()[1]}{PATH}")
    run_http(server, listener)


def _listener(host: str, port: int) -> socket.socket:
    """
    Raises:
        NotLoopbackError: other machines could reach the address.
        AddressError: it is taken.
    """
    from ugc.agents.errors import NotLoopbackError

    try:
        is_loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise NotLoopbackError(
            f"--host {host}: the tools ask nobody who calls, so they are served on 127.0.0.1 or"
            " ::1 alone"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen()  # whoever reads the address may connect at once
    except OSError as error:
        listener.close()
        raise AddressError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return listener
