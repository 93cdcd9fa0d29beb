"""A report as text, JSON, Markdown (pull-request comment, job summary) or GitHub annotations."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping

from contracts.visible import counted, shortened
from ugc.compatibility.findings import EventReport, Finding, Report
from ugc.compatibility.rollout import rollout
from ugc.github import annotation
from ugc.markdown import cell

Render = Callable[[Report], str]

_SHOWN_CHARACTERS = 600


def _verdict(report: Report) -> str:
    if not report.events:
        return "no contract changed"
    count = sum(len(event.breaking) for event in report.events)
    return "ok" if report.is_ok else f"breaking: {counted(count, 'finding')}"


def _payload(finding: Finding) -> str:
    """For people; the JSON format has all of it."""
    text = json.dumps(finding.payload, ensure_ascii=False)
    return shortened(text, _SHOWN_CHARACTERS)


def _text(report: Report) -> str:
    return "\n".join(_text_lines(report)) + "\n"


def _text_lines(report: Report) -> Iterator[str]:
    for event in report.events:
        against = f" against {', '.join(event.earlier)}" if event.earlier else ""
        yield f"{event.contract}{against}"
        for finding in event.findings:
            mark = "BREAKING" if finding.breaking else "ok"
            where = finding.pointer or "/"
            yield f"  {mark:8} {finding.target} {finding.code} {where}: {finding.message}"
            if finding.payload is not None:
                yield f"           refused, but {finding.against} takes it: {_payload(finding)}"
            if finding.breaking and finding.way_out:
                yield f"           way out: {finding.way_out}"
        yield from (f"  info     forward {line}" for line in event.forward)
        for statement in event.statements:
            yield "  table    " + statement.replace("\n", "\n           ") + ";"
    if report.is_ok:
        for number, step in enumerate(rollout(report), start=1):
            yield f"{number}. {step}"
    yield f"verdict: {_verdict(report)}"


def _json(report: Report) -> str:
    document = {
        "ok": report.is_ok,
        "events": [
            {**dataclasses.asdict(event), "statements": event.statements} for event in report.events
        ],
        "rollout": rollout(report),
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _markdown(report: Report) -> str:
    return "\n".join(_markdown_lines(report)) + "\n"


def _markdown_lines(report: Report) -> Iterator[str]:
    mark = "✅" if report.is_ok else "❌"
    yield f"## {mark} Contracts: {_verdict(report)}"
    for event in report.events:
        yield from ("", f"### `{event.contract}`", "")
        yield from _markdown_breaking(event)
        if event.harmless:
            yield from ("| ok | target | where | what |", "|---|---|---|---|")
            for finding in event.harmless:
                where, what = cell(finding.pointer or "/"), cell(finding.message)
                yield f"| `{finding.code}` | {finding.target} | `{where}` | {what} |"
            yield ""
        if event.forward:
            yield "For information: earlier readers would not read the new data."
            yield from ("", *(f"- {line}" for line in event.forward), "")
        if event.statements:
            yield from ("```sql", *(f"{statement};" for statement in event.statements), "```")
    if report.is_ok and (steps := rollout(report)):
        yield from ("", "### Roll-out", "")
        yield from (f"{number}. {step}" for number, step in enumerate(steps, start=1))


def _markdown_breaking(event: EventReport) -> Iterator[str]:
    for finding in event.breaking:
        where = finding.pointer or "/"
        yield f"- **`{finding.code}`** ({finding.target}) at `{where}`: {finding.message}"
        if finding.payload is not None:
            yield f"  - {finding.against} takes this payload, the new version refuses it:"
            yield from ("", "    ```json", f"    {_payload(finding)}", "    ```", "")
        if finding.way_out:
            yield f"  - way out: {finding.way_out}"
    if event.breaking:
        yield ""


def _github(report: Report) -> str:
    lines = [
        annotation(
            "error" if finding.breaking else "notice",
            _told(finding),
            {"title": f"{event.contract} {finding.code}"},
        )
        for event in report.events
        for finding in event.findings
    ]
    return "".join(f"{line}\n" for line in (*lines, f"contracts: {_verdict(report)}"))


def _told(finding: Finding) -> str:
    text = f"{finding.target} {finding.pointer or '/'}: {finding.message}"
    if finding.payload is not None:
        text += f"\n{finding.against} takes {_payload(finding)}"
    return f"{text}\nway out: {finding.way_out}" if finding.way_out else text


FORMATS: Mapping[str, Render] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "github": _github,
}
"""Name of a format → what writes it."""
