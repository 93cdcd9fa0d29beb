"""The API over parts that live in memory, with a clock that the test sets."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import jwt
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.auth.jwt_local import JwtVerifier
from api.auth.token_cache import InMemoryTokenCache
from api.auth.users import CacheTimes, Users
from api.config import ApiConfig
from api.errors import StoreUnavailableError
from api.http.applications import door
from api.limits.rate_limit import InMemoryCounts, Rate, RateLimit
from api.model import ComponentHealth, ComponentStatus, Identity, JwtPolicy
from api.pipeline.components import Components, EventEncoder, Limits
from api.pipeline.pipeline import Pipeline
from api.rejections.record import Sampler
from api.rejections.reporter import RejectionSender
from api.services import Services
from api.telemetry.metrics import Metrics
from api.testing.auth import InMemoryAuthService
from api.testing.publisher import InMemoryPublisher
from api.testing.seen import InMemorySeenEvents
from api.testing.sink import InMemorySink
from contracts.message import Message
from contracts.model.loader import Catalog, load_catalog, parse_contract
from registry.keys import KeyForm, key_maker
from registry.serde import Decoder, Encoder
from registry.testing import InMemoryRegistry
from tests.api.tokens import SECRET
from tests.support.register import register_all

ISSUER = "ugc-auth"
NOW = dt.datetime(2026, 1, 31, 12, 0, 0, 123_456, dt.UTC)
USER = "2b1cbd9e-6f1e-4c39-8a58-3a7c4d3a1f10"

ENV: Mapping[str, str] = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "SCHEMA_REGISTRY_URL": "http://127.0.0.1:1",
    "REDIS_URL": "redis://127.0.0.1:1",
    "AUTH_SERVICE_URL": "http://127.0.0.1:1",
    "JWT_SECRET": SECRET,
    "SPOOL_DIR": "/nonexistent/spool",
}
"""The least that has to be set; nothing listens there."""

CLICK: Mapping[str, Any] = {
    "event": "element_click",
    "token": None,
    "data": {"element_type": "trailer", "page_type": "movie"},
}


def token(*, key: Any = SECRET, algorithm: str = "HS256", **claims: Any) -> str:
    """A signed token of :data:`USER`; a claim given as ``None`` is left out."""
    all_claims = {"sub": USER, "iss": ISSUER, "exp": NOW.timestamp() + 600, **claims}
    kept = {name: value for name, value in all_claims.items() if value is not None}
    signed: str = jwt.encode(kept, key, algorithm)
    return signed


class World:
    """Everything that a test of the pipeline or the application looks at or changes."""

    def __init__(
        self,
        catalog: Catalog | None = None,
        policy: JwtPolicy | None = None,
        *,
        key_form: KeyForm = KeyForm.EVENT,
    ) -> None:
        self.policy = policy or JwtPolicy(secret=SECRET, issuer=ISSUER)
        self.now = NOW
        self.catalog = catalog or load_catalog()
        self.key_of = key_maker(self.catalog, key_form)
        registry = InMemoryRegistry()
        self.encoder: EventEncoder | None = Encoder(
            self.catalog, register_all(registry, self.catalog)
        )
        self.decoder = Decoder(self.catalog, registry)
        self.publisher = InMemoryPublisher()
        self.seen = InMemorySeenEvents()
        self.cache = InMemoryTokenCache(self.seconds)
        self.good_token = token()
        self.auth = InMemoryAuthService({self.good_token: Identity(USER, None)})
        self.made_ids = 0
        self.is_alive = True
        self.value_limit_bytes = 1_000_000
        self.rate_limit: RateLimit | None = None
        self.env: Mapping[str, str] = {}
        self.health = {
            "kafka": ComponentHealth(status=ComponentStatus.UP, required=True, detail="answers"),
            "redis": ComponentHealth(status=ComponentStatus.UP, required=False, detail="answers"),
        }
        applications = self.catalog.applications
        self.metrics = Metrics(None if applications is None else applications.names)
        self.door = door(applications, self._limit)
        self.pipeline = Pipeline(self._parts(), Limits())
        self.sink = InMemorySink()
        self.rejected = RejectionSender(
            self.sink,
            Sampler(self.seconds),
            now=lambda: self.now,
            count=self.metrics.rejected,
        )

    def seconds(self) -> float:
        return self.now.timestamp()

    def make_id(self) -> uuid.UUID:
        self.made_ids += 1
        return uuid.UUID(int=self.made_ids)

    def client(self, **settings: str) -> FlaskClient:
        """A client of the application; ``settings`` are environment variables."""
        environment = {**ENV, **self.env, **settings}
        return create_app(ApiConfig.from_env(environment), self.services()).test_client()

    def services(self) -> Services:
        """The parts as the application takes them."""
        return Services(
            catalog=self.catalog,
            pipeline=self.pipeline,
            seen=self.seen,
            health={name: self._health_of(name) for name in self.health},
            make_id=self.make_id,
            close=lambda: None,
            metrics=self.metrics,
            is_alive=lambda: self.is_alive,
            rate_limit=self.rate_limit,
            door=self.door,
            rejected=self.rejected,
        )

    def messages(self) -> list[Message]:
        """What was published, decoded."""
        return [self.decoder.decode(each.key, each.value) for each in self.publisher.published]

    def _limit(self, rate: Rate) -> RateLimit:
        counts = InMemoryCounts(rate, self.seconds)
        return RateLimit(rate, shared=counts, local=counts)

    def _health_of(self, name: str) -> Callable[[], ComponentHealth]:
        return lambda: self.health[name]

    def _current_encoder(self) -> EventEncoder:
        if self.encoder is None:
            raise StoreUnavailableError("the schema ids are not resolved")
        return self.encoder

    def _parts(self) -> Components:
        local = JwtVerifier(self.policy, clock=self.seconds)
        return Components(
            catalog=self.catalog,
            users=Users(
                memory=InMemoryTokenCache(self.seconds),
                cache=self.cache,
                auth=self.auth,
                local=local,
                clock=self.seconds,
                times=CacheTimes(),
                instrumentation=self.metrics,
            ),
            encoder=self._current_encoder,
            publisher=self.publisher,
            seen=self.seen,
            clock=lambda: self.now,
            make_id=self.make_id,
            instrumentation=self.metrics,
            value_limit=lambda: self.value_limit_bytes,
            key_of=self.key_of,
        )


def post(client: FlaskClient, body: bytes | Mapping[str, Any], **options: Any) -> TestResponse:
    """Sends an event; a mapping is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(
        "/api/v1/events", **{"data": raw, "content_type": "application/json", **options}
    )


def with_event(event: str, *versions: Mapping[str, Any], optional: Collection[str] = ()) -> Catalog:
    """The project's catalog and one event more: each version given by its properties.

    All of them are required but those that are ``optional``.
    """
    contracts = {
        number: parse_contract(event, number, _schema(properties, optional), Path(event))
        for number, properties in enumerate(versions, start=1)
    }
    catalog = load_catalog()
    return Catalog({**catalog.versions, event: contracts}, catalog.envelopes)


def _schema(properties: Mapping[str, Any], optional: Collection[str]) -> dict[str, Any]:
    definitions = properties.get("$defs")
    fields = {name: schema for name, schema in properties.items() if name != "$defs"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of the tests",
        "description": "Something happened in a test.",
        "x-owner": "tests",
        "x-origin": "client",
        "type": "object",
        "additionalProperties": False,
        "required": sorted(fields.keys() - set(optional)),
        "properties": fields,
        **({"$defs": definitions} if definitions else {}),
    }
