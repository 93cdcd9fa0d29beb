"""``ugc catalog``: the events as a website."""

from __future__ import annotations

import time
from pathlib import Path

import click

from contracts.naming import Naming
from ugc.environment import own_environment
from ugc.exits import PLAIN_EPILOG
from ugc.options import URL
from ugc.project.folder import judged_folder_option
from ugc.terminal import say


@click.group()
def command() -> None:
    """Make a website of the contracts; the API serves the same one under /catalog/."""


@command.command(epilog=PLAIN_EPILOG)
@click.option(
    "--out",
    "out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("catalog"),
    show_default=True,
    help="The folder to write into: an empty or new one, or an earlier catalogue.",
)
@click.option("--url", type=URL, help="Where the site will be found, for the links of its feed.")
@click.option(
    "--api", type=URL, help="Where the API is, for the examples.  [default: the local one]"
)
@judged_folder_option
def build(out: Path, url: str | None, api: str | None, folder: Path) -> None:
    """Write a site of all events: pages that need no server, no JavaScript and no other host.

    Search alone needs JavaScript. The same contracts and the same history of git give the same
    bytes. Days of changes, and the feed of them, are there where git knows them.

    \b
    Examples:
      ugc catalog build
      ugc catalog build --out public --url https://events.example.com/
    """
    from contracts.model.loader import load_catalog
    from registry.topics import TopicNames
    from ugc.catalog.about import About
    from ugc.catalog.dates import dates_of
    from ugc.catalog.site import Site
    from ugc.catalog.snippets import LOCAL_API
    from ugc.catalog.twin import INDEX
    from ugc.catalog.writing import write_site

    began = time.perf_counter()
    env = own_environment()
    naming = Naming.from_env(env)
    about = About(
        title=naming.database,
        topic=TopicNames.from_env(env).events,
        api=(api or LOCAL_API).rstrip("/"),
        url="" if url is None else url.rstrip("/") + "/",
        dates=dates_of(folder),
    )
    site = Site(load_catalog(folder, naming), about)
    written = write_site(site, out)
    seconds = time.perf_counter() - began
    say(f"{out / INDEX}: {len(site.paths)} files, {written / 1e6:.1f} MB, in {seconds:.1f} s")
