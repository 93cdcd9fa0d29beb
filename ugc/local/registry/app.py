"""Confluent's REST API in front of a :class:`~ugc.local.registry.store.SchemaStore`.

Source: https://docs.confluent.io/platform/current/schema-registry/develop/api.html and, where that
is silent, the resource classes of Confluent's schema-registry.  Each route reads the request, works
in one transaction, and answers.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from typing import Any, TypeVar

from flask import Blueprint, Flask, Response, request
from werkzeug.exceptions import (
    HTTPException,
    NotAcceptable,
    NotFound,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)
from werkzeug.routing import BaseConverter

from registry.errors import InvalidSchemaError, RequestRefusedError, SchemaStoreError
from ugc.local.registry import contexts, deletion, queries, refusals, registration, settings
from ugc.local.registry.accepting import accepted_type
from ugc.local.registry.documents import schema_document, version_document
from ugc.local.registry.queries import Deleted
from ugc.local.registry.requests import (
    check_subject,
    read_level,
    read_mode,
    read_schema,
    read_version,
)
from ugc.local.registry.store import SchemaStore

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"
_ANSWERED = (MEDIA_TYPE, "application/vnd.schemaregistry+json", "application/json")
_UNDERSTOOD = ("", *_ANSWERED, "application/octet-stream")

BODY_LIMIT_BYTES = 4 * registration.MAX_SCHEMA_BYTES
"""A schema is a JSON string within the body, where each of its quotes takes two bytes."""

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class _Subject(BaseConverter):
    """A name that may have slashes in it, taken as long as the rest of the path allows."""

    regex = "(?s:.+)"
    part_isolating = False

    def to_python(self, value: str) -> str:
        return contexts.plain(value)


def create_app(store: SchemaStore) -> Flask:
    """The application; it does not close the store."""
    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.strict_slashes = False
    app.url_map.converters["subject"] = _Subject
    for blueprint in (_schemas, _subjects, _versions, _compatibility, _levels, _modes):
        app.register_blueprint(blueprint(store))

    # Flask's manual wraps an application so.
    app.wsgi_app = contexts.with_context_paths(app.wsgi_app)  # type: ignore[method-assign, assignment]

    @app.get("/contexts")
    def every_context() -> Response:
        with store.read() as rows:
            found = queries.subjects(rows, queries.ALL_SUBJECTS, Deleted.INCLUDED)
            return _answer(_page(contexts.listed(found)))

    @app.get("/")
    def root() -> Response:
        return _answer({})

    @app.before_request
    def negotiate() -> None:
        if _answered_type() is None:
            raise NotAcceptable
        if request.method in ("POST", "PUT") and request.mimetype not in _UNDERSTOOD:
            raise UnsupportedMediaType

    app.register_error_handler(RequestRefusedError, _refused)
    app.register_error_handler(InvalidSchemaError, _invalid)
    app.register_error_handler(RecursionError, _too_deep)
    app.register_error_handler(SchemaStoreError, _store_failed)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _failed)
    return app


def _schemas(store: SchemaStore) -> Blueprint:
    routes = Blueprint("schemas", __name__, url_prefix="/schemas")

    @routes.get("")
    def every() -> Response:
        prefix, latest_only = request.args.get("subjectPrefix", ""), _flag("latestOnly")
        with store.read() as rows:
            found = queries.schemas(rows, prefix, _deleted(), latest_only=latest_only)
            return _answer([version_document(each) for each in _page(found)])

    @routes.get("/types")
    def types() -> Response:
        return _answer(["AVRO"])

    @routes.get("/ids/<schema_id>")
    def by_id(schema_id: str) -> Response:
        with store.read() as rows:
            return _answer(schema_document(queries.schema_of(rows, _id(schema_id))))

    @routes.get("/ids/<schema_id>/schema")
    def text_by_id(schema_id: str) -> Response:
        with store.read() as rows:
            return _text(queries.schema_of(rows, _id(schema_id)).text)

    @routes.get("/ids/<schema_id>/subjects")
    def subjects_by_id(schema_id: str) -> Response:
        with store.read() as rows:
            found = queries.versions_with(rows, _id(schema_id), with_deleted=_flag("deleted"))
            return _answer(_page(sorted({each.subject for each in found})))

    @routes.get("/ids/<schema_id>/versions")
    def versions_by_id(schema_id: str) -> Response:
        with store.read() as rows:
            found = queries.versions_with(rows, _id(schema_id), with_deleted=_flag("deleted"))
            return _answer(
                [{"subject": each.subject, "version": each.version} for each in _page(found)]
            )

    return routes


def _subjects(store: SchemaStore) -> Blueprint:
    routes = Blueprint("subjects", __name__, url_prefix="/subjects")

    @routes.get("")
    def every() -> Response:
        prefix = request.args.get("subjectPrefix", queries.ALL_SUBJECTS)
        with store.read() as rows:
            return _answer(_page(queries.subjects(rows, prefix, _deleted())))

    @routes.post("/<subject:subject>")
    def look_up(subject: str) -> Response:
        wanted = read_schema(_body())
        with store.read() as rows:
            found = registration.look_up(
                rows,
                subject,
                wanted,
                normalize=_flag("normalize"),
                with_deleted=_flag("deleted"),
            )
            return _answer(version_document(found))

    @routes.get("/<subject:subject>/metadata")
    def newest_with_metadata(subject: str) -> Response:
        # No schema here has metadata (ugc.local.registry.requests), so none has what is asked for.
        with store.read() as rows:
            queries.versions_of(rows, subject, _deleted())
        raise refusals.schema_not_found()

    @routes.delete("/<subject:subject>")
    def delete(subject: str) -> Response:
        with store.write() as rows:
            deleted = deletion.delete_subject(rows, subject, permanent=_flag("permanent"))
        return _answer(deleted)

    return routes


def _versions(store: SchemaStore) -> Blueprint:
    routes = Blueprint("versions", __name__, url_prefix="/subjects/<subject:subject>/versions")

    @routes.get("")
    def every(subject: str) -> Response:
        with store.read() as rows:
            found = queries.versions_of(rows, subject, _deleted())
            return _answer([each.version for each in _page(found)])

    @routes.post("")
    def register(subject: str) -> Response:
        check_subject(subject)
        sent = read_schema(_body())
        with store.write() as rows:
            schema_id = registration.register(rows, subject, sent, normalize=_flag("normalize"))
        return _answer({"id": schema_id})

    @routes.get("/<version>")
    def one(subject: str, version: str) -> Response:
        number, deleted = read_version(version), _flag("deleted")
        with store.read() as rows:
            found = queries.version_of(rows, subject, number, with_deleted=deleted)
            return _answer(version_document(found))

    @routes.get("/<version>/schema")
    def text(subject: str, version: str) -> Response:
        number, deleted = read_version(version), _flag("deleted")
        with store.read() as rows:
            found = queries.version_of(rows, subject, number, with_deleted=deleted)
            return _text(found.schema.text)

    @routes.get("/<version>/referencedby")
    def referenced_by(subject: str, version: str) -> Response:
        with store.read() as rows:
            return _answer(_page(queries.referenced_by(rows, subject, read_version(version))))

    @routes.delete("/<version>")
    def delete(subject: str, version: str) -> Response:
        number, permanent = read_version(version), _flag("permanent")
        with store.write() as rows:
            deleted = deletion.delete_version(rows, subject, number, permanent=permanent)
        return _answer(deleted)

    return routes


def _compatibility(store: SchemaStore) -> Blueprint:
    prefix = "/compatibility/subjects/<subject:subject>/versions"
    routes = Blueprint("compatibility", __name__, url_prefix=prefix)

    @routes.post("")
    @routes.post("/<version>")
    def test(subject: str, version: str | None = None) -> Response:
        number = None if version is None else read_version(version)
        sent = read_schema(_body())
        is_verbose = _flag("verbose")
        with store.read() as rows:
            earlier = queries.compared_with(rows, subject, number)
            try:
                messages = registration.problems(
                    rows, subject, sent, earlier, normalize=_flag("normalize")
                )
            except InvalidSchemaError as error:
                if not is_verbose:
                    raise
                messages = [str(error)]
        answer: dict[str, Any] = {"is_compatible": not messages}
        return _answer(answer | {"messages": messages} if is_verbose else answer)

    return routes


def _levels(store: SchemaStore) -> Blueprint:
    routes = Blueprint("levels", __name__, url_prefix="/config")

    @routes.get("")
    @routes.get("/<subject:subject>")
    def get(subject: str = settings.GLOBAL) -> Response:
        with store.read() as rows:
            level = settings.get_level(rows, subject, default_to_global=_flag("defaultToGlobal"))
        return _answer({"compatibilityLevel": level})

    @routes.put("")
    @routes.put("/<subject:subject>")
    def put(subject: str = settings.GLOBAL) -> Response:
        level = read_level(_body())
        check_subject(subject)
        with store.write() as rows:
            settings.set_level(rows, subject, level)
        return _answer({"compatibility": level})

    @routes.delete("")
    @routes.delete("/<subject:subject>")
    def delete(subject: str = settings.GLOBAL) -> Response:
        with store.write() as rows:
            level = settings.delete_level(rows, subject)
        return _answer({"compatibilityLevel": level})

    return routes


def _modes(store: SchemaStore) -> Blueprint:
    routes = Blueprint("modes", __name__, url_prefix="/mode")

    @routes.get("")
    @routes.get("/<subject:subject>")
    def get(subject: str = settings.GLOBAL) -> Response:
        with store.read() as rows:
            mode = settings.get_mode(rows, subject, default_to_global=_flag("defaultToGlobal"))
        return _answer({"mode": mode})

    @routes.put("")
    @routes.put("/<subject:subject>")
    def put(subject: str = settings.GLOBAL) -> Response:
        check_subject(subject)
        mode = read_mode(_body())
        with store.write() as rows:
            settings.set_mode(rows, subject, mode, force=_flag("force"))
        return _answer({"mode": mode})

    @routes.delete("")
    @routes.delete("/<subject:subject>")
    def delete(subject: str = settings.GLOBAL) -> Response:
        with store.write() as rows:
            mode = settings.delete_mode(rows, subject)
        return _answer({"mode": mode})

    return routes


def _body() -> bytes:
    """The whole body. Flask's own limit cuts a chunked one without saying so."""
    body = bytearray()
    wanted = BODY_LIMIT_BYTES + 1
    while len(body) < wanted and (piece := request.stream.read(wanted - len(body))):
        body += piece
    if len(body) > BODY_LIMIT_BYTES:
        raise RequestEntityTooLarge
    return bytes(body)


