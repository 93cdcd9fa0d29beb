"""The verdict held against what really happens, for random changes of random contracts.

``COMPATIBILITY_EXAMPLES`` sets how many changes are tried without a table; every tenth of them is
also tried in ClickHouse.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, event, given, settings
from hypothesis import strategies as st

from ch_schema.client.connect import connect
from ch_schema.client.protocol import ClickHouse
from tests.support.compatibility_proof import ENVELOPES, Change
from tests.support.contracts import contracts, mutations, with_unknown_fields
from tests.support.payloads import values
from ugc.compatibility.findings import EventReport
from ugc.compatibility.verdict_table import judge_pair

EXAMPLES = int(os.environ.get("COMPATIBILITY_EXAMPLES", "150"))

relaxed = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    deadline=None,
    suppress_health_check=[
        HealthCheck.filter_too_much,
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
    ],
)


@pytest.fixture(scope="module")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    folder: Path = tmp_path_factory.mktemp("gate")
    client = connect(f"chdb://{folder}")
    yield client
    client.close()


def _case(data: st.DataObject) -> tuple[EventReport, Change, list[Any]]:
    old = data.draw(contracts())
    new = data.draw(mutations(old))
    known = new["properties"].keys()
    assume(old != new)
    assume(all(name in known for name in new["x-table"].get("key", ())))
    change = Change(old, new)
    report = judge_pair(old, new, ENVELOPES)
    plain = data.draw(st.lists(values(old), min_size=4, max_size=8))
    drawn = [with_unknown_fields(data.draw, old, payload) for payload in plain]
    payloads = [*filter(change.was_accepted, drawn)]
    event(f"{'breaking' if report.breaking else 'ok'}, {'with' if payloads else 'no'} payloads")
    return report, change, payloads


@settings(relaxed, max_examples=EXAMPLES)
@given(st.data())
def test_what_the_gate_lets_through_harms_no_payload_and_no_reader(data: st.DataObject) -> None:
    report, change, payloads = _case(data)
    if not report.breaking:
        assert change.harm(payloads) == []


@settings(relaxed, max_examples=max(24, EXAMPLES // 10))
@given(st.data())
def test_what_the_gate_lets_through_harms_no_row(
    clickhouse: ClickHouse, data: st.DataObject
) -> None:
    report, change, payloads = _case(data)
    if not report.breaking:
        assert change.table_harm(clickhouse, report.statements, payloads) == []


@settings(relaxed, max_examples=EXAMPLES)
@given(st.data())
def test_every_counter_example_is_one(data: st.DataObject) -> None:
    report, change, _ = _case(data)
    for finding in report.breaking:
        if finding.payload is not None:
            assert change.harm([finding.payload]) != []
