"""``ugc tail``: events as they come, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from ugc.environment import current_environment, require, state_dir_option
from ugc.exits import EPILOG
from ugc.options import URL

_OUTCOMES = ("accepted", "duplicate", "rejected")


@click.command(epilog=EPILOG)
@click.option("--tag", help="Only events that were sent with this X-UGC-Debug.")
@click.option("--event", help="Only events of this name.")
@click.option("--outcome", type=click.Choice(_OUTCOMES), help="Only events that became this.")
@click.option("--application", help="Only events of this application.")
@click.option(
    "--from-start", is_flag=True, help="Begin with what is recorded already, the oldest first."
)
@click.option("--once", is_flag=True, help="Print what is recorded already, and end.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document for each event.")
@click.option(
    "--key",
    envvar="DEBUGGER_KEY",
    help="The key of a debugger that asks for one.  [default: DEBUGGER_KEY]",
)
@click.option(
    "--api-url", type=URL, help="Address of the API; that of the local stack when left out."
)
@state_dir_option
def command(
    tag: str | None,
    event: str | None,
    outcome: str | None,
    application: str | None,
    from_start: bool,
    once: bool,
    as_json: bool,
    key: str | None,
    api_url: str | None,
    state_dir: Path,
) -> None:
    """Print events as the API answers them, and why it rejects one, until Ctrl-C.

    It is the page /debug of the API for the terminal. A broken connection is told and made anew,
    and nothing is missed meanwhile. Personal values are shown as ***.

    Exit code 78 when that API has no debugger (DEBUGGER), or wants another key.
    """
    from ugc.tail.listening import Listener

    url = api_url or require(current_environment(state_dir), "UGC_API_URL")
    filters = {"tag": tag, "event": event, "outcome": outcome, "application": application}
    asked = {name: value for name, value in filters.items() if value}
    listener = Listener(url, asked, key=key, as_json=as_json)
    if once:
        listener.print_recorded()
    else:
        listener.run(after="0" if from_start else None)
