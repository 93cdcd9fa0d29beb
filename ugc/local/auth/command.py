"""``ugc auth``: the stand-in for auth_service on the local stack."""

from __future__ import annotations

from pathlib import Path

import click

from ugc.environment import current_environment, require, state_dir_option
from ugc.terminal import say


@click.group()
def command() -> None:
    """The auth_service stand-in of the local stack."""


@command.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(1, 65_535),
    default=8001,
    show_default=True,
    help="Port to listen on.",
)
def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or Ctrl-C. JWT_SECRET is the key that tokens are signed with."""
    from ugc.serving import serve as serve_wsgi

    serve_wsgi("ugc.local.auth.wsgi:create_from_env", host=host, port=port)


@command.command()
@click.option("--user-id", help="UUID of the user; a new one when left out.")
@state_dir_option
def token(user_id: str | None, state_dir: Path) -> None:
    """Print a token that the stand-in has issued."""
    from ugc.local.auth.client import demo_token

    env = current_environment(state_dir)
    say(demo_token(require(env, "AUTH_SERVICE_URL"), user_id).token)
