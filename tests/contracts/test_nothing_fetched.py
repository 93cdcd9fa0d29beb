"""A schema names addresses and files; nothing that reads schemas ever opens one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import ContractError
from contracts.lint import lint_folder
from contracts.lossless.walker import lossless_record_type
from contracts.model.loader import load_catalog
from contracts.model.validation import Validator, foreign_check
from registry.translate import translate
from tests.support.contract_folder import change, copy_of_contracts
from ugc.importing.events import imported_all
from ugc.importing.plans import events_in
from ugc.roundtrip.cases import cases_in


class Elsewhere:
    """A web server and a folder whose schemas accept text only; the server counts."""

    def __init__(self, port: int, folder: Path) -> None:
        self.asked: list[str] = []
        self.address = f"http://127.0.0.1:{port}/text.json"
        file = folder / "text.json"
        file.write_text('{"type": "string"}', encoding="utf-8")
        self.file = file.as_uri()

    def schemas(self) -> dict[str, dict[str, Any]]:
        """Every keyword that can lead out of a document."""
        inner = {"properties": {"a": {"$id": self.address, "items": {"$ref": "other.json"}}}}
        return {
            "http": {"$ref": self.address},
            "file": {"$ref": self.file},
            "a relative reference": {"$id": self.address, "$ref": "other.json"},
            "a relative reference to a file": {
                "$id": self.file.replace("text", "here"),
                "$ref": "text.json",
            },
            "a base of its own": inner,
            "what nothing uses": {"$defs": {"a": {"$ref": self.address}}},
            "a dynamic reference": {"$dynamicRef": f"{self.address}#a"},
            "a meta-schema": {"$schema": self.address},
            "a meta-schema in a file": {"$schema": self.file},
        }


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Elsewhere]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"type": "string"}')

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    found = Elsewhere(server.server_port, tmp_path)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


READERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "the validator": lambda schema: Validator(schema).accepts(3),
    "a validator of any draft": lambda schema: foreign_check(schema)(3),
    "the lossless walker": lossless_record_type,
    "the translation": lambda schema: translate(schema).encode(3),
    "an import": lambda schema: imported_all(
        events_in({"title": "A", "type": "object", "properties": {"a": schema}}, "a", "a.json"),
        owner="ugc",
    ),
}


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_of_schemas_opens_nothing(reader: str, elsewhere: Elsewhere) -> None:
    for schema in elsewhere.schemas().values():
        try:
            READERS[reader](schema)
        except ContractError:
            continue
    assert elsewhere.asked == []


@pytest.mark.parametrize("judge", [Validator, foreign_check])
def test_a_reference_that_leaves_the_document_is_an_error(
    judge: Callable[[Any], object], elsewhere: Elsewhere
) -> None:
    """And not a schema without effect: ``file`` shows that the file was not read either."""
    for name, schema in elsewhere.schemas().items():
        if "$schema" not in schema:
            with pytest.raises(ContractError, match="not present"):
                pytest.fail(f"{name}: {judge(schema)}")


def test_an_envelope_opens_nothing(tmp_path: Path, elsewhere: Elsewhere) -> None:
    """The loader does not hold envelopes to the dialect, which would refuse such a reference."""
    for target in (elsewhere.address, elsewhere.file):
        folder = copy_of_contracts(tmp_path / str(len(target)))
        envelope = folder / "envelopes/request/v1.json"
        change(envelope, lambda found, to=target: found["properties"]["event"].update({"$ref": to}))
        with pytest.raises(ContractError, match=r"request/v1\.json: .*not present"):
            load_catalog(folder)
        told = [(each.path.name, each.code) for each in lint_folder(folder)]
        assert ("v1.json", "keyword-value") in told
    assert elsewhere.asked == []


def test_cases_of_a_round_trip_open_nothing(tmp_path: Path, elsewhere: Elsewhere) -> None:
    file = tmp_path / "case.json"
    file.write_text(json.dumps({"$ref": elsewhere.address}), encoding="utf-8")
    assert [case.problem for case in cases_in(file, None)] == [None]
    assert elsewhere.asked == []
