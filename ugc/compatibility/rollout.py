"""In which order a change goes live, so that at no moment one part writes what another cannot read.

The registry must know a schema before anything is written with it; a table must have a column
before the loader fills it; the loader must read a version before the API takes it; and the API must
take it before a front end sends it.
"""

from __future__ import annotations

from ugc.compatibility.findings import Report


def rollout(report: Report) -> tuple[str, ...]:
    """The steps, each with its command; empty when nothing changes at run time."""
    events = [event for event in report.events if event.steps or event.creates or event.earlier]
    if not events:
        return ()
    altered = sum(1 for event in events for step in event.steps if step.statement)
    tables = f", then the {altered} ALTER statements with `ugc schema apply`" if altered else ""
    return (
        f"registry and new tables: `ugc init` of the new release registers new schemas{tables}",
        "loader: restart `ugc etl` with the new contracts; it now reads every version",
        "API: restart `ugc api` with the new contracts; it now takes the new versions",
        "front ends: send the new fields",
    )
