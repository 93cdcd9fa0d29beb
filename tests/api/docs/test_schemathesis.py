"""The API against its own OpenAPI document: requests that schemathesis makes of the document.

Some satisfy it, some break it, some use other methods. Every check of schemathesis holds for every
operation, with the exceptions that :func:`judge` names. Checks about authentication find nothing to
do: the token is a field of the event and no security scheme of HTTP.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from schemathesis.checks import CheckFunction
from schemathesis.config import SchemathesisConfig
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from api import paths
from tests.api.servers import Server
from tests.api.test_stack import api_over, running_stack
from tests.api.world import World

CONFIG = SchemathesisConfig.from_dict(
    {
        "checks": {
            # A token of a megabyte breaks its contract, and is refused for the size of the body.
            "negative_data_rejection": {"expected-statuses": ["4xx"]},
        }
    }
)

WORLD = World()
IN_PROCESS = schemathesis.openapi.from_wsgi(
    paths.OPENAPI, WORLD.client().application, config=CONFIG
)
OVER_HTTP = schemathesis.openapi.from_dict(
    WORLD.client().get(paths.OPENAPI).get_json(), config=CONFIG
)

LINES = "application/x-ndjson"
TEXTS = ("text/plain", LINES)
"""A schema of text cannot say which text: what it admits is mostly no JSON."""

schemathesis.serializer(LINES)(lambda _context, lines: {"data": str(lines).encode()})

Answered = Mapping[str, Any]


def _of_batch(answer: Answered) -> int:
    """The first status that refuses an event, else 207."""
    return next((each["status"] for each in answer["results"] if each["status"] != 202), 207)


def _of_report(answer: Answered) -> int:
    return int(answer["status"])


VERDICTS: Mapping[tuple[str, int], Callable[[Answered], int]] = {
    (paths.BATCH, 207): _of_batch,
    (paths.VALIDATE, 200): _of_report,
}
"""Operations whose answer holds the verdict on what was sent, and not its status."""


def judge(case: schemathesis.Case, answer: Response) -> None:
    """Every check; what was sent is judged by the verdict inside where the answer has one."""
    of_what_was_sent: list[CheckFunction] = [negative_data_rejection]
    if case.media_type not in TEXTS:
        of_what_was_sent.append(positive_data_acceptance)
    case.validate_response(
        answer, excluded_checks=[negative_data_rejection, positive_data_acceptance]
    )
    case.validate_response(by_verdict(case, answer), checks=of_what_was_sent)


def by_verdict(case: schemathesis.Case, answer: Response) -> Response:
    """The answer with the status that the verdict inside it stands for."""
    verdict = VERDICTS.get((case.operation.path, answer.status_code))
    if verdict is None or answer.request.method != "POST":
        return answer
    told = copy.copy(answer)
    told.status_code = verdict(json.loads(answer.content))
    return told


@IN_PROCESS.parametrize()
@settings(max_examples=100, deadline=None)
def test_the_application_is_as_its_document_says(case: schemathesis.Case) -> None:
    WORLD.publisher.published.clear()
    answer = case.call()
    judge(case, answer)
    assert len(WORLD.publisher.published) == stored(case, answer)


def stored(case: schemathesis.Case, answer: Response) -> int:
    """How many events the answer says are newly stored."""
    match case.operation.path, answer.status_code:
        case paths.EVENTS, 202:
            return int("duplicate" not in answer.json())
        case paths.BATCH, 207:
            results = answer.json()["results"]
            return sum(each["status"] == 202 and "duplicate" not in each for each in results)
        case _:
            return 0


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with (
        running_stack(tmp_path_factory.mktemp("stack")) as stack,
        api_over(stack, workers=2) as running,
    ):
        yield running


@pytest.mark.stack
@pytest.mark.full
@pytest.mark.timeout(900)
@OVER_HTTP.parametrize()
@settings(max_examples=1000, deadline=None)
def test_a_real_server_is_as_its_document_says(case: schemathesis.Case, api: Server) -> None:
    judge(case, case.call(base_url=api.url))
