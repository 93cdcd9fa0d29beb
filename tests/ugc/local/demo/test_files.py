"""Which files are a demo: those of the folder beside the contracts, and none from anywhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.model.loader import package_folder
from tests.support.shop import shop_contracts
from ugc.local.demo.files import INDEX, MEDIA_TYPES, demo_files


def written(folder: Path, *names: str) -> Path:
    """A folder of contracts with a demo of these files."""
    for name in names:
        path = folder / "demo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


def test_a_project_of_other_contracts_has_no_demo(tmp_path: Path) -> None:
    assert demo_files(shop_contracts(tmp_path)) == {}


def test_a_folder_without_an_index_is_no_demo(tmp_path: Path) -> None:
    assert demo_files(written(tmp_path, "look.css")) == {}


def test_files_are_named_as_they_lie(tmp_path: Path) -> None:
    found = demo_files(written(tmp_path, INDEX, "parts/a.js"))
    assert {name: path.read_text() for name, path in found.items()} == {
        INDEX: INDEX,
        "parts/a.js": "parts/a.js",
    }


@pytest.mark.parametrize("name", [".env", ".git/config.json", "notes.txt", "key.pem", "index.py"])
def test_what_no_page_needs_is_left_out(tmp_path: Path, name: str) -> None:
    assert name not in demo_files(written(tmp_path, INDEX, name))


def test_a_link_that_leads_out_is_left_out(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("{}")
    folder = written(tmp_path / "contracts", INDEX)
    (folder / "demo" / "linked.json").symlink_to(secret)
    assert set(demo_files(folder)) == {INDEX}


def test_the_demo_of_the_package_is_whole() -> None:
    """Everything that a file of it names is there."""
    folder = package_folder() / "demo"
    found = demo_files(package_folder())
    assert {path.name for path in folder.iterdir()} == set(found)
    assert {Path(name).suffix for name in found} <= set(MEDIA_TYPES)
