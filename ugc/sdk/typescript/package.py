"""The files of the npm package, and the script for a page without a bundler. Pure, but for reading
the bundles that lie beside.

::

    index.js index.d.ts     the tracker, with this project's types
    light.js light.d.ts     the same without what outlives a page
    browser.js              index.js as a script: ugc.createTracker(…)
    browser-light.js        light.js as a script
    core/                   the tracker itself, the same for every project
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from contracts.model.loader import Catalog
from contracts.model.types import Origin
from ugc.sdk.files import Files
from ugc.sdk.typescript.declarations import declarations
from ugc.sdk.typescript.readme import readme
from ugc.sdk.typescript.settings import settings_of

_CORE = (
    "tracker.mjs", "tracker.mjs.map", "light.mjs", "light.mjs.map", "types.d.ts",
)  # fmt: skip
_SCRIPTS: Mapping[str, str] = {"browser.js": "tracker.js", "browser-light.js": "light.js"}
"""Script of the package → the bundle that it is made of."""


def package_files(catalog: Catalog) -> Files:
    """Path in the package → content; the same for the same contracts."""
    settings = settings_of(catalog)
    name = package_name(catalog)
    maps = {f"{_SCRIPTS[each]}.map": _dist(f"{_SCRIPTS[each]}.map") for each in _SCRIPTS}
    return {
        "package.json": json.dumps(_manifest(name, catalog), indent=2) + "\n",
        "README.md": readme(name, catalog),
        "index.js": _module("tracker.mjs", settings),
        "index.d.ts": declarations(catalog),
        "light.js": _module("light.mjs", settings),
        "light.d.ts": 'export * from "./index.js";\n',
        **{
            script: script_text(catalog, light=bundle == "light.js")
            for script, bundle in _SCRIPTS.items()
        },
        **maps,
        **{f"core/{each}": _dist(each) for each in _CORE},
    }


def script_text(catalog: Catalog, *, light: bool = False) -> str:
    """The tracker as a script, which defines ``ugc.createTracker`` with the project's settings."""
    text = _dist("light.js" if light else "tracker.js").decode()
    # The map's own line has to be the last.
    code, mark, rest = text.rstrip("\n").rpartition("//# sourceMappingURL=")
    settings = f"...{_compact(settings_of(catalog))},...given"
    known = f"ugc.createTracker=(make=>given=>make({{{settings}}}))(ugc.createTracker);"
    return f"{code}{known}\n{mark}{rest}\n"


def package_name(catalog: Catalog) -> str:
    """``shop-events`` of the project that is called shop."""
    name = re.sub(r"[^a-z0-9]+", "-", catalog.naming.database.lower()).strip("-")
    return f"{name or 'ugc'}-events"


def _module(bundle: str, settings: Mapping[str, Any]) -> str:
    return (
        f'import {{ createTracker as make }} from "./core/{bundle}";\n'
        f"const project = {_compact(settings)};\n"
        "export const createTracker = (options) => make({ ...project, ...options });\n"
    )


def _manifest(name: str, catalog: Catalog) -> dict[str, Any]:
    def entry(file: str) -> dict[str, str]:
        return {"types": f"./{file}.d.ts", "default": f"./{file}.js"}

    # A merged version never changes: more of them are a newer package.
    versions = sum(each.origin is Origin.CLIENT for each in catalog)
    return {
        "name": name,
        "version": f"0.{versions}.0",
        "description": "Sends this project's events, with their types.",
        "type": "module",
        "sideEffects": False,
        "main": "./index.js",
        "types": "./index.d.ts",
        "exports": {
            ".": entry("index"),
            "./light": entry("light"),
            "./browser.js": "./browser.js",
            "./browser-light.js": "./browser-light.js",
            "./package.json": "./package.json",
        },
        "files": ["*.js", "*.d.ts", "*.map", "core"],
        "unpkg": "./browser.js",
    }


def _dist(name: str) -> bytes:
    return (files("ugc.sdk.typescript") / "core" / "dist" / name).read_bytes()


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
