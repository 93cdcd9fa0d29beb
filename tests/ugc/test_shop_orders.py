"""A shop's orders (``tests/contracts/shop_orders``): from the body of a request to sums in SQL.

Items are a list of objects with exact prices, the address is a shared definition and may be absent,
and so may the coupons; version 2 says more of each.  An opened cart says no more than that it was
opened, and each of them may have a context.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from ch_schema.migrate.run import ensure_tables
from contracts.lint import lint_folder
from contracts.model.loader import Catalog, load_catalog
from tests.api.world import World, post
from tests.etl.world import World as EtlWorld
from tests.support.contract_folder import copy_of_contracts
from ugc.compatibility.findings import Report
from ugc.compatibility.judge import judge
from ugc.compatibility.sources import from_folder
from ugc.contracts.command import command

SHOP = Path("tests/contracts/shop_orders")
ORDER = json.loads((SHOP / "examples/order_placed/v1/valid/full.json").read_text(encoding="utf-8"))
SMALL = json.loads(
    (SHOP / "examples/order_placed/v1/valid/smallest.json").read_text(encoding="utf-8")
)


def shop(folder: Path, *, versions: int) -> Path:
    """The shop's contracts up to a version, with the envelopes that every project has."""
    found = copy_of_contracts(folder)
    for part in ("events", "examples", "shared", "context"):
        shutil.rmtree(found / part, ignore_errors=True)
        shutil.copytree(SHOP / part, found / part)
    for number in range(versions + 1, 3):
        (found / f"events/order_placed/v{number}.json").unlink()
        shutil.rmtree(found / f"examples/order_placed/v{number}")
    return found


@pytest.fixture
def clickhouse(tmp_path: Path) -> Iterator[ClickHouse]:
    with closing(connect(f"chdb://{tmp_path / 'clickhouse'}/ugc")) as client:
        yield client


def store(catalog: Catalog, client: ClickHouse, *bodies: bytes | dict[str, Any]) -> None:
    """Each body through the API, and what it published through the loader."""
    api = World(catalog)
    for body in bodies:
        answer = post(api.client(), body)
        assert answer.status_code == 202, answer.text
    ensure_tables(client, catalog)
    etl = EtlWorld(catalog, tables=client)
    etl.context = replace(etl.context, decoder=api.decoder)
    for record in api.publisher.published:
        etl.topic.append(0, record.key, record.value, etl.stamp())
    report = etl.run()
    assert not etl.dead_letters.letters
    assert sum(each.loaded for each in report.events.values()) == len(bodies)


def order(**data: Any) -> dict[str, Any]:
    return {"event": "order_placed", "token": None, "data": {**SMALL, **data}}


@pytest.mark.parametrize("versions", [1, 2])
def test_lint_finds_nothing_wrong(tmp_path: Path, versions: int) -> None:
    assert lint_folder(shop(tmp_path, versions=versions)) == ()


def test_an_order_is_read_by_sql(tmp_path: Path, clickhouse: ClickHouse) -> None:
    catalog = load_catalog(shop(tmp_path, versions=1))
    opened = {"event": "cart_opened", "token": None, "data": {}}
    full = {"event": "order_placed", "token": None, "data": ORDER}
    store(catalog, clickhouse, full, order(), order(coupons=["A"]), opened)

    def ask(sql: str) -> list[dict[str, Any]]:
        return clickhouse.query(sql)

    assert ask(
        "SELECT item.sku AS sku, sum(item.price * item.quantity) AS revenue"
        " FROM ugc_unique.order_placed ARRAY JOIN items AS item GROUP BY sku ORDER BY sku"
    ) == [
        {"sku": "CUP-1", "revenue": Decimal("12.70")},
        {"sku": "TEA-GREEN-100", "revenue": Decimal("9.90")},
    ]
    assert ask("SELECT sum(total) AS total FROM ugc_unique.order_placed") == [
        {"total": Decimal("26.50")}
    ]
    assert ask(
        "SELECT arrayJoin(items.sku) AS sku FROM ugc_unique.order_placed"
        " WHERE shipping__country = 'DE' ORDER BY sku"
    ) == [{"sku": "CUP-1"}, {"sku": "TEA-GREEN-100"}]
    assert ask(
        "SELECT countIf(NOT coupons__present) AS absent, countIf(coupons__present AND"
        " empty(coupons)) AS empty, countIf(notEmpty(coupons)) AS some"
        " FROM ugc_unique.order_placed"
    ) == [{"absent": 1, "empty": 1, "some": 1}]
    assert ask("SELECT shipping__present, shipping__fee, labels FROM ugc_unique.order_placed"
               " WHERE total > 1") == [
        {
            "shipping__present": True,
            "shipping__fee": Decimal("3.90"),
            "labels": {"campaign": "spring"},
        }
    ]  # fmt: skip
    assert ask(
        "SELECT i.size__present AS sized, i.size__width_mm AS width, i.options AS options,"
        " i.options__present AS chosen FROM ugc_unique.order_placed ARRAY JOIN items AS i"
        " WHERE total > 1 ORDER BY i.sku"
    ) == [
        {"sized": False, "width": None, "options": [], "chosen": False},
        {"sized": True, "width": 80, "options": ["large"], "chosen": True},
    ]
    assert ask("SELECT count() AS n FROM ugc_unique.cart_opened") == [{"n": 1}]


