"""``ugc traffic`` sends to an API that has its contracts, or sends nothing and says why."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx2
import pytest

from contracts.model.loader import load_catalog, package_folder
from tests.api.tokens import SECRET
from tests.support.commands import exit_code
from ugc.local.auth.app import create_app
from ugc.traffic.run import OtherContractsError, check_contracts
from ugc.traffic.sender import Tally, newest_versions
from ugc.traffic.visitor import Step

CATALOG = load_catalog(package_folder())
HERE = {contract.event: contract.version for contract in CATALOG.newest}
LISTED = {"contracts": [{"event": event, "newest": number} for event, number in HERE.items()]}

Start = Callable[[str, list[tuple[str, str]]], Any]
App = Callable[[dict[str, Any], Start], Iterable[bytes]]


class Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def served(app: Any) -> Iterator[str]:
    with make_server("127.0.0.1", 0, app, handler_class=Silent) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def an_api(listed: object, posts: list[str], status: str = "404 Not Found") -> App:
    """Lists contracts and answers every event with a status."""

    def app(environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] == "/api/v1/contracts":
            start("200 OK", [("Content-Type", "application/json")])
            return [json.dumps(listed).encode()]
        environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        posts.append(environ["PATH_INFO"])
        start(status, [("Content-Type", "text/plain")])
        return [b"no"]

    return app


def traffic(
    listed: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> tuple[int, int, str]:
    """Exit code, number of events sent, everything that was said."""
    posts: list[str] = []
    with served(an_api(listed, posts)) as api, served(create_app(SECRET)) as auth:
        monkeypatch.setenv("UGC_API_URL", api)
        monkeypatch.setenv("AUTH_SERVICE_URL", auth)
        monkeypatch.setenv("CONTRACTS_DIR", str(package_folder()))
        code = exit_code("traffic", "--sessions", "1", "--seed", "1")
    captured = capsys.readouterr()
    return code, len(posts), captured.out + captured.err


def test_an_api_with_other_contracts_gets_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = {"contracts": [{"event": "order_placed", "newest": 1}]}
    code, sent, said = traffic(listed, monkeypatch, capsys)
    assert (code, sent) == (1, 0)
    assert "the API has other contracts" in said
    assert "order_placed" in said


def test_another_service_is_said_to_be_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, sent, said = traffic(["something else"], monkeypatch, capsys)
    assert (code, sent) == (75, 0)
    assert "another service answers there" in said


def test_a_refusal_that_should_be_none_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, sent, said = traffic(LISTED, monkeypatch, capsys)
    assert code == 1
    assert sent > 0
    assert "HTTP 404" in said


@pytest.mark.parametrize(
    ("of_api", "problem"),
    [
        ({**HERE, "page_view": 99}, "they differ in page_view;"),
        ({**HERE, "order_placed": 1}, "they differ in order_placed;"),
        ({}, "they differ in element_click, "),
    ],
)
def test_what_differs_is_named(of_api: Mapping[str, int], problem: str) -> None:
    with pytest.raises(OtherContractsError, match=problem):
        check_contracts(of_api, CATALOG, Path("here"))
    check_contracts(HERE, CATALOG, Path("here"))


def test_the_newest_versions_are_those_that_the_api_lists() -> None:
    with served(an_api(LISTED, [])) as url:
        assert newest_versions(f"{url}/") == HERE


@pytest.mark.parametrize(("is_bad", "kind"), [(True, "refused"), (False, "failed")])
def test_only_what_has_to_be_refused_counts_as_refused(is_bad: bool, kind: str) -> None:
    tally = Tally()
    answer = httpx2.Response(422, json={"code": "data_invalid"})
    tally.add(Step(body=b"{}", is_bad=is_bad), answer, 1.0)
    assert sum(getattr(tally, kind).values()) == tally.sent == 1
