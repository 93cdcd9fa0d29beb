"""One suite over both registries: in memory, and the client against the embedded server."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from contracts.errors import SettingError
from registry.client import ConfluentRegistry, SchemaRegistry, connect, without_credentials
from registry.errors import (
    RegistryDeniedError,
    RegistryUnavailableError,
    SchemaNotFoundError,
    SchemaRefusedError,
)
from registry.options import Limits, RegistryOptions
from registry.testing import InMemoryRegistry
from tests.support.certificate import write_certificate
from tests.support.processes import free_port
from tests.support.registry_server import RegistryServer
from tests.support.variants import REGISTRIES

QUICK = RegistryOptions(limits=Limits(timeout_seconds=30.0, retries=1, retry_wait_seconds=0.01))
USER_INFO = "us er:p@ss:w/rd"
IN_URL = "us%20er:p%40ss%3Aw%2Frd"
BASIC = "Basic dXMgZXI6cEBzczp3L3Jk"


def record(*names: str, name: str = "R") -> str:
    fields = [{"name": each, "type": "long", "default": 0} for each in names]
    return json.dumps({"type": "record", "name": name, "namespace": "n", "fields": fields})


@pytest.fixture(scope="module", params=REGISTRIES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RegistryServer]:
    with request.param(tmp_path_factory.mktemp("registry")) as running:
        yield running


class Suite:
    """What callers may count on. Each test has a subject of its own: the server is shared."""

    def test_a_schema_is_registered_once(self, registry: SchemaRegistry) -> None:
        first = registry.register("once", record("a"))
        assert registry.register("once", record("a")) == first
        assert registry.register("once", record("a", "b")) != first
        assert [version.number for version in registry.versions("once")] == [1, 2]

    def test_one_schema_has_one_id_in_all_subjects(self, registry: SchemaRegistry) -> None:
        text = record("a", name="Shared")
        assert registry.register("one-id", text) == registry.register("one-id-too", text)

    def test_lookup_finds_what_is_registered_and_registers_nothing(
        self, registry: SchemaRegistry
    ) -> None:
        with pytest.raises(SchemaNotFoundError, match="lookup"):
            registry.lookup("lookup", record("a"))
        schema_id = registry.register("lookup", record("a"))
        assert registry.lookup("lookup", record("a")) == schema_id
        with pytest.raises(SchemaNotFoundError, match="lookup"):
            registry.lookup("lookup", record("b"))
        assert len(registry.versions("lookup")) == 1

    def test_the_text_behind_an_id(self, registry: SchemaRegistry) -> None:
        schema_id = registry.register("text", record("a", name="Text"))
        assert json.loads(registry.schema(schema_id)) == json.loads(record("a", name="Text"))
        with pytest.raises(SchemaNotFoundError, match="999999"):
            registry.schema(999_999)

    def test_versions_are_all_there_in_order(self, registry: SchemaRegistry) -> None:
        texts = [record("a"), record("a", "b"), record("a", "b", "c")]
        ids = [registry.register("ordered", text) for text in texts]
        found = registry.versions("ordered")
        assert [(each.number, each.schema_id) for each in found] == list(enumerate(ids, start=1))
        assert [json.loads(each.text) for each in found] == list(map(json.loads, texts))
        with pytest.raises(SchemaNotFoundError, match="nobodys"):
            registry.versions("nobodys")

    def test_subjects_are_sorted(self, registry: SchemaRegistry) -> None:
        for subject in ("subject-b", "subject/ c%", "subject-a"):
            registry.register(subject, record("a"))
        mine = [each for each in registry.subjects() if each.startswith("subject")]
        assert mine == ["subject-a", "subject-b", "subject/ c%"]

    def test_the_level_of_a_subject(self, registry: SchemaRegistry) -> None:
        assert registry.compatibility("level") is None
        registry.set_compatibility("level", "FULL")
        assert registry.compatibility("level") == "FULL"

    def test_compatibility_is_with_all_earlier_versions(self, registry: SchemaRegistry) -> None:
        assert registry.is_compatible("compatible", record("a")), "there is no subject yet"
        registry.set_compatibility("compatible", "BACKWARD_TRANSITIVE")
        registry.register("compatible", record("a"))
        registry.register("compatible", record())
        as_text = record("a").replace('"long", "default": 0', '"string", "default": ""')
        assert not registry.is_compatible("compatible", as_text), "the first version has a long"
        assert registry.is_compatible("compatible", record("a", "b"))
        assert len(registry.versions("compatible")) == 2

    @pytest.mark.parametrize("text", ["nope", '{"type": "record"}', '"no_such_type"'])
    def test_no_avro_schema_is_refused(self, registry: SchemaRegistry, text: str) -> None:
        with pytest.raises(SchemaRefusedError):
            registry.register("refused", text)
        registry.register("refused", record("a"))  # a foreign one takes any text until then
        with pytest.raises(SchemaRefusedError):
            registry.is_compatible("refused", text)


class TestInMemory(Suite):
    @pytest.fixture
    def registry(self) -> SchemaRegistry:
        return InMemoryRegistry()


class TestOverHttp(Suite):
    @pytest.fixture
    def registry(self, server: RegistryServer) -> Iterator[SchemaRegistry]:
        with closing(ConfluentRegistry(server.url, QUICK)) as client:
            yield client


def test_an_incompatible_schema_is_refused(server: RegistryServer) -> None:
    with closing(ConfluentRegistry(server.url, QUICK)) as registry:
        registry.register("incompatible", record("a"))
        with pytest.raises(SchemaRefusedError, match="incompatible"):
            registry.register("incompatible", '"int"')


def test_the_first_of_several_urls_may_be_dead(server: RegistryServer) -> None:
    urls = f"http://127.0.0.1:{free_port()} , {server.url}/"
    with closing(ConfluentRegistry(urls, QUICK)) as registry:
        schema_id = registry.register("several", record("a"))
        assert registry.lookup("several", record("a")) == schema_id


@pytest.mark.parametrize("call", [
    lambda registry: registry.register("s", record("a")),
    lambda registry: registry.lookup("s", record("a")),
    lambda registry: registry.schema(1),
    lambda registry: registry.subjects(),
    lambda registry: registry.versions("s"),
    lambda registry: registry.is_compatible("s", record("a")),
    lambda registry: registry.compatibility("s"),
    lambda registry: registry.set_compatibility("s", "FULL"),
])  # fmt: skip
def test_when_nobody_listens_every_call_says_so_in_time(
    call: Callable[[SchemaRegistry], object],
) -> None:
    url = f"http://{IN_URL}@127.0.0.1:{free_port()}"
    with closing(ConfluentRegistry(url, QUICK)) as registry:
        with pytest.raises(RegistryUnavailableError) as caught:
            call(registry)
        assert_no_secret(caught.value)


class Answer(http.server.BaseHTTPRequestHandler):
    """Answers every request with one status and body; notes the credentials it came with."""

    status, body = 200, b"{}"
    answers: threading.Event

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization"))
        self.answers.wait(60)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    seen: list[str | None]

    def log_message(self, format: str, *args: object) -> None:
        """Keeps the tests' output clean."""