def test_an_order_and_its_cart_are_of_one_session(tmp_path: Path, clickhouse: ClickHouse) -> None:
    catalog = load_catalog(shop(tmp_path, versions=1))
    context = {"session_id": "s-7", "locale": "de-DE", "sequence": 2}
    opened = {"event": "cart_opened", "token": None, "data": {}, "context": context}
    placed = {"event": "order_placed", "token": None, "data": ORDER, "context": context}
    store(catalog, clickhouse, opened, placed, order())
    assert clickhouse.query(
        "SELECT session, count() AS orders, sum(total) AS total FROM"
        " (SELECT context__session_id AS session, total FROM ugc_unique.order_placed)"
        " WHERE session IN (SELECT context__session_id FROM ugc_unique.cart_opened)"
        " GROUP BY session"
    ) == [{"session": "s-7", "orders": 1, "total": Decimal("26.30")}]


def test_no_cent_is_lost_on_the_way(tmp_path: Path, clickhouse: ClickHouse) -> None:
    """As a number with more digits than a double, as text, and in any spelling of a number."""
    catalog = load_catalog(shop(tmp_path, versions=2))
    written = [
        "12345678901234.56",
        '"12345678901234.57"',
        "0.1",
        "1e1",
        "0.30",
        "99999999999999.99",
    ]
    bodies = [
        json.dumps(order(total="TOTAL")).replace('"TOTAL"', text).encode() for text in written
    ]
    store(catalog, clickhouse, *bodies)
    stored = clickhouse.query("SELECT total FROM ugc_unique.order_placed")
    wanted = [Decimal(text.strip('"')) for text in written]
    assert sorted(row["total"] for row in stored) == sorted(wanted)
    (whole,) = clickhouse.query("SELECT sum(total) AS total FROM ugc_unique.order_placed")
    assert whole["total"] == sum(wanted)


@pytest.mark.parametrize(
    ("total", "told"),
    [
        ("0.125", "must have at most 2 decimals, since nothing is rounded, not 0.125"),
        ('"0.125"', "must have at most 2 decimals"),
        ("0.1000000000000000000001", "must have at most 2 decimals"),
        ("12345678901.00", "must have at most 10 digits before the point"),
        ("-0.01", "must be 0 or more, not -0.01"),
        ('"1,50"', 'such as "0.01", not "1,50"'),
    ],
)
def test_what_would_be_rounded_is_refused_with_its_reason(
    tmp_path: Path, total: str, told: str
) -> None:
    api = World(load_catalog(shop(tmp_path, versions=1)))
    answer = post(api.client(), json.dumps(order(total="TOTAL")).replace('"TOTAL"', total).encode())
    assert answer.status_code == 422
    (violation,) = answer.get_json()["violations"]
    assert violation["pointer"] == "/data/total"
    assert told in violation["message"]
    assert api.publisher.published == []


def verdict(tmp_path: Path, edit: Any = None) -> Report:
    base, head = (shop(tmp_path / str(number), versions=number) for number in (1, 2))
    if edit:
        path = head / "events/order_placed/v2.json"
        document = json.loads(path.read_text(encoding="utf-8"))
        edit(document)
        path.write_text(json.dumps(document), encoding="utf-8")
    return judge(from_folder(base), from_folder(head), dt.date(2026, 1, 1))


def test_version_2_passes_the_check_and_old_rows_are_read_as_they_were(
    tmp_path: Path, clickhouse: ClickHouse
) -> None:
    report = verdict(tmp_path)
    assert not any(event.breaking for event in report.events)
    first, second = (load_catalog(tmp_path / str(number) / "contracts") for number in (1, 2))
    full = {"event": "order_placed", "token": None, "data": ORDER}
    store(first, clickhouse, full)
    newer = json.loads(
        (SHOP / "examples/order_placed/v2/valid/full.json").read_text(encoding="utf-8")
    )
    store(second, clickhouse, {**full, "data": newer}, {**full, "version": 1})
    rows = clickhouse.query(
        "SELECT contract_version AS version, total, items.discount AS discounts,"
        " items.kind AS kinds, items.tags__present AS tagged,"
        " gift_notes.text AS notes, gift_notes__present AS noted"
        " FROM ugc.order_placed ORDER BY kafka_offset, version"
    )
    old = {
        "version": 1, "total": Decimal("26.30"), "discounts": [None, None],
        "kinds": ["goods", None], "tagged": [False, False], "notes": [], "noted": False,
    }  # fmt: skip
    new = {
        "version": 2, "total": Decimal("12345678901234.56"), "discounts": [Decimal("0.50"), None],
        "kinds": ["service", None], "tagged": [True, False], "notes": ["Enjoy"], "noted": True,
    }  # fmt: skip
    assert rows == [old, new, old]


def items_of(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["properties"]["items"]["items"]
    return found


@pytest.mark.parametrize(
    ("edit", "codes"),
    [
        (
            lambda d: d["properties"]["total"].update({"x-decimal": {"precision": 16, "scale": 3}}),
            {"decimal.finer", "avro.type-mismatch", "clickhouse.refused"},
        ),
        (
            lambda d: items_of(d)["required"].append("kind"),
            {"required.added", "avro.type-mismatch", "clickhouse.refused"},
        ),
        (
            lambda d: items_of(d)["properties"]["price"].update(type="number"),
            {"type.changed"},
        ),
    ],
)  # fmt: skip
def test_what_harms_clients_or_rows_does_not_pass(
    tmp_path: Path, edit: Any, codes: set[str]
) -> None:
    report = verdict(tmp_path, edit)
    breaking = [f for event in report.events for f in event.findings if f.breaking]
    assert codes & {finding.code for finding in breaking} == codes - {"decimal.finer"}
    refused = [finding for finding in breaking if finding.target == "http"]
    assert all(finding.payload for finding in refused)


def test_samples_are_made_by_the_command_line(tmp_path: Path) -> None:
    env = {"CONTRACTS_DIR": str(shop(tmp_path, versions=2))}
    done = CliRunner().invoke(command, ["sample", "order_placed"], env=env, catch_exceptions=False)
    assert done.exit_code == 0
    assert '"items"' in done.output
