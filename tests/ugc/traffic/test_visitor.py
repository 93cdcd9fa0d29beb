"""Visitors are made from any contracts: what they send is taken, but for what is wrong."""

from __future__ import annotations

import datetime as dt
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import paths
from contracts.model.loader import Catalog, load_catalog, package_folder, parse_contract
from contracts.model.types import Deprecation
from tests.api.world import World
from tests.support.contracts import contracts as random_contracts
from tests.support.shop import SHOP, shop_catalog
from ugc.traffic.bad import bad_bodies
from ugc.traffic.repertoire import Repertoire, one_of_each
from ugc.traffic.run import NothingToSendError, repertoire_of
from ugc.traffic.visitor import Habits, Step, Visitor

TODAY = dt.date(2026, 1, 31)
FILMS = load_catalog(package_folder())
ALL_AT_ONCE = Habits(sends_twice=0.3, sends_bad=1.0, never_ends=0.3)
PROJECTS = pytest.mark.parametrize(
    ("catalog", "folder"),
    [(FILMS, package_folder()), (shop_catalog(), SHOP)],
    ids=["films", "shop"],
)


def with_contracts(schemas: dict[str, dict[str, Any]], *others: Catalog) -> Catalog:
    """A catalog of these schemas, and of everything in others."""
    versions = {
        event: {1: parse_contract(event, 1, schema, Path(event))}
        for event, schema in schemas.items()
    }
    for each in others:
        versions |= each.versions
    return Catalog(versions, FILMS.envelopes)


def visits(catalog: Catalog, folder: Path, number: int, token: str | None = None) -> list[Step]:
    repertoire = Repertoire(catalog, today=TODAY)
    bad = bad_bodies(catalog, folder, repertoire, random.Random(1))
    return [
        step
        for seed in range(number)
        for step in Visitor(random.Random(seed), token, ALL_AT_ONCE, repertoire, bad).session()
    ]


def status_of(client: FlaskClient, body: bytes) -> int:
    return client.post(paths.EVENTS, data=body, content_type="application/json").status_code


@PROJECTS
def test_what_is_right_is_accepted_and_what_is_wrong_is_refused(
    catalog: Catalog, folder: Path
) -> None:
    world = World(catalog)
    client = world.client()
    steps = visits(catalog, folder, 30, world.good_token)
    for step in steps:
        status = status_of(client, step.body)
        assert (status == 202) is not step.is_bad, step.body
        assert status < 500
    sent = {json.loads(step.body)["event"] for step in steps if not step.is_bad}
    assert sent == {each.event for each in catalog.newest if each.origin == "client"}


@PROJECTS
def test_every_wrong_request_is_refused_and_of_many_kinds(catalog: Catalog, folder: Path) -> None:
    client = World(catalog).client()
    repertoire = Repertoire(catalog, today=TODAY)
    codes = set()
    for body in bad_bodies(catalog, folder, repertoire, random.Random(7)):
        answer = client.post(paths.EVENTS, data=body, content_type="application/json")
        assert 400 <= answer.status_code < 500, body
        codes.add(answer.get_json()["code"])
    assert codes >= {
        *("body_empty", "json_invalid", "json_duplicate_key", "envelope_invalid"),
        *("event_unknown", "event_not_accepted", "version_unknown", "data_invalid"),
        "token_invalid",
    }


@PROJECTS
def test_an_end_has_the_keys_of_its_start_and_no_view_begins_twice(
    catalog: Catalog, folder: Path
) -> None:
    (pairing,) = catalog.pairings.values()
    steps = [step for step in visits(catalog, folder, 60) if not step.is_bad]
    messages = {json.loads(step.body)["event_id"]: (step, json.loads(step.body)) for step in steps}
    found = [message for _, message in messages.values()]
    started = [
        [each["data"][key] for key in pairing.keys]
        for each in found
        if each["event"] == pairing.start
    ]
    ended = [
        [each["data"][key] for key in pairing.keys]
        for each in found
        if each["event"] == pairing.end
    ]
    assert len(started) == len(set(map(str, started)))
    assert 0 < len(ended) < len(started)
    assert all(keys in started for keys in ended)
    begun = {step.begins for step, _ in messages.values() if step.begins is not None}
    assert len(begun) == len(started)


