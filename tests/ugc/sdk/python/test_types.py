"""The package's types hold what the contracts say, for a type checker and for the API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.model.validation import Validator
from tests.support.shapes import every_shape
from tests.support.shop import shop_catalog
from tests.support.with_context import catalog_with_context
from tests.support.words import catalog_of_words
from tests.ugc.sdk.python.packages import named, put_package
from ugc.sdk.python.package import package_files, package_version

DOCS = Path(__file__).parents[4] / "docs" / "tracking-servers.md"

RIGHT = """
import datetime as dt
import uuid
from decimal import Decimal

import shapes_events
import shop_events
import ugc_events
from ugc_events import Context, ElementClick, Tracker


def send(tracker: Tracker) -> uuid.UUID:
    tracker.element_click(element_type="movie", page_type="main")
    tracker.page_view_start_v1(page_view_id=uuid.uuid4(), page_type="main")
    user = tracker.bound(token="t", context=Context(session_id="s-1"))
    return user.track(ElementClick(element_type="movie", page_type="main"), token=None)


def given() -> Context:
    return Context(application="billing", occurred_at=dt.datetime.now(dt.UTC), sequence=7)


def make() -> None:
    with Tracker("https://events.example.com", key="k", context=given, token=lambda: None) as own:
        send(own)
        own.flush()
        print(own.counts().dropped["full"])
    other = shop_events.Tracker("https://events.example.com")
    other.track(shop_events.CartChanged(cart_id=uuid.uuid4(), sku="TEA-0042", change=1))


SHAPE = shapes_events.EveryShapeV1Device(os="linux", width=3)
PRICE: Decimal | None = None
print(ugc_events.ElementClickV1, SHAPE, PRICE)
"""

WRONG = """
import uuid

import shapes_events
import ugc_events
from ugc_events import Context, Tracker

tracker = Tracker("https://events.example.com")
tracker.element_click(element_type="movie", page_typ="main")
tracker.element_click(element_type="movie")
tracker.element_clik(element_type="movie", page_type="main")
tracker.element_click(element_type="movie", page_type="main", colour="red")
tracker.element_click(element_type=1, page_type="main")
tracker.page_view_start(page_view_id="not a uuid", page_type="main")
ugc_events.ElementClick(element_type="movie", page_type="main", extra=1)
ugc_events.ElementClik(element_type="movie", page_type="main")
tracker.track("element_click")
tracker.track(Context())
Context(sesion_id="s")
Context(sequence="7")
Tracker("https://x", context=ugc_events.ElementClick(element_type="", page_type=""))
shapes_events.EveryShapeV1Device(width=3)
shapes_events.Tracker("https://events.example.com", context=Context())
def f(shape: shapes_events.EveryShape) -> None: shape.choice = "a"
def g(shape: shapes_events.EveryShape) -> None: x: int = shape.choice
CHOICE: shapes_events.EveryShapeV1Seen = shapes_events.EveryShapeV1Seen(on="2026-01-31")
"""


def programs(text: str) -> Iterator[str]:
    yield from (part.partition("```")[0] for part in text.split("```python\n")[1:])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three projects' packages."""
    folder = tmp_path_factory.mktemp("packages")
    shapes, _ = every_shape()
    for catalog in (catalog_with_context(), named(shop_catalog(), "shop"), named(shapes, "shapes")):
        put_package(catalog, folder)
    return folder


@pytest.fixture(scope="module")
def errors(folder: Path) -> dict[tuple[str, int], list[str]]:
    """What mypy says, by file and line."""
    (folder / "right.py").write_text(RIGHT)
    (folder / "wrong.py").write_text(WRONG)
    (folder / "told.py").write_text("\n".join(programs(DOCS.read_text(encoding="utf-8"))))
    packages = [folder / name for name in ("ugc", "shop", "shapes")]
    for each in packages:
        (program,) = programs((each / "README.md").read_text(encoding="utf-8"))
        (folder / f"readme_{each.name}.py").write_text(program)
    modules = [
        option
        for each in packages
        for option in ("-p", f"{each.name}_events", "-m", f"readme_{each.name}")
    ]
    options = ["--strict", "--no-error-summary", "--config-file="]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "mypy",
            *options,
            *modules,
            "-m",
            "right",
            "-m",
            "wrong",
            "-m",
            "told",
        ],
        cwd=folder,
        env={**os.environ, "MYPYPATH": os.pathsep.join(map(str, packages))},
        capture_output=True,
        text=True,
    )
    found: dict[tuple[str, int], list[str]] = {}
    for line in done.stdout.splitlines():
        name, number, kind, text = line.split(":", 3)
        if kind.strip() == "error":
            found.setdefault((name, int(number)), []).append(text.strip())
    assert found, done.stdout + done.stderr
    return found


