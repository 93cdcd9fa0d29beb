"""``ugc probe``: a health check for places without curl."""

from __future__ import annotations

import http.client
import sys
import urllib.request

import click

from ugc.exits import PLAIN_EPILOG
from ugc.options import URL, Seconds
from ugc.terminal import say


@click.command(epilog=PLAIN_EPILOG)
@click.argument("url", type=URL)
@click.option(
    "--timeout",
    "timeout_seconds",
    type=Seconds(above_zero=True),
    default=3.0,
    show_default=True,
    help="Seconds.",
)
def command(url: str, timeout_seconds: float) -> None:
    """Exit with 0 when URL answers with a 2xx status, else with 1. For container health checks."""
    try:
        with urllib.request.urlopen(url, timeout=timeout_seconds):  # noqa: S310 - URL is HTTP
            return
    except (OSError, http.client.HTTPException) as error:
        say(f"{url}: {error}", err=True)
        sys.exit(1)
