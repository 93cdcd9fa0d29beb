"""Applications that come later: what is registered, written and tabled goes on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ch_schema.ddl.tables import table_for
from ch_schema.migrate.diff import table_changes
from contracts.model.loader import Catalog, load_catalog
from registry.avro import avro_schema
from registry.compatibility import incompatibilities, resolve
from registry.lock import differences, lock_of
from registry.options import SubjectStrategy
from registry.sync import sync
from registry.testing import InMemoryRegistry
from tests.support.contract_folder import catalog_without_context
from tests.support.order import write
from tests.support.with_applications import FILE, catalog_with_applications, document
from tests.support.with_context import contracts_with_context, next_context

WITHOUT = catalog_without_context()
APPLICATIONS = catalog_with_applications()
BOTH = catalog_with_applications(has_context=True)


@pytest.fixture
def context(tmp_path: Path) -> Catalog:
    return load_catalog(contracts_with_context(tmp_path))


def test_old_and_new_messages_are_read_by_each_other(context: Catalog) -> None:
    for contract in WITHOUT:
        schemas = [
            resolve(avro_schema(each, each.get(contract.event, contract.version)))
            for each in (WITHOUT, APPLICATIONS, context, BOTH)
        ]
        for reader in schemas:
            for writer in schemas:
                assert list(incompatibilities(reader, writer)) == []


def test_schemas_from_before_are_no_drift_whichever_came_first(context: Catalog) -> None:
    for order in ((WITHOUT, APPLICATIONS, BOTH), (WITHOUT, context, BOTH), (context, BOTH)):
        registry = InMemoryRegistry()
        for each in order:
            assert sync(registry, each, SubjectStrategy.RECORD, "topic").drift == ()
            done = sync(registry, each, SubjectStrategy.RECORD, "topic")
            assert (done.actions, done.drift) == ((), ())


def test_schemas_of_applications_before_a_newer_context_are_no_drift(tmp_path: Path) -> None:
    folder = contracts_with_context(tmp_path)
    registry = InMemoryRegistry()
    theme = {"type": "string", "maxLength": 9, "description": "Colours.", "examples": ["dark"]}
    for change in (
        lambda: None,
        lambda: write(folder / FILE, document()),
        lambda: next_context(folder, lambda d: d["properties"].update(theme=theme)),
    ):
        change()
        plan = sync(registry, load_catalog(folder), SubjectStrategy.RECORD, "topic")
        assert plan.drift == ()


def test_each_table_gets_one_column_and_loses_nothing(context: Catalog) -> None:
    for before, after in ((WITHOUT, APPLICATIONS), (context, BOTH)):
        for contract in before.tables:
            old, new = table_for(contract), table_for(after.get(contract.event))
            (step,) = table_changes(old, new)
            assert step.statement is not None
            assert "ADD COLUMN" in step.statement
            assert "context__sent_by" in step.statement
            assert "LowCardinality" in step.statement


def test_the_lock_has_to_follow() -> None:
    assert differences(lock_of(WITHOUT), lock_of(APPLICATIONS))
    assert lock_of(APPLICATIONS).context == {}
