"""What a catalogue of many contracts costs: time by stage, sizes, and a page that is asked for.

::

    python -m bench.catalog [--contracts 500] [--versions 30]

Contracts are the project's own under other names; then one event with many versions, whose pairs
all have a page.  Processor time; sizes in kB as they are and gzipped.
"""

from __future__ import annotations

import argparse
import copy
import gzip
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from bench.lint import write_contracts
from contracts.model.loader import load_catalog
from ugc.catalog.about import About
from ugc.catalog.site import Site
from ugc.catalog.writing import write_site

_Result = TypeVar("_Result")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--contracts", type=int, default=500)
    parser.add_argument("--versions", type=int, default=30)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        write_contracts(Path(name) / "many", options.contracts)
        tell(Path(name), "many", f"{options.contracts} contracts")
        write_contracts(Path(name) / "long", 1)
        add_versions(Path(name) / "long", options.versions)
        tell(Path(name), "long", f"one event of {options.versions} versions")


def add_versions(folder: Path, count: int) -> None:
    """Each has one optional field more than the one before."""
    event = next((folder / "events").iterdir())
    document = json.loads((event / "v1.json").read_text(encoding="utf-8"))
    for version in range(2, count + 1):
        document = copy.deepcopy(document)
        field = {"type": "integer", "description": f"Came with version {version}."}
        document["properties"][f"field_{version}"] = field
        (event / f"v{version}.json").write_text(json.dumps(document), encoding="utf-8")


def tell(folder: Path, name: str, words: str) -> None:
    catalog, loading = timed(lambda: load_catalog(folder / name))
    about = About(title="bench", topic="bench.events")
    site = Site(catalog, about)
    _, first = timed(lambda: site.page(""))
    _, whole = timed(lambda: write_site(Site(catalog, about), folder / f"{name}-site"))
    _, again = timed(lambda: write_site(Site(catalog, about), folder / f"{name}-site"))
    files = [path for path in (folder / f"{name}-site").rglob("*") if path.is_file()]
    home = folder / f"{name}-site" / "index.html"
    beside = [home, home.with_name("catalog.css"), home.with_name("catalog.js")]
    print(
        f"{words}: {len(files)} files, {sum(f.stat().st_size for f in files) / 1e6:.1f} MB;"
        f" contracts loaded in {loading:.2f} s, the site written in {whole:.2f} s, over the same"
        f" one in {again:.2f} s; the first page alone {first * 1000:.0f} ms"
    )
    print(
        f"  first page {kilobytes(beside[:1])}, with style and script {kilobytes(beside)};"
        f" search {kilobytes([home.with_name('search.js')])};"
        f" largest page {max(f.stat().st_size for f in files if f.suffix == '.html') / 1e3:.0f} kB"
    )


def kilobytes(files: list[Path]) -> str:
    raw = [file.read_bytes() for file in files]
    packed = sum(len(gzip.compress(each, 9)) for each in raw)
    return f"{sum(map(len, raw)) / 1e3:.0f} kB ({packed / 1e3:.1f} gzipped)"


def timed(work: Callable[[], _Result]) -> tuple[_Result, float]:
    began = time.process_time()
    return work(), time.process_time() - began


if __name__ == "__main__":
    main()
