"""The pages of ``docs/reference``, made of the code. Each function gives one page as Markdown."""

from __future__ import annotations

import copy
import importlib
import re
from collections.abc import Iterator
from typing import Any

import click
from prometheus_client import CollectorRegistry

from api.docs import openapi
from api.telemetry.metrics import Metrics as ApiMetrics
from contracts.model.loader import Catalog
from etl.metrics import Metrics as LoaderMetrics
from ugc.catalog.reason_page import reason_rows
from ugc.cli import ugc

WIDTH = 96

SETTINGS = {
    "Topics": "registry.topics",
    "Keys of messages": "registry.keys",
    "Kafka": "registry.kafka_servers",
    "Schema Registry": "registry.options",
    "Names": "contracts.naming",
    "API": "api.config",
    "Loader": "etl.config",
    "`ugc init`": "ugc.init.run",
    "Stand-in of auth_service": "ugc.local.auth.wsgi",
}
"""Title → the module that reads them, in whose docstring they stand as a table."""

_MADE = "This page is generated from the code (`make generate`); a test keeps it equal.\n"


def commands() -> Iterator[click.Context]:
    """Every command that is not hidden, as it is asked for help; groups before what is in them."""

    def below(context: click.Context) -> Iterator[click.Context]:
        yield context
        if isinstance(context.command, click.Group):
            for word in context.command.list_commands(context):
                found = context.command.get_command(context, word)
                assert found is not None
                if not found.hidden:
                    yield from below(asked(found, word, context))

    return below(asked(ugc, "ugc", None))


def asked(command: click.Command, word: str, parent: click.Context | None) -> click.Context:
    """What its help is made in; the parent's settings hold, as they do on the command line.

    Click keeps a command's help option as it was first asked for; whoever ran the command without
    its parent was given one without ``-h``. So the option is made anew, in a copy.
    """
    own = copy.copy(command)
    own._help_option = None
    return click.Context(
        own,
        parent=parent,
        info_name=word,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        **command.context_settings,
    )


def cli_page() -> str:
    """What ``--help`` of every command says."""
    parts = ["# Command line\n", "What `--help` of every command says. " + _MADE]
    for context in commands():
        name = context.command_path
        mark = "##" if name.count(" ") < 2 else "###"
        text = context.command.get_help(context).rstrip()
        parts.append(f"{mark} {name}\n\n```text\n{text}\n```\n")
    return "\n".join(parts)


def settings_of(module: str) -> dict[str, str]:
    """Variable → meaning: the table in a module's docstring, in Markdown."""
    text = importlib.import_module(module).__doc__ or ""
    _, body = re.split(r"^=[= ]+\nvariable .*\n=[= ]+\n", text, maxsplit=1, flags=re.MULTILINE)
    rows = re.split(r"^=[= ]+$", body, maxsplit=1, flags=re.MULTILINE)[0]
    found: dict[str, str] = {}
    name = ""
    for line in rows.splitlines():
        first, _, rest = line.partition(" ")
        if first:
            name = first
            found[name] = rest.strip()
        else:
            found[name] += f" {line.strip()}"
    return {name: _markdown(meaning) for name, meaning in found.items()}


def _markdown(text: str) -> str:
    text = re.sub(r":mod:`([^`]+)`", r"`\1`", text.replace("``", "`"))
    return text.replace("|", "\\|")


def settings_page() -> str:
    """Every variable, by who reads it."""
    parts = [
        "# Settings\n",
        "Settings are environment variables; in parentheses stands what holds where one is not"
        " set. Passwords\nand secrets of Kafka may stand in a file that `<NAME>_FILE` names. Some"
        " settings stand in `ugc.toml` too ([a project of your own](../own-project.md)), and"
        "\n`deploy/ugc.env` has them all as a file to begin with. " + _MADE,
    ]
    for title, module in SETTINGS.items():
        rows = "\n".join(f"| `{name}` | {text} |" for name, text in settings_of(module).items())
        parts.append(f"## {title}\n\n| variable | meaning (default) |\n|---|---|\n{rows}\n")
    return "\n".join(parts)


def metrics_of(registry: CollectorRegistry) -> Iterator[tuple[str, str, tuple[str, ...], str]]:
    """Name as it is scraped, type, labels, help."""
    collectors: Any = registry._collector_to_names
    for collector in collectors:
        (metric,) = collector.describe()
        name = metric.name + ("_total" if metric.type == "counter" else "")
        yield name, metric.type, tuple(collector._labelnames), metric.documentation.rstrip(".")


def metrics_page() -> str:
    """Every metric of the API and the loader."""
    parts = [
        "# Metrics\n",
        "Prometheus's text format: the API's at `/metrics`, the loader's at `--metrics-port` of"
        " `ugc etl follow`\nand `schedule`. What they mean together, and the alerts on them:"
        " [operations](../operations.md). " + _MADE,
    ]
    for title, registry in (("API", ApiMetrics().registry), ("Loader", LoaderMetrics().registry)):
        rows = [
            f"| `{name}` | {kind} | {', '.join(f'`{each}`' for each in labels)} | {text} |"
            for name, kind, labels, text in sorted(metrics_of(registry))
        ]
        head = "| metric | type | labels | meaning |\n|---|---|---|---|\n"
        parts.append(f"## {title}\n\n{head}" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def http_page(catalog: Catalog) -> str:
    """Every operation of the OpenAPI document with its answers."""
    parts = [
        "# HTTP\n",
        "The addresses of the OpenAPI document (`/openapi.json`, and `/docs` to try them). How to"
        " send, and how to\nsend again: [sending events](../api.md). " + _MADE,
    ]
    found = openapi.document(catalog, version="0")
    for path, operations in found["paths"].items():
        for method, operation in operations.items():
            if method in {"get", "post", "put", "delete"}:
                parts.append(_operation(f"{method.upper()} {path}", operation))
    return "\n".join(parts)


def _operation(name: str, operation: dict[str, Any]) -> str:
    kinds = ", ".join(f"`{kind}`" for kind in operation.get("requestBody", {}).get("content", {}))
    body = f"\n\nThe body is {kinds}." if kinds else ""
    answers = "\n".join(
        f"| {status} | {answer.get('description', '').replace('/docs/reasons#', 'reasons.md#')} |"
        for status, answer in operation["responses"].items()
    )
    return (
        f"## {name}\n\n{operation['summary']}.{body}\n\n| status | when |\n|---|---|\n{answers}\n"
    )


def reasons_page(catalog: Catalog) -> str:
    """Every reason code: cause, remedy, example."""
    parts = [
        "# Reason codes\n",
        "The `code` of a problem document, and the `reason` of a dead letter. A running API shows"
        " the same at\n`/docs/reasons`, where a document's `type` leads. " + _MADE,
    ]
    for row in reason_rows(catalog):
        where = f"HTTP {row.status}" if row.status else "A dead letter of the loader"
        parts.append(
            f"## {row.code}\n\n*{where}.* {row.cause}\n\n**What to do:** {row.remedy}\n\n"
            f"```json\n{row.example}\n```\n"
        )
    return "\n".join(parts)