def _flag(name: str) -> bool:
    return request.args.get(name, "").lower() == "true"


def _deleted() -> Deleted:
    if _flag("deletedOnly"):
        return Deleted.ONLY
    return Deleted.INCLUDED if _flag("deleted") else Deleted.EXCLUDED


def _page(found: Sequence[_T]) -> Sequence[_T]:
    offset = request.args.get("offset", 0, type=int)
    limit = request.args.get("limit", -1, type=int)
    start = max(offset, 0)
    return found[start : start + limit] if limit > 0 else found[start:]


def _id(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,10}", text):
        raise NotFound
    return int(text)


def _answer(document: Any, status: int = 200) -> Response:
    return _text(json.dumps(document, ensure_ascii=False), status)


def _text(body: str, status: int = 200) -> Response:
    return Response(body, status, content_type=_answered_type() or MEDIA_TYPE)


def _answered_type() -> str | None:
    return accepted_type(request.headers.get("Accept", ""), _ANSWERED)


def _error(status: int, code: int, message: str) -> Response:
    return _answer({"error_code": code, "message": message}, status)


def _refused(error: RequestRefusedError) -> Response:
    return _error(error.status, error.code, error.message)


def _invalid(error: InvalidSchemaError) -> Response:
    return _refused(refusals.invalid_schema(str(error)))


def _too_deep(_error: RecursionError) -> Response:
    return _refused(refusals.invalid_schema("Invalid schema: its types nest too deep"))


def _store_failed(error: SchemaStoreError) -> Response:
    _log.error("the store failed", exc_info=error)
    return _refused(refusals.store_failed())


def _http_error(error: HTTPException) -> Response:
    status = error.code or 500
    response = _error(status, status, f"HTTP {status} {error.name}")
    response.headers.extend((n, v) for n, v in error.get_headers() if n == "Allow")
    return response


def _failed(error: Exception) -> Response:
    _log.error("failed", exc_info=error)
    return _error(500, 500, "Internal Server Error")
