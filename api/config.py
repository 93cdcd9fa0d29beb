"""Settings of the API, read once from environment variables.

===========================  ======================================================================
variable                     meaning (default)
===========================  ======================================================================
KAFKA_BOOTSTRAP_SERVERS      ``host:port``, several separated by commas
SCHEMA_REGISTRY_URL          the Schema Registry, several separated by commas
REDIS_URL                    ``redis://host:port``, without a db number, or sentinels as
                             ``redis+sentinel://host:port,host:port/service``, or a cluster as
                             ``redis+cluster://host:port,host:port``
AUTH_SERVICE_URL             auth_service, without a path
AUTH_SERVICE_PATH            path of its token check (``/api/v1/auth/verify``)
AUTH_TIMEOUT_SECONDS         longest wait for auth_service (0.04)
AUTH_CACHE_SECONDS           how long a good token stays known (300)
AUTH_CACHE_REFUSED_SECONDS   how long a bad one does (30)
REDIS_TIMEOUT_SECONDS        longest wait for Redis (0.02)
JWT_SECRET                   secret for HS256 in the local check, at least 32 bytes, and none that
                             can be guessed (none)
JWT_PUBLIC_KEY               PEM public key for RS256 or ES256 in the local check (none)
JWT_PUBLIC_KEY_FILE          a file with that key, instead of the key itself (none)
JWT_JWKS_FILE                a file with a JWK Set of such keys, read again when it changes; then
                             neither a secret nor a public key is set (none)
JWT_ISSUER                   demanded ``iss`` (any)
JWT_AUDIENCE                 demanded ``aud`` (any)
JWT_MAX_OVERDUE_SECONDS      in the local check, how long ago a token may have ended (30 days)
SPOOL_DIR                    folder for events that Kafka does not take; one per topic
SPOOL_MAX_BYTES              what one worker may keep there, 1,048,576 at least (268,435,456)
PUBLISH_TIMEOUT_SECONDS      how long Kafka may acknowledge nothing before the events that wait are
                             spooled, 0.01 at least; none waits for over 20 times that (0.05)
DELIVERY_TIMEOUT_SECONDS     how long an event that was sent may be unheard of, 1 at least (15)
BODY_LIMIT_BYTES             longest JSON of one event, alone or in a batch, 67,108,864 at most
                             (65,536)
BATCH_LIMIT_BYTES            longest request body of a batch, 67,108,864 at most (1,048,576)
BATCH_LIMIT_EVENTS           how many events a batch may hold (500)
DUPLICATE_WINDOW_SECONDS     how long an ``event_id`` that a sender gave is remembered (600)
DUPLICATE_TIMEOUT_SECONDS    longest wait for Redis to know one, and to count for RATE_LIMIT (0.005)
RATE_LIMIT                   events one client may send, like ``600/minute``; a batch counts as its
                             events, so not less than BATCH_LIMIT_EVENTS (none: no limit)
TRUSTED_PROXIES              how many proxies before the API add to X-Forwarded-For (0: the client
                             is whoever connects)
BODY_TIMEOUT_SECONDS         how long a body may take to arrive after its headers (30)
API_THREADS                  requests that one worker process works on at a time (32)
API_QUEUE_REQUESTS           requests that may wait for one of these threads, and 32 times as many
                             events of batches; more are refused with 503 (256)
API_QUEUE_SECONDS            longest wait for one; then it is refused with 503 (5)
JSON_DEPTH_LIMIT             how deep arrays and objects may be nested (32)
CONTRACTS_DIR                folder of the contract files (contracts/ of the project)
CORS_ORIGINS                 ``https://host[:port]`` of pages that may read answers, several
                             separated by commas, or ``*`` (none)
CORS_MAX_AGE_SECONDS         how long a browser need not ask again whether it may send (7200)
DEBUGGER                     the live debugger ``/debug``: ``off``, behind a ``key``, or ``open`` to
                             whoever reaches the API (off)
DEBUGGER_KEY                 the secret that it asks for, 16 characters at least (none)
DEBUGGER_APPLICATIONS        names of applications, separated by commas, whose events it records
                             without the header X-UGC-Debug, or ``*``: every event (none)
API_CLICKHOUSE_URL           what the debugger reads rows from, with a user that may only read; the
                             form of CLICKHOUSE_URL (none: it does not show rows)
===========================  ======================================================================

:mod:`registry.topics` reads the names of the topics, :mod:`registry.keys` what their keys are made
of (KAFKA_KEY), :mod:`contracts.naming` what subjects and keys in Redis begin with,
:mod:`registry.options` more about the Schema Registry.  A variable that is set to
nothing counts as not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from api.auth.users import CacheTimes
from api.debug.settings import DebuggerSettings
from api.http.batch import BatchLimits
from api.http.lanes import Queueing
from api.http.origins import CorsPolicy, parse_origins
from api.http.rsgi import HELD_LIMIT_BYTES
from api.limits.rate_counts import parse_rate
from api.limits.rate_limit import Rate
from api.model import JwtPolicy
from api.pipeline.components import Limits
from api.tables import tables_url
from contracts.errors import SettingError
from contracts.naming import Naming
from contracts.settings import Settings
from registry.kafka_servers import KafkaServers, kafka_servers
from registry.keys import KeyForm
from registry.options import RegistryOptions
from registry.topics import TopicNames

_THIRTY_DAYS_SECONDS = 30 * 24 * 3600
_MOST_EVENTS = 999_999_999
_DAY_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """How events are stored: how long Kafka may take, and what is kept meanwhile, and where."""

    spool_dir: Path
    spool_max_bytes: int
    wait_seconds: float
    delivery_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """Everything that can be set. The module says what each variable means."""

    kafka: KafkaServers
    kafka_topic: str
    key_form: KeyForm
    rejected_topic: str
    schema_registry_url: str = field(repr=False)
    registry: RegistryOptions
    redis_url: str = field(repr=False)
    redis_timeout_seconds: float
    auth_url: str
    auth_timeout_seconds: float
    cache_times: CacheTimes
    jwt: JwtPolicy
    cors: CorsPolicy
    limits: Limits
    publishing: Publishing
    body_limit_bytes: int
    batch: BatchLimits
    duplicate_window_seconds: float
    duplicate_timeout_seconds: float
    rate_limit: Rate | None
    trusted_proxies: int
    body_timeout_seconds: float
    threads: int
    queueing: Queueing
    contracts_dir: Path | None
    naming: Naming
    debugger: DebuggerSettings | None
    tables_url: str | None = field(repr=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> ApiConfig:
        """The settings in environment variables.

        Raises:
            SettingError: a variable is missing or malformed; the text names
                it.
        """
        read = Settings(env)
        auth_path = read.text("AUTH_SERVICE_PATH", "/api/v1/auth/verify")
        if not auth_path.startswith("/"):
            raise SettingError("AUTH_SERVICE_PATH", "a path that begins with /")
        # A longer body than all together may hold would be answered "later" for ever.
        batch = BatchLimits(
            body_bytes=read.count("BATCH_LIMIT_BYTES", 1_048_576, most=HELD_LIMIT_BYTES),
            events=read.count("BATCH_LIMIT_EVENTS", 500),
        )
        body_limit_bytes = read.count("BODY_LIMIT_BYTES", 65_536, most=HELD_LIMIT_BYTES)
        topics = TopicNames.from_env(env)
        return cls(
            kafka=kafka_servers(env),
            kafka_topic=topics.events,
            key_form=KeyForm.from_env(env),
            rejected_topic=topics.rejected,
            schema_registry_url=read.http_urls("SCHEMA_REGISTRY_URL"),
            registry=RegistryOptions.from_env(env),
            redis_url=read.redis_url("REDIS_URL", unwanted="path"),
            redis_timeout_seconds=read.seconds_within("REDIS_TIMEOUT_SECONDS", 0.02),
            auth_url=read.http_url("AUTH_SERVICE_URL") + auth_path,
            auth_timeout_seconds=read.seconds_within("AUTH_TIMEOUT_SECONDS", 0.04),
            cache_times=CacheTimes(
                identity_seconds=read.seconds_within("AUTH_CACHE_SECONDS", 300.0),
                rejection_seconds=read.seconds_within("AUTH_CACHE_REFUSED_SECONDS", 30.0),
            ),
            jwt=JwtPolicy(
                secret=read.optional("JWT_SECRET"),
                public_key=_public_key(read),
                jwks_file=read.path("JWT_JWKS_FILE"),
                issuer=read.optional("JWT_ISSUER"),
                audience=read.optional("JWT_AUDIENCE"),
                max_overdue_seconds=read.seconds_within(
                    "JWT_MAX_OVERDUE_SECONDS", _THIRTY_DAYS_SECONDS
                ),
            ),
            cors=CorsPolicy(
                origins=_origins(read, "CORS_ORIGINS"),
                max_age_seconds=read.count("CORS_MAX_AGE_SECONDS", 7200),
            ),
            limits=Limits(
                body_bytes=body_limit_bytes, json_depth=read.count("JSON_DEPTH_LIMIT", 32)
            ),
            publishing=Publishing(
                spool_dir=Path(read.required("SPOOL_DIR", "a folder, kept when a worker dies")),
                spool_max_bytes=read.count("SPOOL_MAX_BYTES", 268_435_456, least=1_048_576),
                wait_seconds=read.seconds_within("PUBLISH_TIMEOUT_SECONDS", 0.05, least=0.01),
                delivery_seconds=read.seconds_within(
                    "DELIVERY_TIMEOUT_SECONDS", 15.0, least=1.0, most=_DAY_SECONDS
                ),
            ),
            body_limit_bytes=body_limit_bytes,
            batch=batch,
            duplicate_window_seconds=read.seconds_within("DUPLICATE_WINDOW_SECONDS", 600.0),
            duplicate_timeout_seconds=read.seconds_within("DUPLICATE_TIMEOUT_SECONDS", 0.005),
            rate_limit=_rate(read, "RATE_LIMIT", least=batch.events),
            trusted_proxies=read.count("TRUSTED_PROXIES", 0, least=0),
            body_timeout_seconds=read.seconds_within("BODY_TIMEOUT_SECONDS", 30.0),
            threads=read.count("API_THREADS", 32),
            queueing=Queueing(
                requests=read.count("API_QUEUE_REQUESTS", 256, least=0),
                seconds=read.seconds_within("API_QUEUE_SECONDS", 5.0),
            ),
            contracts_dir=read.path("CONTRACTS_DIR"),
            naming=Naming.from_env(env),
            debugger=DebuggerSettings.from_env(env),
            tables_url=tables_url(read),
        )


def _rate(read: Settings, name: str, *, least: int) -> Rate | None:
    """A number of events in a time."""
    found = read.optional(name)
    if found is None:
        return None
    expected = f"a rate like 600/minute, of {least:,} events at least, over a day at most"
    try:
        rate = parse_rate(found)
    except ValueError as error:
        raise SettingError(name, expected) from error
    if not least <= rate.events <= _MOST_EVENTS:
        raise SettingError(name, expected)
    return rate


def _origins(read: Settings, name: str) -> tuple[str, ...]:
    """``*``, or origins separated by commas; none when it is not set."""
    found = read.optional(name)
    try:
        return () if found is None else parse_origins(found)
    except ValueError as error:
        expected = f"origins like https://www.example.com, separated by commas, or *; {error}"
        raise SettingError(name, expected) from error


def _public_key(read: Settings) -> str | None:
    given, file = read.optional("JWT_PUBLIC_KEY"), read.path("JWT_PUBLIC_KEY_FILE")
    if given is not None and file is not None:
        raise SettingError("JWT_PUBLIC_KEY_FILE", "unset when JWT_PUBLIC_KEY is set")
    if file is None:
        return given
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError("JWT_PUBLIC_KEY_FILE", "a readable file in PEM form") from error
