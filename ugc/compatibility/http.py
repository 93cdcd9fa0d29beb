"""The verdict for HTTP: what an earlier version takes, the newer one has to take. Pure."""

from __future__ import annotations

import json

from contracts.evolution.changes import changes
from contracts.evolution.counterexample import counterexample
from contracts.evolution.keywords import ABSENT, Change
from contracts.evolution.rules import Rule, rule_for
from contracts.model.types import JsonSchema
from ugc.compatibility.findings import Finding, Target

_SHOWN_CHARACTERS = 60


def judge(old: JsonSchema, new: JsonSchema, against: str) -> tuple[Finding, ...]:
    """One finding for each change between two versions; ``against`` names the earlier one."""
    return tuple(_finding(change, old, new, against) for change in changes(old, new))


def _finding(change: Change, old: JsonSchema, new: JsonSchema, against: str) -> Finding:
    rule: Rule = rule_for(change)
    return Finding(
        code=rule.kind,
        target=Target.HTTP,
        breaking=rule.breaking,
        pointer=change.pointer,
        message=f"{rule.says} ({_shown(change.before)} → {_shown(change.after)})",
        against=against,
        payload=counterexample(change, old, new) if rule.breaking else None,
        way_out=rule.way_out,
    )


def _shown(value: object) -> str:
    if value is ABSENT:
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
