"""The npm package: its size, and what of the contracts is in it. Its types are held by
``test_typescript_full.py``, which needs a compiler."""

from __future__ import annotations

import contextlib
import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from contracts.model.loader import load_catalog, package_folder
from tests.api.world import with_event
from tests.support.with_applications import catalog_with_applications
from ugc.sdk.command import command
from ugc.sdk.errors import NoLanguageError, SdkError
from ugc.sdk.files import MARK, write_package
from ugc.sdk.typescript.declarations import declarations
from ugc.sdk.typescript.package import package_files, script_text
from ugc.sdk.typescript.readme import readme
from ugc.sdk.typescript.settings import settings_of

DIST = Path(__file__).parents[3] / "ugc" / "sdk" / "typescript" / "core" / "dist"
SIZES = {"tracker.mjs": 5_000, "tracker.js": 5_000, "light.mjs": 2_000, "light.js": 2_000}
"""Bundle → how many bytes it may have, packed as a web server packs it at best."""

TEXT = {"type": "string", "maxLength": 20, "description": "A text."}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, ["build", *arguments])


@pytest.mark.parametrize("bundle", SIZES)
def test_a_bundle_is_as_small_as_was_promised(bundle: str) -> None:
    assert len(gzip.compress((DIST / bundle).read_bytes(), 9, mtime=0)) <= SIZES[bundle]


@pytest.mark.parametrize("bundle", SIZES)
def test_a_bundle_has_a_map_with_its_sources(bundle: str) -> None:
    assert (DIST / bundle).read_text().endswith(f"//# sourceMappingURL={bundle}.map\n")
    found = json.loads((DIST / f"{bundle}.map").read_text())
    assert all(found["sourcesContent"])
    assert all(each.startswith("../src/") for each in found["sources"])


def test_the_package_knows_pairs_pages_and_versions_of_the_contracts() -> None:
    assert settings_of(load_catalog()) == {
        "fields": settings_of(load_catalog())["fields"],
        "versions": {
            "element_click": 1,
            "page_view_end": 1,
            "page_view_start": 1,
            "quality_change": 1,
            "search_filter": 1,
            "video_complete": 1,
        },
        "pairs": {
            "page_view": {
                "start": "page_view_start",
                "end": "page_view_end",
                "id": "page_view_id",
                "shared": ["page_view_id", "page_type"],
            }
        },
        "pages": {"pair": "page_view", "type": "page_type"},
    }


def test_a_project_without_pairs_has_no_page_view() -> None:
    catalog = with_event("order_placed", {"note": TEXT})
    alone = {"order_placed": catalog.versions["order_placed"]}
    found = declarations(type(catalog)(versions=alone, envelopes=catalog.envelopes))
    assert "pageView" not in found
    assert "begin(" not in found
    assert "context?: undefined;" in found


def test_a_text_of_a_contract_does_not_end_its_comment() -> None:
    catalog = with_event("order_placed", {"note": {**TEXT, "description": "Ends */ here."}})
    assert "Ends *\\/ here." in declarations(catalog)


def test_every_file_that_the_manifest_names_is_there() -> None:
    files = package_files(load_catalog())
    manifest = json.loads(files["package.json"])
    named = re.findall(r'"\./([^"]+)"', json.dumps(manifest))
    assert {each for each in named if "." in each} <= set(files)
    assert manifest["name"] == "ugc-events"
    assert "dependencies" not in manifest
    for script in ("browser.js", "browser-light.js"):
        found = re.search(r"sourceMappingURL=(.+)", str(files[script]))
        assert found is not None
        assert found[1] in files


def test_the_readme_has_a_key_where_the_project_has_applications() -> None:
    assert '  key: "…",' in readme("ugc-events", catalog_with_applications())
    assert "key:" not in readme("ugc-events", load_catalog())


def test_the_readme_begins_with_no_half_of_a_pair() -> None:
    kept = ("page_view", "page_view_end", "page_view_start", "video_complete")
    whole = load_catalog()
    catalog = replace(whole, versions={event: whole.versions[event] for event in kept})
    assert 'tracker.track("video_complete", {' in readme("ugc-events", catalog)


def test_a_script_knows_the_project() -> None:
    assert '"pair":"page_view"' in script_text(load_catalog())
    assert '"pair":"page_view"' in script_text(load_catalog(), light=True)


def test_the_command_writes_the_package_and_the_same_again(tmp_path: Path) -> None:
    folder = tmp_path / "package"
    assert run("--typescript", "--out", str(folder)).exit_code == 0
    first = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    (folder / "left over.js").write_text("")
    told = run("--typescript", "--out", str(folder))
    assert told.exit_code == 0
    assert f"npm install {folder}" in told.output
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == first


def test_the_command_writes_into_sdk_here_and_says_a_path_that_npm_takes_for_one(
    tmp_path: Path,
) -> None:
    with contextlib.chdir(tmp_path):
        told = run("--typescript")
        assert Path("sdk/typescript/index.js").is_file()
    assert "npm install ./sdk/typescript" in told.output
    assert f"contracts: {package_folder()}" in told.stderr, "outside of a project: the package's"


def test_a_folder_of_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(SdkError, match="did not make"):
        write_package(tmp_path, {"a": "b"})
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    write_package(tmp_path / "new" / "package", {"core/a.js": b"b"})
    write_package(tmp_path / "new" / "package", {"core/a.js": "c"})
    assert (tmp_path / "new" / "package" / "core" / "a.js").read_text() == "c"
    assert (tmp_path / "new" / "package" / MARK).is_file()


def test_without_a_language_the_command_names_them() -> None:
    assert isinstance(run().exception, NoLanguageError)
    assert "--typescript" in str(run().exception)
