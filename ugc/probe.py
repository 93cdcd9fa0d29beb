"""``ugc probe``: a health check for places without curl."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request

import click

from ugc.terminal import say


@click.command()
@click.argument("url")
@click.option("--timeout", "timeout_seconds", default=3.0, show_default=True, help="Seconds.")
def command(url: str, timeout_seconds: float) -> None:
    """Exit with 0 when URL answers with a 2xx status, else with 1. For container health checks."""
    if not url.startswith(("http://", "https://")):
        raise click.BadParameter("must begin with http:// or https://", param_hint="URL")
    try:
        with urllib.request.urlopen(url, timeout=timeout_seconds):  # noqa: S310 - checked above
            return
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        say(f"{url}: {error}", err=True)
        sys.exit(1)
