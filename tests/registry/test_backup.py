"""A registry that was lost gets its schemas back under the ids they had."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from contracts.model.loader import load_catalog
from registry.backup import backup_text, missing_subjects, put_back, read_backup
from registry.client import ConfluentRegistry
from registry.errors import BackupError
from registry.options import RegistryOptions, SubjectStrategy
from registry.sync import State, survey, sync
from tests.support.registry_server import registry_server

CATALOG = load_catalog()
OTHER = json.dumps({"type": "record", "name": "other", "fields": []})


@contextmanager
def served(folder: Path) -> Iterator[ConfluentRegistry]:
    folder.mkdir()
    with (
        registry_server(folder) as server,
        closing(ConfluentRegistry(server.url, RegistryOptions())) as registry,
    ):
        yield registry


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[ConfluentRegistry]:
    """A registry in which others were faster, so that ids do not begin with 1."""
    with served(tmp_path / "lost") as registry:
        for number in range(3):
            registry.register(f"foreign-{number}", OTHER.replace("other", f"other{number}"))
        sync(registry, CATALOG, SubjectStrategy.RECORD, "topic")
        yield registry


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[ConfluentRegistry]:
    with served(tmp_path / "empty") as registry:
        yield registry


def of(registry: ConfluentRegistry) -> State:
    return survey(registry, SubjectStrategy.RECORD, "topic")


def test_everything_is_back_with_its_ids_and_levels(
    lost: ConfluentRegistry, empty: ConfluentRegistry
) -> None:
    kept = read_backup(backup_text(of(lost)))
    lacking = missing_subjects(empty, kept, of(empty))
    assert set(lacking) == set(of(lost))
    put_back(empty, kept, lacking)
    assert of(empty) == of(lost)
    # It is a registry as any other again.
    assert sync(empty, CATALOG, SubjectStrategy.RECORD, "topic").actions == ()
    empty.register("another", OTHER)


def test_a_half_done_one_is_finished(lost: ConfluentRegistry, empty: ConfluentRegistry) -> None:
    kept = of(lost)
    first, *rest = missing_subjects(empty, kept, of(empty))
    put_back(empty, kept, (first,))
    assert missing_subjects(empty, kept, of(empty)) == tuple(rest)


def test_a_subject_that_is_half_back_is_finished(
    lost: ConfluentRegistry, empty: ConfluentRegistry
) -> None:
    name = "ugc.events.element_click"
    longer = json.loads(of(lost)[name].versions[0].text)
    longer["fields"].append({"name": "more", "type": "int", "default": 0})
    lost.register(name, json.dumps(longer))
    kept = of(lost)
    empty.put_back(name, kept[name].versions[:1])
    assert name in missing_subjects(empty, kept, of(empty))
    put_back(empty, kept, (name,))
    assert of(empty)[name] == kept[name]


def test_nothing_is_put_beside_what_a_sync_made_meanwhile(
    lost: ConfluentRegistry, empty: ConfluentRegistry
) -> None:
    sync(empty, CATALOG, SubjectStrategy.RECORD, "topic")
    with pytest.raises(BackupError, match=r"element_click has other versions or ids there"):
        missing_subjects(empty, of(lost), of(empty))


def test_an_id_that_another_schema_has_is_told(
    lost: ConfluentRegistry, empty: ConfluentRegistry
) -> None:
    for number in range(6):
        empty.register(f"foreign-{number}", OTHER.replace("other", f"strange{number}"))
    with pytest.raises(BackupError, match=r"id 4, of .*, belongs to another schema there"):
        missing_subjects(empty, of(lost), of(empty))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 1}',
        '{"format": 1, "subjects": {"a": {}}}',
        '{"format": 1, "subjects": []}',
    ],
)
def test_a_file_that_is_none_is_told(text: str) -> None:
    with pytest.raises(BackupError, match="no file that `ugc registry save` wrote"):
        read_backup(text)


def test_a_file_of_another_version_is_told() -> None:
    with pytest.raises(BackupError, match="its format is 2, and 1 is known here"):
        read_backup('{"format": 2, "subjects": {}}')
