"""The tracker and its package under Node: what is committed is what the sources give, it loses and
doubles nothing, its types refuse what the contracts refuse, and bundlers take it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from textwrap import dedent

import pytest

from contracts.model.loader import Catalog
from tests.api.world import with_event
from tests.fullstack.cache import cached, program
from ugc.sdk.files import write_package
from ugc.sdk.typescript.package import package_files

pytestmark = pytest.mark.full

CORE = Path(__file__).parents[3] / "ugc" / "sdk" / "typescript" / "core"
TESTS = Path(__file__).with_name("node")

SHOP: Catalog = with_event(
    "order_placed",
    {
        "state": {"type": "string", "enum": ["new", "paid"], "description": "How far it is."},
        "price": {
            "type": ["string", "number"],
            "x-decimal": {"precision": 12, "scale": 2},
            "description": "What it costs.",
        },
        "address": {
            "type": "object",
            "additionalProperties": False,
            "required": ["city"],
            "properties": {"city": {"$ref": "#/$defs/city"}},
        },
        "tags": {
            "type": "array",
            "items": {"type": "string", "maxLength": 20},
            "maxItems": 3,
            "description": "Tags.",
        },
        "note": {"type": ["string", "null"], "maxLength": 20, "description": "A note."},
        "$defs": {"city": {"type": "string", "maxLength": 20, "description": "A city."}},
    },
    optional={"note"},
)

RIGHT = """
    import { createTracker, type Tracker, type OrderPlacedV1 } from "ugc-events";
    import { createTracker as light } from "ugc-events/light";
    const tracker: Tracker = createTracker({ token: async () => null, debug: "tag" });
    light().track("video_complete", { video_id: "v", duration_total: true });
    const order: OrderPlacedV1 = {
      state: "new", price: "1.20", address: { city: "Ede" }, tags: ["a"], note: null,
    };
    tracker.track("order_placed", order);
    tracker.track("order_placed", { ...order, price: 1.2 }, { version: 1 });
    tracker.pageView("movie").end();
    tracker.pageView(() => location.pathname);
    tracker.begin("page_view", { page_type: "movie" }).end();
    tracker.flush().then(() => tracker.reset());
"""

ORDER = '{ state: "new", price: 1, address: { city: "Ede" }, tags: [] }'
WRONG = {
    "a misspelt event": "tracker.track('element_clik', { element_type: 'a', page_type: 'b' });",
    "a missing field": "tracker.track('element_click', { element_type: 'a' });",
    "an extra key": "tracker.track('element_click', { element_type: 'a', page_type: 'b', c: 1 });",
    "a wrong type": "tracker.track('element_click', { element_type: 'a', page_type: 7 });",
    "no data": "tracker.track('element_click');",
    "a value that is not in the enum": (
        f"tracker.track('order_placed', {{ ...{ORDER}, state: 'old' as const }});"
    ),
    "an extra key inside": (
        f"tracker.track('order_placed', {{ ...{ORDER}, address: {{ city: 'a', zip: 'b' }} }});"
    ),
    "null where there may be none": (
        f"tracker.track('order_placed', {{ ...{ORDER}, state: null }});"
    ),
    "a version that is not there": (f"tracker.track('order_placed', {ORDER}, {{ version: 2 }});"),
    "an event that the loader makes": (
        "tracker.track('page_view', { duration_seconds: 1, page_type: 'a', paired: true });"
    ),
    "a misspelt pair": "tracker.begin('page_vew', { page_type: 'a' });",
    "an extra key of a pair": "tracker.begin('page_view', { page_type: 'a', c: 1 });",
    "a kind of page that is no text": "tracker.pageView(7);",
    "a misspelt option": "createTracker({ tokn: async () => null });",
    "a field that the context has not": "createTracker({ context: { shop: 'a' } });",
}


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder of Node's libraries."""
    program("node")
    return cached("web", "web/package-lock.json") / "node_modules"


@pytest.fixture
def front(tmp_path: Path) -> Path:
    """A fresh folder in which the package file that ``npm pack`` makes is installed."""
    write_package(tmp_path / "sdk", package_files(SHOP))
    front = tmp_path / "front"
    front.mkdir()
    npm = program("npm")
    packed = _run([npm, "pack", "--json", "--pack-destination", str(tmp_path)], tmp_path / "sdk")
    (file,) = json.loads(packed)
    (front / "package.json").write_text('{"name": "front", "private": true, "type": "module"}')
    _run([npm, "install", "--offline", "--no-audit", "--no-fund", f"../{file['filename']}"], front)
    return front


def _run(arguments: list[str], folder: Path, **variables: str) -> str:
    done = subprocess.run(
        arguments,
        cwd=folder,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.mark.timeout(300)
def test_the_committed_bundles_are_what_the_sources_give(modules: Path, tmp_path: Path) -> None:
    core = tmp_path / "core"
    shutil.copytree(CORE, core, ignore=shutil.ignore_patterns("dist"))
    _run([program("node"), "build.mjs", str(modules)], core)
    made = {path.name: path.read_bytes() for path in (core / "dist").iterdir()}
    committed = {path.name: path.read_bytes() for path in (CORE / "dist").iterdir()}
    assert made.keys() == committed.keys()
    assert [name for name in made if made[name] != committed[name]] == []


@pytest.mark.timeout(300)
def test_the_tracker_loses_and_doubles_nothing(modules: Path) -> None:
    told = _run(
        [program("node"), "--test-reporter=tap", "tracker.test.mjs"],
        TESTS,
        UGC_NODE_MODULES=str(modules),
        UGC_TRACKER_DIST=str(CORE / "dist"),
    )
    assert "\n# fail 0\n" in told
    assert "\n# skipped 0\n" in told


@pytest.mark.timeout(600)
def test_types_take_what_is_right_and_refuse_every_mistake(modules: Path, front: Path) -> None:
    head = 'import { createTracker } from "ugc-events";\nconst tracker = createTracker();\n'
    (front / "right.ts").write_text(dedent(RIGHT))
    names = {f"wrong{number}.ts": why for number, why in enumerate(WRONG)}
    for name, why in names.items():
        # A mistake that is none is an error by itself.
        (front / name).write_text(f"{head}// @ts-expect-error\n{WRONG[why]}\nexport {{}};\n")
    compiler = [program("node"), str(modules / "typescript" / "bin" / "tsc")]
    options = ["--strict", "--noEmit", "--module", "esnext", "--moduleResolution", "bundler"]
    options += ["--target", "es2021", "--lib", "es2021,dom"]
    _run([*compiler, *options, "right.ts", *names], front)


@pytest.mark.timeout(600)
def test_the_package_file_is_bundled_by_vite_and_adds_little(modules: Path, front: Path) -> None:
    # Types of every event cost nothing: with them or without, the bundle is the same.
    (front / "index.html").write_text('<script type="module" src="/main.js"></script>')
    (front / "main.js").write_text(
        'import { createTracker } from "ugc-events";\ncreateTracker().pageView("movie");\n'
    )
    _run([program("node"), str(modules / "vite" / "bin" / "vite.js"), "build"], front)
    (bundle,) = (front / "dist" / "assets").glob("*.js")
    text = bundle.read_text()
    assert "page_view_start" in text
    assert "Kind of page" not in text
    assert len(text) < 12_000
