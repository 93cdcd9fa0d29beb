"""``ugc asyncapi``: the document of the topic."""

from __future__ import annotations

from pathlib import Path

import click

from ugc.environment import current_environment, state_dir_option
from ugc.terminal import say


@click.command()
@click.option("--topic", help="The topic.  [default: KAFKA_TOPIC, else ugc.events]")
@state_dir_option
def command(topic: str | None, state_dir: Path) -> None:
    """Print an AsyncAPI 3 document of the topic, made from the contracts.

    \b
    Example:
      ugc asyncapi > docs/asyncapi.json
    """
    import json

    from registry.asyncapi import asyncapi_document
    from registry.options import RegistryOptions
    from registry.topics import TopicNames
    from ugc.wiring import catalog_from

    env = current_environment(state_dir)
    document = asyncapi_document(
        catalog_from(env),
        topic=topic or TopicNames.from_env(env).events,
        strategy=RegistryOptions.from_env(env).strategy,
    )
    say(json.dumps(document, indent=2, ensure_ascii=False))
