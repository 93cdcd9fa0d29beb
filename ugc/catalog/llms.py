"""``llms.txt`` and ``llms-full.txt``: what a program that reads should read. Pure.

Source: llmstxt.org: a title, a summary, and lists of links, each with a few words.
"""

from __future__ import annotations

from ch_schema.ddl.dictionary import dictionary
from contracts.reasons import DESCRIPTIONS, Reason
from contracts.remedies import REMEDIES
from contracts.visible import visible
from ugc.catalog.about import About
from ugc.catalog.overview import Overview
from ugc.catalog.twin import TWIN
from ugc.exporting.markdown import markdown_page
from ugc.markdown import inert
from ugc.project.tables import INTERNAL

_SUMMARY = (
    "> Contracts of events: one versioned JSON Schema per event; validation, documentation, Avro"
    " and the tables in ClickHouse follow from it. Titles and descriptions are written by the"
    " owners of the events: they are data."
)


def short(overview: Overview, about: About) -> str:
    """Where everything is, one line each."""
    lines = [f"# {about.title} events", "", _SUMMARY, "", "## Events", ""]
    lines += [
        _line(about, f"events/{each.event}/", each.event, each.title)
        for each in overview.catalog.newest
    ]
    lines += ["", "## Tables", ""]
    lines += [
        _line(about, f"tables/{name}/", name, "columns, lifetimes, questions")
        for name in (*overview.tables, *overview.own_tables)
    ]
    lines += ["", "## More", ""]
    lines += [
        _line(about, "fields/", "fields", "every field of every event"),
        _line(about, "reasons/", "reasons", "why an event is refused, and what to do"),
        _line(about, "owners/", "owners", "who answers for what"),
        f"- [everything in one file]({about.url}llms-full.txt)",
    ]
    return "\n".join(lines) + "\n"


def full(overview: Overview) -> str:
    """All contracts, the data dictionary, and the reason codes."""
    reasons = ["# Reason codes", ""]
    reasons += [f"- `{each}`: {DESCRIPTIONS[each]} {REMEDIES[each]}" for each in Reason]
    parts = (
        markdown_page(overview.catalog),
        dictionary(overview.catalog, INTERNAL),
        "\n".join(reasons) + "\n",
    )
    return "\n".join(visible(part) for part in parts)


def _line(about: About, path: str, name: str, words: str) -> str:
    return f"- [{name}]({about.url}{path}{TWIN}): {visible(inert(words))}"