@contextmanager
def answering(
    status: int, body: bytes, *, at_once: bool = True
) -> Iterator[tuple[http.server.ThreadingHTTPServer, list[str | None]]]:
    """The listener; unless ``at_once``, it answers nothing before the end."""
    seen: list[str | None] = []
    answers = threading.Event()
    if at_once:
        answers.set()
    settings = {"status": status, "body": body, "answers": answers, "seen": seen}
    handler = type("Handler", (Answer,), settings)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield listener, seen
        finally:
            answers.set()
            listener.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (401, b'{"error_code": 401, "message": "who are you"}', RegistryDeniedError),
        (403, b'{"error_code": 403, "message": "not you"}', RegistryDeniedError),
        (404, b'{"error_code": 40403, "message": "no such"}', SchemaNotFoundError),
        (404, b"<html>no such page", RegistryUnavailableError),
        (404, b'{"error_code": 404, "message": "HTTP 404 Not Found"}', RegistryUnavailableError),
        (404, b'{"timestamp": 1}', RegistryUnavailableError),
        (429, b"{}", RegistryUnavailableError),
        (500, b'{"error_code": 50001, "message": "store"}', RegistryUnavailableError),
        (502, b"<html>" + b"x" * 100_000, RegistryUnavailableError),
        (302, b"", RegistryUnavailableError),
        (200, b"<html>", RegistryUnavailableError),
        (200, b"[]", RegistryUnavailableError),
        (200, b"{}", RegistryUnavailableError),
        (200, b"", RegistryUnavailableError),
    ],
)
def test_what_an_answer_means(status: int, body: bytes, error: type[Exception]) -> None:
    with answering(status, body) as (listener, seen):
        url = f"http://{IN_URL}@127.0.0.1:{listener.server_port}"
        with closing(ConfluentRegistry(url, QUICK)) as registry:
            with pytest.raises(error) as caught:
                registry.schema(1)
            assert_no_secret(caught.value)
            assert len(str(caught.value)) < 700
            assert set(seen) == {BASIC}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"detail": "Not Found"}', "HTTP 404"),
        (b"{}", "HTTP 404"),
        (b"[]", "HTTP 404"),
        (b"<h1>It works</h1>", "<h1>It works</h1>"),
        (b'{"message": "only that"}', "HTTP 404, only that"),
    ],
)
def test_another_service_in_its_place_is_said_to_be_one(body: bytes, said: str) -> None:
    with answering(404, body) as (listener, _):
        url = f"http://127.0.0.1:{listener.server_port}"
        with (
            closing(ConfluentRegistry(url, QUICK)) as registry,
            pytest.raises(
                RegistryUnavailableError, match="is no Schema Registry: HTTP 404"
            ) as told,
        ):
            registry.subjects()
    assert said in str(told.value)
    assert "None" not in str(told.value)


def assert_no_secret(error: BaseException | None) -> None:
    """Neither an error nor any that it was made of quotes the password."""
    while error is not None:
        for secret in ("p@ss", "p%40ss", "w/rd", BASIC):
            assert secret not in f"{error!s} {error!r}"
        error = error.__cause__


