"""Where a ``$ref`` inside a document points: pointers, anchors, and resources named by ``$id``.

Covers draft 4 (``id``) to 2020-12.  Nothing is fetched: a reference that leaves the document has
no target.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urldefrag, urljoin

from contracts.model import pointer

_VALUES = frozenset({"enum", "const", "default", "examples", "example"})
"""Keywords whose value is data, so that an ``$id`` in it names nothing."""


class References:
    """Index of one document, which must not change while this is in use."""

    def __init__(self, root: object) -> None:
        self._root = root
        self._resources: dict[str, object] = {"": root}
        self._anchors: dict[str, object] = {}
        self._base_of: dict[int, str] = {}
        for node, base in _nodes(root):
            self._note(node, base)

    def target(self, schema: Mapping[str, Any], reference: str) -> object | None:
        """What ``reference``, standing in ``schema``, points to; ``None`` when that is not here."""
        address, fragment = urldefrag(_joined(self._base_of.get(id(schema), ""), reference))
        if address not in self._resources:
            return None
        if fragment == "" or fragment.startswith("/"):
            found = pointer.at_fragment(self._resources[address], fragment)
            return None if found is pointer.NOTHING else found
        return self._anchors.get(f"{address}#{fragment}")

    def _note(self, node: Mapping[str, Any], base: str) -> None:
        self._base_of[id(node)] = base
        named = _own_id(node)
        if named is not None and not named.startswith("#"):
            self._resources.setdefault(base, node)
        if named is not None and (plain := urldefrag(named).fragment):
            self._anchors.setdefault(f"{base}#{plain}", node)
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(name := node.get(keyword), str):
                self._anchors.setdefault(f"{base}#{name}", node)


def _nodes(root: object) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Every object of the document with the address (without fragment) of its resource."""
    waiting = [(root, "")]
    while waiting:
        node, base = waiting.pop()
        if isinstance(node, Mapping):
            if (named := _own_id(node)) is not None:
                base = urldefrag(_joined(base, named)).url
            yield node, base
            waiting.extend((inner, base) for key, inner in node.items() if key not in _VALUES)
        elif isinstance(node, list):
            waiting.extend((inner, base) for inner in node)


def _own_id(node: Mapping[str, Any]) -> str | None:
    named = node.get("$id", node.get("id"))
    return named if isinstance(named, str) else None


def _joined(base: str, reference: str) -> str:
    if reference.startswith("#"):  # urljoin knows no fragment of a urn:
        return base + reference
    try:
        return urljoin(base, reference) if base else reference
    except ValueError:
        return reference
