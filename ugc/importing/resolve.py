"""A schema → its :class:`Node`: references followed, ``allOf`` joined, unions made one. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from contracts.lossless.references import References
from contracts.model.validation import foreign_check, problem_with_pattern
from ugc.importing.limits import DEEPEST, Budget
from ugc.importing.node import (
    GROUPS,
    Node,
    ObjectPart,
    all_of,
    any_of,
    distinct_values,
    kind_of,
    loosest,
)

_LISTING = ("required", "properties", "allOf", "anyOf", "oneOf")
_CHARACTERS_PER_STEP = 1000
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_REF_STANDS_ALONE = ("draft-03", "draft-04", "draft-06", "draft-07")
_WITHOUT_CONST = ("draft-03", "draft-04")


class UntypedError(Exception):
    """The value has no image but JSON text; the text says why."""


class _RecursiveError(UntypedError):
    pass


class Resolver:
    """The schemas of one document, which must not change while this is in use."""

    def __init__(self, root: object, budget: Budget) -> None:
        declared = str(root.get("$schema", "")) if isinstance(root, Mapping) else ""
        # Until draft 7 a validator ignores what stands beside a $ref.
        self._ref_stands_alone = any(draft in declared for draft in _REF_STANDS_ALONE)
        self._is_draft_4 = any(draft in declared for draft in _WITHOUT_CONST)
        self._references = References(root)
        self._budget = budget
        self._depth = 0
        # An id means something only as long as what it is of lives.
        self._made: list[Any] = []

    def node(self, schema: Any, seen: frozenset[int]) -> Node:
        """What ``schema`` says, without unions; ``seen`` is what references have led through.

        Raises:
            UntypedError: it contains itself, or refers to what is not in the document.
            TooLargeError: it unfolds into too much.
        """
        self._depth += 1
        try:
            if self._depth > DEEPEST:
                raise UntypedError(f"it lies deeper than {DEEPEST} schemas")
            node = self._gathered(schema, seen)
            unions, node.unions = node.unions, []
            for keyword, branches in unions:
                self._join_union(node, keyword, branches)
            _settle_values(node)
            return node
        finally:
            self._depth -= 1

    def _gathered(self, schema: Any, seen: frozenset[int]) -> Node:
        self._made.append(schema)
        node = Node(seen=seen)
        waiting = [schema]
        gathered: set[int] = set()
        while waiting:
            part = waiting.pop()
            self._budget.step()
            if part is False:
                node.is_never = True
            if not isinstance(part, Mapping) or id(part) in gathered:
                continue
            if id(part) in seen:
                raise _RecursiveError("it contains itself")
            gathered.add(id(part))
            reference = next((part[k] for k in _REFERENCES if isinstance(part.get(k), str)), None)
            stands_alone = reference is not None and self._ref_stands_alone
            if not stands_alone:
                self._charge(part)
                node.add(part, is_draft_4=self._is_draft_4)
                branches = part.get("allOf")
                waiting += reversed(branches) if isinstance(branches, list) else []
            if reference is not None:
                self._follow(node, part, reference, waiting, stands_alone)
        node.seen = seen | gathered
        return node

    def _charge(self, part: Mapping[str, Any]) -> None:
        """What one schema lists, and what the listed values hold."""
        for keyword in _LISTING:
            if isinstance(listed := part.get(keyword), list | Mapping):
                self._budget.step(len(listed))
        waiting: list[Any] = [part.get("enum"), part.get("const")]
        while waiting:
            match waiting.pop():
                case str(text):
                    self._budget.step(len(text) // _CHARACTERS_PER_STEP)
                case list(values):
                    self._budget.step(len(values))
                    waiting += values
                case dict(values):
                    self._budget.step(len(values))
                    waiting += values.values()

    def _follow(
        self, node: Node, part: Mapping[str, Any], reference: str, waiting: list[Any], alone: bool
    ) -> None:
        target = self._references.target(part, reference)
        if target is not None:
            waiting.append(target)
        elif alone or part.keys() <= {*_REFERENCES, "description", "title"}:
            raise UntypedError(f"{reference} is not inside the document")
        else:
            node.note(f"{reference} is not checked: it is not inside the document")

    def _join_union(self, node: Node, keyword: str, branches: list[Any]) -> None:
        try:
            found = [self.node(branch, node.seen) for branch in branches]
        except _RecursiveError:
            node.note(f"{keyword} is not checked: an alternative leads back to it")
            return
        live = [each for each in found if not each.is_never]
        if not live:
            node.is_never = True
            return
        either = self._either(live, keyword)
        if keyword == "oneOf" and sum(len(each.kinds) for each in live) > len(either.kinds):
            node.note("that just one alternative of oneOf holds is not checked")
        node.join(either)

    def _either(self, live: list[Node], keyword: str) -> Node:
        """What accepts the values of each; the kinds that only one has stay as restricted."""
        either = Node(kinds=frozenset[str]().union(*(each.kinds for each in live)))
        either.enum = _either_lists(live)
        if either.enum is None and any(each.enum is not None for each in live):
            either.note(f"{keyword}: the values that an alternative lists are not checked")
        for kind, keywords in GROUPS.items():
            acting = [each for each in live if kind in each.kinds or _is_whole(kind, each)]
            if len(acting) == 1:
                _copy(acting[0], either, keywords, with_objects=kind == "object")
            elif len(acting) > 1:
                _loosen(acting, either, keywords, keyword)
                if kind == "object":
                    self._either_objects(acting, either, keyword)
        for each in live:
            for note in each.notes:
                either.note(note)
        return either

    def _either_objects(self, acting: list[Node], either: Node, union: str) -> None:
        if not any(each.objects for each in acting):
            return
        described = [self.properties(each) for each in acting]
        others = [self.additional(each) for each in acting]
        names = list(dict.fromkeys(name for each in described for name in each))
        self._budget.step(len(names) * len(acting))
        properties: dict[str, Any] = {}
        for name in names:
            said = [each.get(name, other) for each, other in zip(described, others, strict=True)]
            # Where an open alternative says nothing of it, what the others say is kept.
            described_ones = [schema for schema in said if schema is not True]
            properties[name] = any_of(described_ones or [True])
            if 0 < len(described_ones) < len(said):
                either.note(f"{union}: values of {name!r} that only others take are refused")
        required = set(acting[0].required).intersection(*(each.required for each in acting))
        part = ObjectPart(
            properties=properties,
            additional=any_of(others),
            has_patterns=any(part.has_patterns for each in acting for part in each.objects),
            required=tuple(name for name in acting[0].required if name in required),
        )
        either.objects.append(part)
        either.note(f"{union}: which fields and values go together is not checked")
        either.conditional += [schema for each in acting for schema in each.conditional]

    def properties(self, node: Node) -> dict[str, Any]:
        """For each name that is described, what every part of the node says of it."""
        names = list(dict.fromkeys(name for part in node.objects for name in part.properties))
        self._budget.step(len(names) * len(node.objects))
        return {
            name: all_of(
                [
                    part.properties.get(name, True if part.has_patterns else part.additional)
                    for part in node.objects
                ]
            )
            for name in names
        }

    def additional(self, node: Node) -> Any:
        """What is said of properties that no part describes; ``True`` also where keys match."""
        if any(part.has_patterns for part in node.objects):
            return True
        return all_of([part.additional for part in node.objects])

    def conditional_properties(self, node: Node) -> dict[str, Any]:
        """Properties that only ``then`` or ``else`` describes.

        Raises:
            UntypedError: as :meth:`node`.
        """
        found: dict[str, list[Any]] = {}
        for schema in node.conditional:
            for name, inner in self.properties(self.node(schema, node.seen)).items():
                found.setdefault(name, []).append(inner)
        return {name: any_of(schemas) for name, schemas in found.items()}


def _is_whole(kind: str, node: Node) -> bool:
    return kind == "number" and "integer" in node.kinds


def _copy(source: Node, into: Node, keywords: tuple[str, ...], *, with_objects: bool) -> None:
    into.keywords.update({key: source.keywords[key] for key in keywords if key in source.keywords})
    if with_objects:
        into.objects += source.objects
        into.conditional += source.conditional


def _loosen(acting: list[Node], either: Node, keywords: tuple[str, ...], union: str) -> None:
    """Of each keyword what all alternatives have of it."""
    for key in keywords:
        values = [each.keywords[key] for each in acting if key in each.keywords]
        if not values:
            continue
        is_everywhere = len(values) == len(acting) or key == "tuple"
        kept = loosest(key, values) if is_everywhere else None
        if kept is not None:
            either.keywords[key] = kept
        if any(value is not kept and (key == "items" or value != kept) for value in values):
            either.note(f"{union}: {key} is that of the loosest alternative")


def _either_lists(live: list[Node]) -> list[Any] | None:
    """All listed values, when everything but null is listed."""
    if any(each.enum is None and each.kinds != {"null"} for each in live):
        return None
    if all(each.enum is None for each in live):
        return None
    return distinct_values([value for each in live for value in (each.enum or [None])])


def _settle_values(node: Node) -> None:
    """Leaves of the listed values those that the other keywords allow, and of the kinds theirs."""
    if node.enum is not None:
        check = _check(node)
        node.enum = [value for value in node.enum if kind_of(value) in node.kinds and check(value)]
        node.kinds &= frozenset(map(kind_of, node.enum))
        if "format" in node.keywords:
            node.note(f"format {node.keywords['format']} is not checked beside the listed values")
        for keyword in (*GROUPS["string"], *GROUPS["number"]):
            node.keywords.pop(keyword, None)
    node.is_never |= not node.kinds
    if node.is_never:
        node.kinds = frozenset()


def _check(node: Node) -> Callable[[Any], bool]:
    keywords = {*GROUPS["string"], *GROUPS["number"]} - {"format"}
    said = {key: value for key, value in node.keywords.items() if key in keywords}
    # The validator's own engine would backtrack.
    if "pattern" in said and problem_with_pattern(said["pattern"]) is not None:
        node.note("pattern is not checked: no engine in linear time takes it")
        del said["pattern"]
    return foreign_check(said)
