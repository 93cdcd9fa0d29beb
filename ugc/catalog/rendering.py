"""Templates and assets. Every text that goes into a page is escaped, whoever wrote it."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from contracts.visible import visible

ASSETS = {
    "catalog.css": "text/css",
    "catalog.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
"""Files that are served as they are, with their media types."""

# What XML 1.0 does not have: JSON does, and a reader of feeds refuses the whole feed for one.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def asset(name: str) -> bytes:
    """The content of one of :data:`ASSETS`."""
    return (files("ugc.catalog") / "assets" / name).read_bytes()


@cache
def edition() -> str:
    """Changes with style sheet and script, so that no browser shows a page with older ones."""
    return hashlib.sha256(b"".join(map(asset, sorted(ASSETS)))).hexdigest()[:8]


@cache
def environment() -> Environment:
    """The templates, compiled when they are first used."""
    found = Environment(
        loader=PackageLoader("ugc.catalog"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalize,
        auto_reload=False,
    )
    found.filters["breakable"] = _breakable
    return found


def _finalize(value: Any) -> Any:
    """Texts in their visible form: controls, and what turns the direction of writing, spelt out."""
    return _NOT_XML.sub("", visible(value)) if type(value) is str else value


def _breakable(name: str) -> Markup:
    """A long name with places where its line may break, before each part."""
    return Markup("_<wbr>").join(escape(part) for part in name.split("_"))
