"""Everything that the page of reason codes shows. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass

from api.docs.openapi_examples import Examples, examples_of
from api.docs.openapi_refusals import example_of
from api.errors import STATUS
from api.http.problems import title
from contracts.model.loader import Catalog
from contracts.model.types import Origin
from contracts.reasons import DESCRIPTIONS, Reason
from contracts.remedies import REMEDIES


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonRow:
    """``status`` is ``None`` for what no sender is ever told: the loader's dead letters."""

    code: str
    title: str
    status: int | None
    cause: str
    remedy: str
    example: str


def reason_rows(catalog: Catalog) -> tuple[ReasonRow, ...]:
    """Every reason code: those of answers first."""
    client = [each for each in catalog.newest if each.origin is Origin.CLIENT]
    examples = examples_of(client)
    found = [_row(reason, examples) for reason in Reason]
    return tuple(sorted(found, key=lambda row: row.status is None))


def _row(reason: Reason, examples: Examples) -> ReasonRow:
    status = STATUS.get(reason)
    if status is None:
        document = {"reason": str(reason), "detail": DESCRIPTIONS[reason]}
    else:
        document = example_of(reason, examples)
    return ReasonRow(
        code=str(reason),
        title=title(reason),
        status=status,
        cause=DESCRIPTIONS[reason],
        remedy=REMEDIES[reason],
        example=json.dumps(document, indent=2, ensure_ascii=False),
    )
