"""The verdict for HTTP: what an earlier version takes, the newer one has to take. Pure."""

from __future__ import annotations

import json

from contracts.evolution.changes import changes
from contracts.evolution.counterexample import counterexample
from contracts.evolution.covering import change_is_covered, covers
from contracts.evolution.keywords import ABSENT, Change
from contracts.evolution.rules import UNCLASSIFIED, Rule, rule_for
from contracts.model.pointer import join
from contracts.model.types import JsonSchema
from contracts.visible import shortened
from ugc.compatibility.findings import Finding, Target

_SHOWN_CHARACTERS = 60


def judge(old: JsonSchema, new: JsonSchema, against: str) -> tuple[Finding, ...]:
    """One finding for each change between two versions; ``against`` names the earlier one."""
    found = changes(old, new)
    is_wider = bool(found) and covers(new, old)
    return tuple(_finding(change, old, new, against, is_wider=is_wider) for change in found)


def _finding(
    change: Change, old: JsonSchema, new: JsonSchema, against: str, *, is_wider: bool
) -> Finding:
    rule: Rule = rule_for(change)
    shown = f"({_shown(change.before)} → {_shown(change.after)})"
    clearable = rule.breaking and rule is not UNCLASSIFIED and change.is_of_values
    if clearable and (is_wider or change_is_covered(change, old, new)):
        return Finding(
            code=rule.kind,
            target=Target.HTTP,
            breaking=False,
            pointer=change.pointer,
            message=f"no value that was taken is refused {shown}",
            against=against,
        )
    return Finding(
        code=rule.kind,
        target=Target.HTTP,
        breaking=rule.breaking,
        pointer=change.pointer,
        message=f"{rule.says} {shown}",
        against=against,
        payload=counterexample(change, old, new) if rule.breaking else None,
        way_out=rule.way_out,
        twin=join((*change.path, "properties", change.after)) if _renames(change) else "",
    )


def _renames(change: Change) -> bool:
    return change.kind == "property.renamed"


def _shown(value: object) -> str:
    if value is ABSENT:
        return "absent"
    text = json.dumps(value, ensure_ascii=False)
    return shortened(text, _SHOWN_CHARACTERS)
