"""A verdict as text, JSON, Markdown (comment, job summary) or GitHub annotations. Pure."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping

from contracts.visible import counted, shortened
from ugc.check.code_quality import code_quality
from ugc.check.entries import Entry, Level, Part, Verdict
from ugc.check.sarif import sarif
from ugc.compatibility.findings import Finding, Target
from ugc.compatibility.rollout import rollout
from ugc.github import annotation
from ugc.markdown import cell, inert

_SHOWN_CHARACTERS = 600
_TARGETS = (Target.HTTP, Target.AVRO, Target.CLICKHOUSE, Target.FILES, Target.REGISTRY)
_ANNOTATIONS: Mapping[Level, str] = {
    Level.ERROR: "error",
    Level.WARNING: "warning",
    Level.NOTE: "notice",
}


def headline(verdict: Verdict) -> str:
    """The verdict in a line: ``ok``, or how many mistakes of which part."""
    counts = {
        part: sum(entry.part is part for entry in verdict.errors)
        for part in Part
        if any(entry.part is part for entry in verdict.errors)
    }
    if not counts:
        changed = counted(len(verdict.report.events), "contract")
        return f"ok: {changed} changed" if verdict.report.events else "ok: no contract changed"
    said = ", ".join(f"{_CALLED[part]} {count}" for part, count in counts.items())
    return f"{counted(len(verdict.errors), 'mistake')} ({said})"


_CALLED: Mapping[Part, str] = {
    Part.LINT: "lint",
    Part.CHANGE: "breaking changes",
    Part.LOCK: "lock",
    Part.GENERATED: "generated files",
}


def _subject(entry: Entry) -> str:
    where = f"{entry.contract} {entry.pointer}".strip()
    return f"{where}: " if where else ""


def _payload(finding: Finding) -> str:
    text = json.dumps(finding.payload, ensure_ascii=False)
    return shortened(text, _SHOWN_CHARACTERS)


def _proofs(entry: Entry) -> Iterator[tuple[str, str]]:
    """The earlier version, and the payload that it takes and the newer one refuses."""
    for effect in entry.effects:
        if effect.payload is not None:
            yield effect.against, _payload(effect)


def _per_target(entry: Entry) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """Of a target that is broken, what breaks it; the JSON format has the rest as well."""
    for target in _TARGETS:
        found = tuple(each for each in entry.effects if each.target is target)
        if found:
            yield target.value, tuple(each for each in found if each.breaking) or found


def _text(verdict: Verdict) -> str:
    lines = [line for entry in verdict.entries for line in _text_lines(entry)]
    for event in verdict.report.events:
        for statement in event.statements:
            lines.append("table: " + statement.replace("\n", "\n       ") + ";")
    if verdict.is_ok:
        lines += [f"{n}. {step}" for n, step in enumerate(rollout(verdict.report), start=1)]
    return "\n".join([*lines, f"against {verdict.against}: {headline(verdict)}"]) + "\n"


def _text_lines(entry: Entry) -> Iterator[str]:
    yield f"{entry.path}:{entry.line}: {entry.level} {entry.code} {_subject(entry)}{entry.message}"
    if len(entry.effects) > 1:
        for target, effects in _per_target(entry):
            for effect in effects:
                mark = "breaking" if effect.breaking else "ok"
                yield f"    {target:10} {mark:8} {effect.code}: {effect.message}"
    for against, payload in _proofs(entry):
        yield f"    refused, but {against} takes it: {payload}"
    if entry.way_out:
        yield f"    way out: {entry.way_out}"


def _json(verdict: Verdict) -> str:
    document = {
        "ok": verdict.is_ok,
        "against": verdict.against,
        "entries": [dataclasses.asdict(entry) for entry in verdict.entries],
        "statements": [each for event in verdict.report.events for each in event.statements],
        "rollout": rollout(verdict.report) if verdict.is_ok else [],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _markdown(verdict: Verdict) -> str:
    return "\n".join(_markdown_lines(verdict)) + "\n"


def _markdown_lines(verdict: Verdict) -> Iterator[str]:
    mark = "✅" if verdict.is_ok else "❌"
    yield f"## {mark} Contracts: {headline(verdict)}"
    for entry in verdict.errors:
        yield from ("", *_markdown_error(entry))
    others = [entry for entry in verdict.entries if entry.level is not Level.ERROR]
    if others:
        yield from ("", "| | where | what |", "|---|---|---|")
        for entry in others:
            what = cell(inert(f"{_subject(entry)}{entry.message}"))
            yield f"| `{cell(entry.code)}` | `{cell(entry.path)}:{entry.line}` | {what} |"
    for event in verdict.report.events:
        if event.statements:
            yield from ("", "```sql", *(f"{each};" for each in event.statements), "```")
    if verdict.is_ok and (steps := rollout(verdict.report)):
        yield from ("", "### Roll-out", "")
        yield from (f"{number}. {step}" for number, step in enumerate(steps, start=1))
    yield from ("", f"Compared with `{cell(verdict.against)}`.")


def _markdown_error(entry: Entry) -> Iterator[str]:
    where = f"`{entry.path}:{entry.line}`"
    yield f"- **`{entry.code}`** {where}: {inert(_subject(entry) + entry.message)}"
    if len(entry.effects) > 1:
        for target, effects in _per_target(entry):
            said = "; ".join(
                f"{'❌' if each.breaking else '✅'} `{each.code}` {inert(each.message)}"
                for each in effects
            )
            yield f"  - {target}: {said}"
    for against, payload in _proofs(entry):
        yield f"  - {against} takes this payload, the new version refuses it:"
        yield from ("", "    ```json", f"    {payload}", "    ```", "")
    if entry.way_out:
        yield f"  - way out: {inert(entry.way_out)}"


def _github(verdict: Verdict) -> str:
    lines = [
        annotation(
            _ANNOTATIONS[entry.level],
            told(entry),
            {
                "file": entry.path,
                "line": entry.line,
                "title": f"{entry.contract} {entry.code}".strip(),
            },
        )
        for entry in verdict.entries
    ]
    return "".join(f"{line}\n" for line in (*lines, f"contracts: {headline(verdict)}"))


def told(entry: Entry) -> str:
    """An entry as a text of some lines, for what shows it beside its line of the file."""
    lines = [f"{_subject(entry)}{entry.message}"]
    if len(entry.effects) > 1:
        for target, effects in _per_target(entry):
            lines += [f"{target} {'✗' if each.breaking else '✓'} {each.code}" for each in effects]
    lines += [f"{against} takes {payload}" for against, payload in _proofs(entry)]
    if entry.way_out:
        lines.append(f"way out: {entry.way_out}")
    return "\n".join(lines)


def _sarif(verdict: Verdict) -> str:
    return json.dumps(sarif(verdict, told), ensure_ascii=False, indent=2) + "\n"


def _code_quality(verdict: Verdict) -> str:
    return json.dumps(code_quality(verdict, told), ensure_ascii=False, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Verdict], str]] = {
    "text": _text,
    "json": _json,
    "markdown": _markdown,
    "github": _github,
    "sarif": _sarif,
    "codequality": _code_quality,
}
"""Name of a format → what writes it."""
