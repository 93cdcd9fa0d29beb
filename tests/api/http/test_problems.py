"""Problem documents: what they say. That they stay small: ``test_problem_sizes.py``."""

from __future__ import annotations

import orjson
import pytest

from api.errors import STATUS, Rejection
from api.http.problems import problem, title
from contracts.model.validation import Violation
from contracts.reasons import DESCRIPTIONS, Reason


def test_a_document_in_full() -> None:
    rejection = Rejection(
        Reason.DATA_INVALID,
        "`data` does not satisfy the contract element_click@1",
        violations=(Violation("/data/page_type", "required", "is required", True),),
        event="element_click",
        version=1,
    )
    assert problem(rejection, correlation_id="c-1") == {
        "type": "/docs/reasons#data_invalid",
        "title": "Data invalid",
        "status": 422,
        "code": "data_invalid",
        "detail": "`data` does not satisfy the contract element_click@1",
        "event": "element_click",
        "contract": "element_click@1",
        "violations": [
            {
                "pointer": "/data/page_type",
                "keyword": "required",
                "message": "is required",
                "expected": True,
            }
        ],
        "correlation_id": "c-1",
    }


def test_what_is_not_known_is_left_out() -> None:
    document = problem(Rejection(Reason.BODY_EMPTY, "the body is empty"), correlation_id="c-1")
    assert not document.keys() & {"event", "contract", "violations"}


@pytest.mark.parametrize("expected", [10**30, [10**30]])
def test_an_expectation_that_json_numbers_cannot_hold_becomes_text(expected: object) -> None:
    violation = Violation("/data/n", "maximum", "too much", expected)
    rejection = Rejection(Reason.DATA_INVALID, "", violations=(violation,))
    document = problem(rejection, correlation_id="c-1")
    assert document["violations"][0]["expected"] == str(expected)
    orjson.dumps(document)


@pytest.mark.parametrize("reason", STATUS)
def test_every_reason_has_words_and_a_status_of_an_error(reason: Reason) -> None:
    assert DESCRIPTIONS[reason]
    assert title(reason)
    assert 400 <= STATUS[reason] < 600


def test_only_refusals_for_now_ask_to_be_tried_again() -> None:
    waits = {reason for reason in STATUS if Rejection(reason, "").retry_after_seconds is not None}
    assert waits == {Reason.AUTH_UNAVAILABLE, Reason.STORE_UNAVAILABLE, Reason.OVERLOADED}
