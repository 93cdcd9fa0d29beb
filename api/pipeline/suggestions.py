"""What a sender probably meant, added to the rejection that says what is wrong. Pure.

Only names out of the contracts are suggested, never what somebody sent.  This is done for those
rejections that are answered, and not for those that send an event from the express to the
application (:mod:`api.http.express`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from api import paths
from api.errors import Rejection
from contracts.errors import UnknownContractError
from contracts.model.definitions import find_definition
from contracts.model.loader import Catalog
from contracts.model.types import JsonSchema, Origin
from contracts.model.validation import Violation
from contracts.nearest import Names, did_you_mean
from contracts.reasons import Reason

_MOST_PROPERTIES = 3
"""So many unknown properties of one event are told what they may mean."""

_MOST_NAMES = 64
"""So many properties of one object are looked at for it, those that have to be there first."""


class Suggestions:
    """Knows what can be sent. Safe to share between threads."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._events = Names(each.event for each in catalog.newest if each.origin is Origin.CLIENT)

    def added_to(self, rejection: Rejection, document: Any) -> Rejection:
        """The same rejection, with what was probably meant.

        Args:
            rejection: why ``document`` is no request.
            document: parsed JSON.
        """
        match rejection.reason:
            case Reason.EVENT_UNKNOWN:
                near = self._events.near(document["event"])
                return _told(rejection, rejection.detail + did_you_mean(near))
            case Reason.EVENT_NOT_ACCEPTED:
                return _told(rejection, self._made_of(document["event"]) or rejection.detail)
            case Reason.ENVELOPE_INVALID if isinstance(document, list):
                detail = f"an array is no event; several events go to POST {paths.BATCH}"
                return _told(rejection, detail)
            case Reason.ENVELOPE_INVALID:
                return _with_properties(rejection, self._catalog.request.schema, document, "")
            case Reason.DATA_INVALID:
                return self._of_data(rejection, document["data"])
            case _:
                return rejection

    def added_around(self, rejection: Rejection, document: Any) -> Rejection:
        """The same, where ``document`` is what stands around the events of a batch."""
        context = self._catalog.context
        if context is None or rejection.reason is not Reason.ENVELOPE_INVALID:
            return rejection
        return _with_properties(rejection, context.beside_events(), document, "")

    def _made_of(self, event: str) -> str | None:
        pairing = self._catalog.pairings.get(event)
        if pairing is None:
            return None
        return (
            f"the loader makes {event} of {pairing.start} and {pairing.end}:"
            " send these two, with the same "
            f"{' and '.join(pairing.keys)}"
        )

    def _of_data(self, rejection: Rejection, data: Any) -> Rejection:
        assert rejection.event is not None
        try:
            schema = self._catalog.get(rejection.event, rejection.version).schema
        except UnknownContractError:
            return rejection
        return _with_properties(rejection, schema, data, "/data")


def _told(rejection: Rejection, detail: str) -> Rejection:
    return _changed(rejection, detail, rejection.violations)


def _changed(rejection: Rejection, detail: str, violations: Sequence[Violation]) -> Rejection:
    return Rejection(
        rejection.reason,
        detail,
        violations=tuple(violations),
        more_violations=rejection.more_violations,
        event=rejection.event,
        version=rejection.version,
        headers=rejection.headers,
    )


def _with_properties(rejection: Rejection, schema: JsonSchema, document: Any, at: str) -> Rejection:
    """Unknown properties are told which one of those that are not there they may mean."""
    violations = list(rejection.violations)
    unknown = [i for i, each in enumerate(violations) if each.keyword == "additionalProperties"]
    known: dict[str, Names] = {}
    for index in unknown[:_MOST_PROPERTIES]:
        violation = violations[index]
        around, _, name = violation.pointer.rpartition("/")
        if around not in known:
            missing = _missing(rejection.violations, around)
            absent = [*missing, *_absent(schema, document, around.removeprefix(at))]
            known[around] = Names(absent[:_MOST_NAMES])
        near = known[around].near(_unescaped(name), most=1)
        violations[index] = replace(violation, message=violation.message + did_you_mean(near))
    return _changed(rejection, rejection.detail, violations)


def _missing(violations: Sequence[Violation], around: str) -> Iterator[str]:
    """The required properties that the object at ``around`` lacks."""
    for each in violations:
        inside, _, name = each.pointer.rpartition("/")
        if each.keyword == "required" and inside == around:
            yield _unescaped(name)


def _absent(root: JsonSchema, document: Any, pointer: str) -> list[str]:
    """Properties that the object at ``pointer`` may have and has not."""
    schema: Any = root
    value = document
    for step in map(_unescaped, pointer.split("/")[1:]):
        schema = _resolved(root, schema)
        match value:
            case dict() if step in value:
                value = value[step]
                inner = schema.get("properties", {}).get(step)
                schema = schema.get("additionalProperties") if inner is None else inner
            case list() if step.isdecimal() and int(step) < len(value):
                value, schema = value[int(step)], schema.get("items")
            case _:
                return []
    known = _resolved(root, schema).get("properties", {})
    return [name for name in known if name not in value] if isinstance(value, dict) else []


def _resolved(root: JsonSchema, schema: Any) -> Mapping[str, Any]:
    """What the schema says, a local reference followed; nothing where it says nothing."""
    if isinstance(schema, Mapping) and "$ref" in schema:
        schema = find_definition(root, schema["$ref"])
    return schema if isinstance(schema, Mapping) else {}


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")