def test_a_registry_that_is_slow_is_left_in_time() -> None:
    limits = Limits(timeout_seconds=0.1, retries=1, retry_wait_seconds=0.01)
    with answering(200, b"[]", at_once=False) as (listener, seen):
        url = f"http://127.0.0.1:{listener.server_port}"
        with (
            closing(ConfluentRegistry(url, RegistryOptions(limits=limits))) as registry,
            pytest.raises(RegistryUnavailableError, match="does not answer"),
        ):
            registry.subjects()
    assert len(seen) == 2


def test_credentials_of_the_options() -> None:
    options = RegistryOptions(user_info=USER_INFO, limits=QUICK.limits)
    with answering(200, b'["a"]') as (listener, seen):
        url = f"http://127.0.0.1:{listener.server_port}"
        with closing(ConfluentRegistry(url, options)) as registry:
            assert registry.subjects() == ("a",)
    assert seen == [BASIC]


def test_tls_with_an_authority_of_its_own(tmp_path: Path) -> None:
    import ssl

    certificate, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with answering(200, b'["a"]') as (listener, _):
        listener.socket = context.wrap_socket(listener.socket, server_side=True)
        url = f"https://127.0.0.1:{listener.server_port}"
        trusting = RegistryOptions(ca_file=certificate, limits=QUICK.limits)
        with closing(ConfluentRegistry(url, trusting)) as registry:
            assert registry.subjects() == ("a",)
        with (
            closing(ConfluentRegistry(url, QUICK)) as registry,
            pytest.raises(RegistryUnavailableError, match="CERTIFICATE_VERIFY_FAILED"),
        ):
            registry.subjects()


@pytest.mark.parametrize("url", [
    "", "host:8081", "ftp://h", "http://", "http://a,", f"mock://{IN_URL}@h",
    f"http://{IN_URL}@a,http://u:other@b", f"http://{IN_URL}@a:port",
])  # fmt: skip
def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(SettingError, match="SCHEMA_REGISTRY_URL") as caught:
        connect(url, QUICK)
    assert_no_secret(caught.value)


def test_credentials_are_taken_out_of_urls() -> None:
    urls = f"http://{IN_URL}@a:1/path/,https://b"
    assert without_credentials(urls) == ("http://a:1/path,https://b", USER_INFO)
    assert without_credentials("http://[::1]:8081") == ("http://[::1]:8081", None)


def test_credentials_come_from_one_place() -> None:
    with pytest.raises(SettingError, match="SCHEMA_REGISTRY_USER_INFO must be unset"):
        connect(f"http://{IN_URL}@a", RegistryOptions(user_info="a:b"))


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    for options in (RegistryOptions(ca_file=file), RegistryOptions(certificate_file=file)):
        with pytest.raises(SettingError, match="PEM"):
            connect("https://a", options)


def test_options_of_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "file.pem"
    file.touch()
    assert RegistryOptions.from_env({"SCHEMA_REGISTRY_USER_INFO": "  "}) == RegistryOptions()
    found = RegistryOptions.from_env(
        {
            "SCHEMA_REGISTRY_USER_INFO": "user:hunter2:",
            "SCHEMA_REGISTRY_CA_FILE": str(file),
            "SCHEMA_REGISTRY_CERTIFICATE_FILE": str(file),
            "SCHEMA_REGISTRY_KEY_FILE": str(file),
            "SCHEMA_REGISTRY_KEY_PASSWORD": "hunter3",
            "SCHEMA_REGISTRY_TIMEOUT_SECONDS": "0.5",
            "SCHEMA_SUBJECT_STRATEGY": "topic-record",
            "SCHEMA_ID_CACHE_DIR": str(tmp_path / "cache"),
        }
    )
    assert (found.user_info, found.key_password) == ("user:hunter2:", "hunter3")
    assert (found.ca_file, found.certificate_file, found.key_file) == (file, file, file)
    assert (found.limits.timeout_seconds, found.strategy) == (0.5, "topic-record")
    assert found.cache_dir == tmp_path / "cache"
    assert "hunter" not in repr(found)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCHEMA_REGISTRY_USER_INFO", "hunter2"),
        ("SCHEMA_REGISTRY_CA_FILE", "/no/such/file"),
        ("SCHEMA_REGISTRY_CERTIFICATE_FILE", "/no/such/file"),
        ("SCHEMA_REGISTRY_KEY_FILE", "/no/such/file"),
        ("SCHEMA_REGISTRY_TIMEOUT_SECONDS", "0"),
        ("SCHEMA_REGISTRY_TIMEOUT_SECONDS", "nan"),
        ("SCHEMA_SUBJECT_STRATEGY", "topic"),
    ],
)
def test_options_that_cannot_be_used(name: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"^{name} must be") as caught:
        RegistryOptions.from_env({name: value})
    assert "hunter2" not in str(caught.value)


def test_a_key_needs_a_certificate() -> None:
    with pytest.raises(SettingError, match="SCHEMA_REGISTRY_CERTIFICATE_FILE"):
        RegistryOptions.from_env({"SCHEMA_REGISTRY_KEY_PASSWORD": "hunter2"})
