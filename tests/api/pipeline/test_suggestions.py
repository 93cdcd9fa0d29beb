"""What a sender probably meant is said beside what is wrong, and costs little."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api import paths
from api.errors import Rejection
from api.pipeline.checking import Checks
from api.pipeline.suggestions import Suggestions
from contracts.model.loader import Catalog
from tests.api.world import NOW, World, post, with_event
from tests.support.shop import shop_catalog

SHOP = shop_catalog()
CART = "9b0d5c72-41fe-4a86-b3d5-07c2a9e1f634"
CHANGED = {"cart_id": CART, "sku": "TEA-0042", "change": 1}


def event(name: str = "cart_changed", data: Any = CHANGED, **more: Any) -> dict[str, Any]:
    return {"event": name, "token": None, "data": data, **more}


def refused(document: Any, catalog: Catalog = SHOP) -> dict[str, Any]:
    answer = post(World(catalog).client(), json.dumps(document).encode())
    assert 400 <= answer.status_code < 500
    found: dict[str, Any] = answer.get_json()
    return found


def messages(found: dict[str, Any]) -> dict[str, str]:
    return {each["pointer"]: each["message"] for each in found["violations"]}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("cartChanged", "; did you mean cart_changed?"),
        ("order_palced", "; did you mean order_placed?"),
        ("checkout_startet", "; did you mean checkout_started or checkout_ended?"),
        ("checkoutt", "; did you mean checkout_started or checkout_ended?"),
    ],
)
def test_an_unknown_event_is_told_the_nearest_that_can_be_sent(name: str, told: str) -> None:
    found = refused(event(name))
    assert found["code"] == "event_unknown"
    assert found["detail"] == f"no contract describes the event '{name}'{told}"


def test_an_event_like_none_is_told_of_none() -> None:
    assert refused(event("newsletter"))["detail"].endswith("the event 'newsletter'")


def test_an_event_of_the_loader_is_told_what_it_is_made_of() -> None:
    found = refused(event("checkout", {"device": "phone", "seconds": 1, "ended": True}))
    assert found["code"] == "event_not_accepted"
    assert found["detail"] == (
        "the loader makes checkout of checkout_started and checkout_ended:"
        " send these two, with the same checkout_id"
    )


def test_an_array_is_sent_to_the_address_of_batches() -> None:
    found = refused([event(), event()])
    assert found["code"] == "envelope_invalid"
    assert found["detail"] == (
        "an array is no event; several events go to POST /api/v1/events/batch"
    )


def test_an_unknown_property_beside_a_missing_one_is_told_of_it() -> None:
    found = refused(event(data={"cartId": CART, "sku": "TEA-0042", "chnage": 1, "color": "red"}))
    assert messages(found) == {
        "/data/cartId": "is not a known property; did you mean cart_id?",
        "/data/cart_id": "is required",
        "/data/chnage": "is not a known property; did you mean change?",
        "/data/change": "is required",
        "/data/color": "is not a known property",
    }


def test_a_misspelt_property_that_may_be_left_out_is_told_too() -> None:
    found = refused(event(data={**CHANGED, "prise": 4.5}))
    assert messages(found) == {"/data/prise": "is not a known property; did you mean price?"}


def test_a_property_that_is_there_is_not_what_was_meant() -> None:
    found = refused(event(data={**CHANGED, "change_": 2}))
    assert messages(found) == {"/data/change_": "is not a known property"}


def test_a_misspelt_field_of_the_envelope_is_told() -> None:
    sent = {"evnt": "cart_changed", "token": None, "data": CHANGED, "eventId": CART}
    assert messages(refused(sent)) == {
        "/event": "is required",
        "/eventId": "is not a known property; did you mean event_id?",
        "/evnt": "is not a known property; did you mean event?",
    }


TEXT = {"type": "string", "maxLength": 9, "description": "A text."}
CITY = {
    "type": "object",
    "additionalProperties": False,
    "required": ["street"],
    "properties": {"street": TEXT, "city_town": TEXT},
    "description": "A place.",
}
NESTED = with_event(
    "nested",
    {
        "places": {
            "type": "array",
            "maxItems": 9,
            "items": {"$ref": "#/$defs/place"},
            "description": "Places.",
        },
        "home": CITY,
        "$defs": {"place": CITY},
    },
)


def test_inside_objects_and_lists_their_own_properties_are_suggested() -> None:
    data = {
        "places": [{"street": "a"}, {"street": "b", "city_twon": "c"}],
        "home": {"sreet": "a", "nothing": "b"},
    }
    assert messages(refused(event("nested", data), NESTED)) == {
        "/data/home/nothing": "is not a known property",
        "/data/home/sreet": "is not a known property; did you mean street?",
        "/data/home/street": "is required",
        "/data/places/1/city_twon": "is not a known property; did you mean city_town?",
    }


@pytest.mark.parametrize(
    "token", ["Bearer {}", "bearer {}", "Bearer Bearer {}", "Authorization: Bearer {}", "{} Bearer"]
)
def test_a_token_with_the_word_of_a_header_is_told_without_it(token: str) -> None:
    world = World(SHOP)
    answer = post(world.client(), event(token=token.format(world.good_token)))
    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_invalid")
    told = answer.get_json()["detail"]
    assert told.endswith(
        "It holds the word `Bearer`; send what follows that word, and nothing else."
    )
    assert world.good_token not in told


def test_another_bad_token_is_told_nothing_of_it() -> None:
    for token in ("forbearer", "abc-bearer-def", "x.Bearer.y"):
        assert "Bearer" not in refused(event(token=token))["detail"]


def test_only_names_of_the_contracts_are_suggested() -> None:
    """What a sender writes is not carried into a suggestion, however it is written."""
    secret = "sk-0123456789"
    found = refused(event(data={**CHANGED, secret: 1, f"price{secret}": 2}))
    told = [text.partition("did you mean")[2] for text in messages(found).values()]
    assert all(secret not in text for text in told)


def test_all_ways_tell_the_same() -> None:
    """Alone, in a batch and in the dry run."""
    client = World(SHOP).client()
    for document in (event("cartChanged"), event("checkout"), event(data={"chnage": 1}), [event()]):
        alone = post(client, json.dumps(document).encode()).get_json()
        body = json.dumps([document])
        batch = client.post(paths.BATCH, data=body, content_type="application/json")
        dry = client.post(
            paths.VALIDATE, data=json.dumps(document), content_type="application/json"
        ).get_json()
        for other in (batch.get_json()["results"][0]["problem"], dry["problem"]):
            assert {**other, "correlation_id": ""} == {**alone, "correlation_id": ""}


class Counted(dict[str, Any]):
    """An object that counts how often its properties are looked for."""

    looks = 0

    def __contains__(self, name: object) -> bool:
        Counted.looks += 1
        return super().__contains__(name)


def test_the_suggestions_for_one_event_have_a_bound() -> None:
    """Whatever many properties are unknown, the known ones are looked through once."""
    known = {f"field_{number}": TEXT for number in range(400)}
    catalog = with_event("wide", {f"field_{number}": TEXT for number in range(400)})
    looks = []
    for unknown in (3, 3_000):
        sent = event("wide", {f"feld_{number}": "x" for number in range(unknown)})
        with pytest.raises(Rejection) as caught:
            Checks(catalog, lambda: NOW).request(sent)
        Counted.looks = 0
        told = Suggestions(catalog).added_to(caught.value, {**sent, "data": Counted(sent["data"])})
        assert sum("did you mean" in each.message for each in told.violations) <= 3
        looks.append(Counted.looks)
    assert looks == [len(known)] * 2