def test_what_belongs_together_has_one_cart() -> None:
    repertoire = Repertoire(shop_catalog(), today=TODAY)
    carts = []
    for seed in range(30):
        visitor = Visitor(random.Random(seed), None, Habits(never_ends=0.0), repertoire, ())
        for step in visitor.session():
            message = json.loads(step.body)
            if message["event"] == "checkout_started":
                carts.append(set())
            if message["event"] in ("cart_changed", "order_placed"):
                carts[-1].add(message["data"]["cart_id"])
    assert any(carts)
    assert all(len(each) <= 1 for each in carts)


@PROJECTS
def test_one_of_each_is_what_the_contracts_show(catalog: Catalog, folder: Path) -> None:
    world = World(catalog)
    repertoire = Repertoire(catalog, today=TODAY)
    client = world.client()
    requests = list(one_of_each(repertoire, random.Random(1), world.good_token))
    sent = [request["event"] for request, _ in requests]
    assert sorted(sent) == sorted(e.event for e in catalog.newest if e.origin == "client")
    for request, _ in requests:
        assert status_of(client, json.dumps(request).encode()) == 202
        example = catalog.get(request["event"]).examples[0]
        assert request["data"].keys() == example.keys()
    assert {request["token"] for request, _ in requests} == {None, world.good_token}


@given(st.dictionaries(st.sampled_from(["one", "two"]), random_contracts(), min_size=1))
@settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))
def test_visits_are_made_of_any_contracts(schemas: dict[str, dict[str, Any]]) -> None:
    catalog = with_contracts(schemas)
    client = World(catalog).client()
    for step in visits(catalog, Path("nowhere"), 4):
        assert (status_of(client, step.body) == 202) is not step.is_bad, step.body


def test_few_keys_end_the_pair_and_not_the_visit() -> None:
    shop = shop_catalog()
    few = {"type": "string", "enum": ["till 1", "till 2"], "description": "The till."}
    schemas = {
        half: {
            **shop.get(half).schema,
            "properties": {**shop.get(half).schema["properties"], "checkout_id": few},
        }
        for half in ("checkout_started", "checkout_ended")
    }
    catalog = Catalog({**shop.versions, **with_contracts(schemas).versions}, shop.envelopes)
    begun = {step.begins for step in visits(catalog, SHOP, 40) if step.begins}
    assert len(begun) == 2
    assert len(visits(catalog, SHOP, 40)) > 40


def test_an_event_without_a_payload_is_left_out_with_the_reason() -> None:
    contract = dict(shop_catalog().get("cart_changed").schema)
    text = {"type": "string", "minLength": 60_000, "maxLength": 60_000, "description": "Long."}
    contract["properties"] = {**contract["properties"], "sku": text}
    catalog = with_contracts({"long": contract})
    repertoire = Repertoire(catalog, today=TODAY)
    assert not repertoire
    assert "too much for a request" in repertoire.left_out["long"]
    with pytest.raises(NothingToSendError, match=r"no event that a client can send(?s:.*)long: "):
        repertoire_of(catalog, Path("here"))


def test_a_retired_version_is_not_sent() -> None:
    shop = shop_catalog()
    ended = Deprecation(
        since=TODAY, sunset=TODAY, reason="Orders come from the till.", retired=TODAY
    )
    orders = {1: replace(shop.get("order_placed"), deprecation=ended)}
    catalog = Catalog({**shop.versions, "order_placed": orders}, shop.envelopes)
    yesterday = Repertoire(catalog, today=TODAY - dt.timedelta(days=1))
    assert "order_placed" in {each.name for each in yesterday.events}
    assert "order_placed" not in {each.name for each in Repertoire(catalog, today=TODAY).events}


def test_without_pairs_visits_are_made_of_the_other_events() -> None:
    contract = shop_catalog().get("cart_changed")
    catalog = Catalog({"cart_changed": {1: contract}}, shop_catalog().envelopes)
    steps = visits(catalog, SHOP, 10)
    assert {step.begins for step in steps} == {None}
    assert {json.loads(each.body)["event"] for each in steps if not each.is_bad} == {"cart_changed"}
