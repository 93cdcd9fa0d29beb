"""The embedded server as a process, under granian, with confluent-kafka's own client."""

from __future__ import annotations

import http.client
import json
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    ServerConfig,
    topic_record_subject_name_strategy,
)
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.common.schema_registry_client import ConfigCompatibilityLevel
from confluent_kafka.schema_registry.error import SchemaRegistryError
from confluent_kafka.serialization import MessageField, SerializationContext

from tests.support.processes import ServerProcess, free_port

THREADS = 8


def record(*names: str, name: str = "n.R", default: bool = True) -> str:
    fields = [
        {"name": each, "type": "long", **({"default": 0} if default else {})} for each in names
    ]
    return json.dumps({"type": "record", "name": name, "fields": fields})


class Server:
    """The server on one folder; it can be started again on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clients: list[SchemaRegistryClient] = []
        self.port = free_port()
        self.start()

    def start(self) -> None:
        command = [
            *(sys.executable, "-m", "ugc", "registry", "serve"),
            *("--port", str(self.port), "--data-dir", str(self._folder / "data")),
        ]
        self.process = ServerProcess(command, self._folder / "log", None)
        self.process.wait_ready(self._answers)

    def _answers(self) -> bool:
        try:
            return self.call("GET", "/") == (200, {})
        except OSError:
            return False

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Content-Type": "application/json"}
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def client(self) -> SchemaRegistryClient:
        """A new one each time, so that nothing is answered from its cache."""
        client = SchemaRegistryClient({"url": f"http://127.0.0.1:{self.port}", "max.retries": 0})
        self._clients.append(client)
        return client

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self.process.kill()


def serve(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    try:
        yield server
    finally:
        server.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    yield from serve(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    yield from serve(tmp_path)


def code(call: Callable[[], Any]) -> tuple[int, int]:
    with pytest.raises(SchemaRegistryError) as caught:
        call()
    return caught.value.http_status_code, caught.value.error_code


def test_the_clients_calls(server: Server) -> None:
    subject, first, second = "calls/of the%client", Schema(record("a")), Schema(record("a", "b"))
    client = server.client()
    first_id = client.register_schema(subject, first)
    assert server.client().register_schema(subject, first) == first_id
    second_id = client.register_schema(subject, second)
    assert second_id != first_id

    client = server.client()
    assert client.get_schema_types() == ["AVRO"]
    assert subject in client.get_subjects()
    assert client.get_versions(subject) == [1, 2]
    assert client.get_subjects_by_schema_id(first_id) == [subject]
    assert [(v.subject, v.version) for v in client.get_schema_versions(first_id)] == [(subject, 1)]
    assert json.loads(client.get_schema(first_id).schema_str or "")["fields"][0]["name"] == "a"
    latest = client.get_latest_version(subject)
    assert (latest.schema_id, latest.version, latest.subject) == (second_id, 2, subject)
    assert client.get_version(subject, 1).schema_id == first_id
    found = server.client().lookup_schema(subject, first)
    assert (found.schema_id, found.version) == (first_id, 1)
    assert code(lambda: client.lookup_schema(subject, Schema('"int"'))) == (404, 40403)

    assert client.test_compatibility(subject, Schema(record("c"))) is True
    assert client.test_compatibility(subject, Schema('"int"')) is False
    assert client.test_compatibility_all_versions(subject, Schema('"int"'), verbose=True) is False
    assert code(lambda: client.register_schema(subject, Schema('"int"'))) == (409, 40901)
    assert code(lambda: client.register_schema(subject, Schema("nope"))) == (422, 42201)
    assert code(lambda: client.register_schema(subject, Schema("{}", "JSON"))) == (422, 42201)

    assert client.delete_version(subject, 1) == 1
    assert client.get_versions(subject) == [2]
    assert client.get_versions(subject, deleted=True) == [1, 2]
    assert client.delete_version(subject, 1, permanent=True) == 1
    assert client.delete_subject(subject) == [2]
    assert code(lambda: client.get_versions(subject)) == (404, 40401)
    assert client.delete_subject(subject, permanent=True) == [2]
    assert subject not in server.client().get_subjects(deleted=True)


def test_the_clients_settings(own_server: Server) -> None:
    client, subject = own_server.client(), "settings"
    assert client.get_compatibility() == "BACKWARD"
    assert code(lambda: client.get_compatibility(subject)) == (404, 40408)
    assert client.set_compatibility(subject, "FULL_TRANSITIVE") == {
        "compatibility": "FULL_TRANSITIVE"
    }
    assert client.get_compatibility(subject) == "FULL_TRANSITIVE"
    config = ServerConfig(compatibility=ConfigCompatibilityLevel.NONE)
    assert client.set_config(subject, config) == {"compatibility": "NONE"}
    assert client.get_config(subject).compatibility_level is ConfigCompatibilityLevel.NONE
    client.delete_config(subject)
    assert code(lambda: client.get_config(subject)) == (404, 40408)
    assert code(lambda: client.set_compatibility(subject, "NOPE")) == (422, 42203)

    assert client.get_global_mode() == "READWRITE"
    assert client.update_global_mode("READONLY") == "READONLY"
    assert code(lambda: client.register_schema(subject, Schema('"int"'))) == (422, 42205)
    assert client.update_mode(subject, "IMPORT") == "IMPORT"
    assert client.get_mode(subject) == "IMPORT"
    assert client.delete_mode(subject) == "IMPORT"
    assert code(lambda: client.get_mode(subject)) == (404, 40409)


def test_references(server: Server) -> None:
    client = server.client()
    base = client.register_schema("ref-base", Schema(record("a", name="n.Base")))
    text = json.dumps(
        {"type": "record", "name": "n.User", "fields": [{"name": "base", "type": "n.Base"}]}
    )
    schema = Schema(text, "AVRO", [SchemaReference("n.Base", "ref-base", 1)])
    user = client.register_schema("ref-user", schema)
    assert client.get_referenced_by("ref-base", 1) == [user]
    stored = server.client().get_schema(user)
    assert stored.references == [SchemaReference("n.Base", "ref-base", 1)]
    assert code(lambda: client.delete_subject("ref-base")) == (422, 42206)

    serializer = AvroSerializer(
        server.client(), schema, conf={"auto.register.schemas": False, "use.latest.version": True}
    )
    context = SerializationContext("ref-user", MessageField.VALUE)
    client.register_schema("ref-user-value", schema)
    value = {"base": {"a": 5}}
    payload = serializer(value, context)
    assert payload is not None
    assert int.from_bytes(payload[1:5]) == user != base
    assert AvroDeserializer(server.client())(payload, context) == value


def test_serializer_and_deserializer(server: Server) -> None:
    context = SerializationContext("clicks", MessageField.VALUE)
    conf = {"subject.name.strategy": topic_record_subject_name_strategy}
    value = {"a": 1, "b": 2**62}
    serializer = AvroSerializer(server.client(), record("a", "b"), conf=conf)
    payload = serializer(value, context)
    assert payload is not None
    assert payload[0] == 0
    assert server.client().get_versions("clicks-n.R") == [1]
    assert AvroDeserializer(server.client())(payload, context) == value
    newer = AvroDeserializer(server.client(), record("b", "c"))
    assert newer(payload, context) == {"b": 2**62, "c": 0}


def together(work: Callable[[int], Any]) -> list[Any]:
    """What ``work`` gives in as many threads as the server has, begun at once."""
    barrier = Barrier(THREADS)

    def begin(number: int) -> Any:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(begin, range(THREADS)))


def test_one_schema_from_many_threads_is_one(server: Server) -> None:
    def register(_: int) -> list[int]:
        client = server.client()
        return [client.register_schema("same", Schema(record(f"s{n}"))) for n in range(5)]

    server.client().set_compatibility("same", "NONE")
    results = together(register)
    assert all(each == results[0] for each in results)
    assert len(set(results[0])) == 5
    assert server.client().get_versions("same") == [1, 2, 3, 4, 5]


def test_different_schemas_from_many_threads_are_all_there(server: Server) -> None:
    def register(number: int) -> dict[int, str]:
        client = server.client()
        texts = [record(f"d{number}_{n}", name="n.D") for n in range(5)]
        return {client.register_schema("different", Schema(text)): text for text in texts}

    server.client().set_compatibility("different", "NONE")
    results = together(register)
    by_id = {schema_id: text for each in results for schema_id, text in each.items()}
    assert len(by_id) == THREADS * 5
    client = server.client()
    assert client.get_versions("different") == list(range(1, THREADS * 5 + 1))
    for schema_id, text in by_id.items():
        assert (client.get_schema(schema_id).schema_str or "").count("d") >= 1
        assert client.lookup_schema("different", Schema(text)).schema_id == schema_id


def test_of_two_that_exclude_each_other_one_is_refused(server: Server) -> None:
    """The check and the registration are one step: no thread slips in between."""
    server.client().set_compatibility("rivals", "FULL")
    of_types = ["int", "string", "boolean", {"type": "array", "items": "int"}]

    def register(number: int) -> int:
        schema = Schema(json.dumps(of_types[number % len(of_types)]))
        try:
            server.client().register_schema("rivals", schema)
        except SchemaRegistryError as error:
            return error.http_status_code
        return 200

    assert sorted(set(together(register))) == [200, 409]
    assert server.client().get_versions("rivals") == [1]


def test_what_was_acknowledged_is_there_after_a_kill(own_server: Server) -> None:
    """Registers until the server is killed in the middle of it."""
    acknowledged: dict[str, int] = {}

    def register(number: int) -> None:
        client = own_server.client()
        for n in range(1000):
            subject = f"kill-{number}-{n}"
            try:
                acknowledged[subject] = client.register_schema(
                    subject, Schema(record(f"f{n % 40}"))
                )
            except Exception:  # noqa: BLE001  # however the client says that the server is gone
                return
            if number == 0 and n == 20:
                own_server.process.send(signal.SIGKILL)

    together(register)
    own_server.process.wait_exit()
    assert len(acknowledged) >= 21
    own_server.start()
    client = own_server.client()
    assert set(acknowledged) <= set(client.get_subjects())
    for subject, schema_id in acknowledged.items():
        assert client.get_latest_version(subject).schema_id == schema_id
    highest = max(acknowledged.values())
    assert client.register_schema("new", Schema('"int"')) > highest


def test_a_body_above_the_limit_is_refused_whole(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        piece = b'{"schema": "\\"int\\""' + b" " * 100_000
        body = (piece if n == 0 else b" " * 100_000 for n in range(50))
        headers = {"Content-Type": "application/json"}
        connection.request("POST", "/subjects/cut/versions", body, headers, encode_chunked=True)
        assert connection.getresponse().status == 413
    except BrokenPipeError:
        pass  # the server may close before it has read all
    finally:
        connection.close()
    assert server.call("GET", "/subjects/cut/versions")[0] == 404


def test_it_ends_when_asked_to(own_server: Server) -> None:
    own_server.client().register_schema("s", Schema('"int"'))
    assert own_server.process.terminate() == 0
    own_server.start()
    assert own_server.call("GET", "/subjects/s/versions") == (200, [1])


def test_it_does_not_start_without_a_folder(tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
        *("--host", "127.0.0.1", "--port", str(free_port())),
        "ugc.local.registry.wsgi:create_from_env",
    ]
    process = ServerProcess(command, tmp_path / "log", {"REGISTRY_DATA_DIR": ""})
    try:
        assert process.wait_exit() != 0
        assert "REGISTRY_DATA_DIR is not set" in (tmp_path / "log").read_text()
    finally:
        process.kill()
