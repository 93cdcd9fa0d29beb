"""``ugc registry``: update a Schema Registry, print schemas, serve a registry."""

from __future__ import annotations

import os
from pathlib import Path

import click

from registry.options import SubjectStrategy
from ugc.environment import current_environment, require, state_dir_option
from ugc.exits import EPILOG, PLAIN_EPILOG
from ugc.options import PORT
from ugc.project.folder import folder_option, judged_folder_option
from ugc.terminal import say
from ugc.wiring import own_catalog, own_naming


@click.group()
def command() -> None:
    """Update a Schema Registry, print schemas, serve a registry."""


@command.command(epilog=PLAIN_EPILOG)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=PORT, default=8081, show_default=True, help="Port to listen on.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="Folder that keeps subjects and schemas.",
)
def serve(host: str, port: int, data_dir: Path) -> None:
    """Speak Confluent's REST API until SIGTERM or Ctrl-C."""
    from ugc.local.registry.store import SchemaStore
    from ugc.serving import serve as serve_wsgi

    SchemaStore(data_dir).close()  # a worker that cannot start is started again and again

    os.environ["REGISTRY_DATA_DIR"] = str(data_dir)
    serve_wsgi("ugc.local.registry.wsgi:create_from_env", host=host, port=port)


@command.command(epilog=EPILOG)
@click.option("--dry-run", is_flag=True, help="Say what is to be done, and do nothing.")
@click.option(
    "--strategy",
    type=click.Choice([each.value for each in SubjectStrategy]),
    help="How subjects are named.  [default: SCHEMA_SUBJECT_STRATEGY, else record]",
)
@judged_folder_option
@state_dir_option
def sync(dry_run: bool, strategy: str | None, folder: Path, state_dir: Path) -> None:
    """Register what is missing, set compatibility, and tell what no contract explains.

    Exit code 1 when the registry has such a thing (drift). Running it again is harmless.
    """
    from ugc.registry.actions import sync_registry

    env = {**current_environment(state_dir)}
    if strategy is not None:
        env["SCHEMA_SUBJECT_STRATEGY"] = strategy
    url = require(env, "SCHEMA_REGISTRY_URL")
    sync_registry(url, env, folder, dry_run=dry_run, say=say)


_FILE = click.Path(dir_okay=False, path_type=Path)


@command.command(epilog=EPILOG)
@click.argument("file", type=_FILE)
@state_dir_option
def save(file: Path, state_dir: Path) -> None:
    """Write this project's subjects, with their ids, into FILE.

    Messages name their schema by its id alone, so keep such a file beside the backups of Kafka, and
    write it anew after each roll-out of contracts.
    """
    from ugc.registry.actions import save_registry

    env = current_environment(state_dir)
    save_registry(require(env, "SCHEMA_REGISTRY_URL"), env, file, say)


@command.command(epilog=EPILOG)
@click.argument("file", type=_FILE)
@click.option("--dry-run", is_flag=True, help="Say what is to be done, and do nothing.")
@state_dir_option
def restore(file: Path, dry_run: bool, state_dir: Path) -> None:
    """Put back what the registry lacks of FILE, with the same ids.

    Before `ugc init` or a start of the API, which would register schemas under ids of their own.
    Where a subject or an id is taken by something else, nothing is done. The registry has to allow
    the mode IMPORT for a subject.
    """
    from ugc.registry.actions import restore_registry

    env = current_environment(state_dir)
    url = require(env, "SCHEMA_REGISTRY_URL")
    restore_registry(url, env, file, dry_run=dry_run, say=say)


@command.command(epilog=PLAIN_EPILOG)
@click.option("--check", is_flag=True, help="Only say whether the file is right.")
@judged_folder_option
def lock(check: bool, folder: Path) -> None:
    """Write the lock file of the contracts, or compare it with them.

    Exit code 1 when --check finds a difference.
    """
    from ugc.registry.actions import check_lock, write_lock

    (check_lock if check else write_lock)(folder, own_naming(), say)


@command.command(epilog=PLAIN_EPILOG)
@click.argument("event", metavar="EVENT[@N]")
@folder_option
def avro(event: str, folder: Path) -> None:
    """Print the Avro schema of a contract's messages.

    \b
    Examples:
      ugc registry avro order_placed
      ugc registry avro order_placed@1
    """
    import json

    from registry.avro import avro_schema
    from ugc.project.folder import contract_named

    catalog = own_catalog(folder)
    schema = avro_schema(catalog, contract_named(catalog, event))
    say(json.dumps(schema, indent=2, ensure_ascii=False))