@pytest.mark.timeout(400)
def test_packages_their_right_use_readmes_and_the_docs_are_clean_under_mypy_strict(
    errors: dict[tuple[str, int], list[str]],
) -> None:
    assert {place: told for place, told in errors.items() if place[0] != "wrong.py"} == {}


@pytest.mark.timeout(400)
def test_every_wrong_use_is_an_error(errors: dict[tuple[str, int], list[str]]) -> None:
    lines = WRONG.splitlines()
    first = next(number for number, line in enumerate(lines, 1) if "element_click(" in line)
    wrong = {("wrong.py", number) for number in range(first, len(lines) + 1)}
    assert set(errors) == wrong
    assert 'maybe "element_click"' in errors["wrong.py", first + 2][0]


PROGRAM = """
import datetime as dt, uuid
from decimal import Decimal
from shapes_events import EveryShape, EveryShapeV1Device, EveryShapeV1Seen
from shapes_events._core.encoding import to_json

day = dt.date(2026, 1, 31)
print(to_json(EveryShape(
    text="x", choice="a", maybe_text=None, id=uuid.uuid4(), at=dt.datetime.now(dt.UTC), day=day,
    count=2**63 - 1, ratio=0.5, price=Decimal("12.50"), rate=Decimal("0.000000000000000001"),
    flag=True, tags=["a"], matrix=[[1, None]], labels={"a": 1},
    device=EveryShapeV1Device(os="linux"), seen=[EveryShapeV1Seen(on=day)],
    maybe_rate_too=Decimal("1e3"), maybe_device_too=EveryShapeV1Device(os="x", width=1),
)))
"""


def test_what_is_encoded_is_what_the_contract_takes(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "PYTHONPATH": str(folder / "shapes")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    _, contract = every_shape()
    data = json.loads(done.stdout)
    assert list(Validator(contract.schema).violations(data)) == []
    assert data["rate"] == "0.000000000000000001"
    assert data["price"] == 12.5
    assert data["maybe_text"] is None
    assert data["maybe_rate_too"] == "1000"
    assert "maybe_text_too" not in data


def test_a_package_imports_nothing_but_the_standard_library(folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import ugc_events, sys; print(*sys.modules)"],
        env={"PYTHONPATH": str(folder / "ugc")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    foreign = {
        name.partition(".")[0]
        for name in done.stdout.split()
        if not name.startswith(("_", "ugc_events", "encodings"))
    } - set(sys.stdlib_module_names)
    assert foreign == set()


def test_events_may_be_called_as_python_calls_its_own_and_texts_end_nothing() -> None:
    catalog = catalog_of_words(["class", "none", "self", "track", "tracker", "true"], ["is"])
    files = package_files(catalog)
    for path, text in files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
    made = files["ugc_events/events.py"]
    assert isinstance(made, str)
    for name in ("None_ = NoneV1", "Tracker_ = TrackerV1", "class_ = class_v1", "self_ ="):
        assert f"{name}" in made


def test_the_same_contracts_give_the_same_files() -> None:
    assert package_files(catalog_with_context()) == package_files(catalog_with_context())


def test_a_package_version_grows_with_each_contract() -> None:
    shapes, _ = every_shape()
    assert package_version(shapes) > package_version(named(shop_catalog(), "shop"))


@pytest.mark.parametrize("catalog", [catalog_with_context(), shop_catalog()])
def test_the_readme_shows_a_program_that_is_one(catalog: object) -> None:
    readme = package_files(catalog)["README.md"]  # type: ignore[arg-type]
    assert isinstance(readme, str)
    (program,) = programs(readme)
    compile(program, "README.md", "exec")
