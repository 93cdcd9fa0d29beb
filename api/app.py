"""The Flask application: routes, correlation ids, and one form for every error."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence

import orjson
from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix

from api import paths
from api.config import ApiConfig
from api.debug import routes as debug_routes
from api.docs import swagger_ui as docs_ui
from api.errors import Rejection
from api.http import blueprint, catalog_routes, contract_routes, correlation, cors, health
from api.http.environ import BEGAN, REJECTION
from api.http.exchange import Exchange, begin, current
from api.http.observing import HEADER as TAG_HEADER
from api.http.observing import Observed, Observer, tag_of
from api.http.problems import MEDIA_TYPE, problem
from api.http.security_headers import headers_for
from api.model import Pages
from api.rejections.record import Hints, RejectionReporter
from api.services import Services
from api.telemetry import metrics
from contracts.reasons import DESCRIPTIONS, Reason

_log = logging.getLogger(__name__)

_HTTP_REASONS = {
    404: Reason.NOT_FOUND,
    405: Reason.METHOD_NOT_ALLOWED,
    413: Reason.BODY_TOO_LARGE,
}


def create_app(
    config: ApiConfig,
    services: Services,
    pages: Pages | None = None,
    more: Sequence[Blueprint] = (),
) -> Flask:
    """An application over the given parts. It starts nothing and owns nothing.

    ``pages`` are those of the events, under ``/catalog/``; ``more`` routes are those of a local
    stack.
    """
    app = Flask("api", static_folder=None)
    app.url_map.merge_slashes = False
    app.json.sort_keys = False  # type: ignore[attr-defined]  # the documentation has an order
    for routes in (*_routes(config, services, pages), *more):
        app.register_blueprint(routes)
    docs_ui.install(app, services.catalog, has_pages=pages is not None)
    debugger = services.debugger

    @app.get(paths.METRICS)
    def numbers() -> Response:
        return Response(services.metrics.render(), content_type=metrics.CONTENT_TYPE)

    @app.before_request
    def identify() -> None:
        correlation_id = correlation.sent_id(request.headers.get) or str(services.make_id())
        begin(Exchange(correlation_id, request.environ.get(BEGAN) or time.perf_counter()))

    @app.before_request
    def refuse() -> None:
        """What the front refuses is refused before anything is asked or waited for."""
        rejection: Rejection | None = request.environ.get(REJECTION)
        if rejection is not None:
            raise rejection

    cors.install(app, config.cors)

    @app.before_request
    def check_transport() -> None:
        _check_transport()

    @app.after_request
    def complete(response: Response) -> Response:
        response.headers[correlation.HEADER] = current().correlation_id
        response.headers.update(headers_for(request.path))
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        _count(services.metrics, response)
        _report_rejected(services.rejected)
        if debugger is not None:
            _observe(debugger.recorder)
        return response

    app.register_error_handler(Rejection, _rejected)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)
    if config.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=config.trusted_proxies, x_proto=0, x_host=0
        )
    return app


def _routes(config: ApiConfig, services: Services, pages: Pages | None) -> Iterator[Blueprint]:
    yield blueprint.events(
        services.pipeline,
        services.catalog,
        body_limit_bytes=config.body_limit_bytes,
        batch=config.batch,
        rate_limit=services.rate_limit,
        door=services.door,
    )
    yield contract_routes.blueprint(services.catalog, has_pages=pages is not None)
    if pages is not None:
        yield catalog_routes.blueprint(pages)
    yield health.blueprint(services.health, services.is_alive)
    if services.debugger is not None:
        yield debug_routes.blueprint(services.debugger)


def _check_transport() -> None:
    """Refuses what the server and the router let through, and a proxy may read in another way.

    The router takes ``//x`` for ``/x``; granian takes the chunks of any Transfer-Encoding that ends
    in ``chunked`` for the body itself (RFC 9112, section 6.1).  A Content-Length beside it is
    hidden by granian in either order: the chunks count, and the connection ends after the answer.
    """
    if request.environ["PATH_INFO"].startswith("//"):
        raise Rejection(Reason.NOT_FOUND, DESCRIPTIONS[Reason.NOT_FOUND])
    if request.headers.get("Transfer-Encoding", "chunked").lower() != "chunked":
        raise Rejection(
            Reason.REQUEST_INVALID, "the Transfer-Encoding must be chunked, or left out"
        )


def _count(counts: metrics.Metrics, response: Response) -> None:
    """Counts the answer, and the events if the request was to store any."""
    exchange, route = current(), _route()
    seconds = time.perf_counter() - exchange.started
    counts.request(route=route, method=request.method, status=response.status_code, seconds=seconds)
    are_events = exchange.rejection is None or route == paths.EVENTS
    counts.outcomes(exchange.results, are_events=are_events, sender=exchange.sender)


def _route() -> str | None:
    return None if request.url_rule is None else request.url_rule.rule


def _report_rejected(rejected: RejectionReporter) -> None:
    """Reports what was rejected for what it is of the events in a request.

    A batch that is rejected as a whole counts as one.
    """
    exchange = current()
    if request.method != "POST" or _route() not in (paths.EVENTS, paths.BATCH):
        return
    for rejection, body in exchange.rejected:
        if _is_for_good(rejection):
            hints = Hints(
                origin=request.headers.get("Origin", ""),
                user_agent=request.headers.get("User-Agent", ""),
                sdk=request.headers.get("X-UGC-SDK", ""),
            )
            rejected.keep(rejection, body, hints, correlation_id=exchange.correlation_id)


def _observe(observer: Observer) -> None:
    """Tells the debugger what became of the events in a request, if it is to know."""
    exchange, route = current(), _route()
    if request.method != "POST" or route not in (paths.EVENTS, paths.BATCH):
        return
    tag = tag_of(request.headers.get(TAG_HEADER))
    if observer.wants(tag, exchange.sender):
        observer.keep(
            Observed(
                tag=tag,
                sender=exchange.sender,
                route=route,
                correlation_id=exchange.correlation_id,
                results=exchange.each,
                seconds=time.perf_counter() - exchange.started,
                origin=request.headers.get("Origin"),
                sdk=request.headers.get("X-UGC-SDK"),
            )
        )


def _is_for_good(rejection: Rejection) -> bool:
    """Whether the same would be refused again: not a fault of ours, nor too slow or too much."""
    return rejection.status < 500 and rejection.status not in (408, 429)


def _rejected(rejection: Rejection) -> Response:
    facts = {
        "code": rejection.reason,
        "event": rejection.event,
        "correlation_id": current().correlation_id,
    }
    if rejection.status >= 500:
        _log.warning("not accepted", extra={**facts, "cause": str(rejection.__cause__)})
    else:
        _log.info("refused", extra=facts)
    return _answer(rejection)


def _http_error(error: HTTPException) -> Response | HTTPException:
    """What Flask itself refuses; a redirect passes as it is."""
    status = error.code or 500
    if status < 400:
        return error
    if status >= 500:
        return _failed(error)
    reason = _HTTP_REASONS.get(status, Reason.REQUEST_INVALID)
    response = _answer(Rejection(reason, DESCRIPTIONS[reason]))
    response.headers.extend((n, v) for n, v in error.get_headers() if n == "Allow")
    return response


def _failed(error: Exception) -> Response:
    _log.error("failed", exc_info=error, extra={"correlation_id": current().correlation_id})
    reason = Reason.INTERNAL_ERROR
    return _answer(Rejection(reason, DESCRIPTIONS[reason]))


def _answer(rejection: Rejection) -> Response:
    current().rejection = rejection
    document = problem(rejection, correlation_id=current().correlation_id)
    response = Response(
        orjson.dumps(document), rejection.status, rejection.headers, mimetype=MEDIA_TYPE
    )
    if rejection.retry_after_seconds is not None:
        response.headers["Retry-After"] = str(rejection.retry_after_seconds)
    if rejection.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    return response
