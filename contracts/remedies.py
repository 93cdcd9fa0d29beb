"""What to do about each reason code, for whoever meets it; what it is: :mod:`contracts.reasons`.

A front-end developer reads the first part, an operator of the loader the last.
"""

from __future__ import annotations

from collections.abc import Mapping

from contracts.reasons import Reason

REMEDIES: Mapping[Reason, str] = {
    Reason.REQUEST_INVALID: (
        "Send plain HTTP/1.1: a whole body in the encoding that Content-Encoding names, and no"
        " Transfer-Encoding but chunked. A library does that by itself."
    ),
    Reason.BODY_EMPTY: "Send the event as the request's body, as JSON.",
    Reason.BODY_TOO_LARGE: (
        "Send less in one event, or fewer events in one batch; the detail names the limit. An"
        " operator can raise BODY_LIMIT_BYTES or BATCH_LIMIT_BYTES."
    ),
    Reason.LENGTH_INVALID: (
        "Leave Content-Length to the HTTP library; a proxy that changes bodies changes it too."
    ),
    Reason.BODY_TIMEOUT: "Send it again; on a slow connection send smaller batches.",
    Reason.MEDIA_TYPE_UNSUPPORTED: "Send Content-Type: application/json.",
    Reason.ENCODING_UNSUPPORTED: (
        "Send UTF-8, and compress with gzip, deflate, br or zstd, or not at all."
    ),
    Reason.JSON_INVALID: (
        "Make the body with the language's JSON library; the detail names the place. NaN and"
        " Infinity are no JSON: leave the field out, or send null where the contract takes it."
    ),
    Reason.JSON_DUPLICATE_KEY: (
        "Write each key once. A JSON library does; text that is put together by hand may not."
    ),
    Reason.JSON_TOO_DEEP: (
        "Send flatter data. An operator can raise JSON_DEPTH_LIMIT where a contract is that deep."
    ),
    Reason.BATCH_TOO_LONG: "Split the batch; the detail names how many events one may hold.",
    Reason.ENVELOPE_INVALID: (
        "Send an object with event, token and data, and beside them only what the documentation"
        " lists; the violations name the place."
    ),
    Reason.EVENT_UNKNOWN: (
        "Check the spelling; the detail names the nearest event. A new event needs a contract:"
        " `ugc contracts new`."
    ),
    Reason.EVENT_NOT_ACCEPTED: "Send the two events that it is made of; its page names them.",
    Reason.VERSION_UNKNOWN: (
        "Leave version out to mean the newest, or send one that the event's page lists. After a"
        " new contract the service has to be deployed first, then the senders."
    ),
    Reason.VERSION_RETIRED: "Send a version that is still taken; the event's page compares them.",
    Reason.DATA_INVALID: (
        "Mend what the violations name: each has a pointer into the request, the rule that was"
        " broken and what it expects. `POST /api/v1/validate` tries an event without storing it."
    ),
    Reason.EVENT_ID_REUSED: (
        "Make a new UUID for each event, and repeat it only when the very same event is sent again."
    ),
    Reason.EVENT_TOO_LARGE: (
        "Send less in one event, or raise max.message.bytes of the topic"
        " (`max_message_mebibytes` in topics.json)."
    ),
    Reason.EVENT_NOT_STORABLE: (
        "Look into the service's log under the correlation id: the topic's own settings refuse the"
        " record."
    ),
    Reason.TOKEN_INVALID: (
        "Send the access token as auth_service issued it, without 'Bearer', or null for a visitor"
        " who is not signed in."
    ),
    Reason.TOKEN_EXPIRED: "Get a new token, and send the event again under the same event_id.",
    Reason.TOKEN_REVOKED: "Let the user sign in again, or send null as the token.",
    Reason.TOKEN_SUBJECT_MISMATCH: (
        "Tell whoever runs auth_service: it and the token name two different users."
    ),
    Reason.AUTH_UNAVAILABLE: (
        "Send it again after Retry-After, under the same event_id. An operator can set a key for"
        " the local check, with which outages of auth_service are not seen."
    ),
    Reason.APPLICATION_KEY_MISSING: (
        "Send the key of your application from applications.json as X-UGC-Key."
    ),
    Reason.APPLICATION_UNKNOWN: (
        "Check the key against applications.json; a new one counts once the service has started"
        " with it."
    ),
    Reason.APPLICATION_DISABLED: "Send with the application's newer key.",
    Reason.ORIGIN_NOT_ALLOWED: (
        "Add the page's origin (scheme, host and port) to the application's origins, or send from"
        " one that is there."
    ),
    Reason.EVENT_NOT_ALLOWED: "Add the event to the application's events, if it is to send it.",
    Reason.RATE_LIMITED: "Wait for Retry-After, then send again under the same event_id.",
    Reason.NOT_FOUND: "Check the address; events go to POST /api/v1/events.",
    Reason.METHOD_NOT_ALLOWED: "Use a method that the Allow header of the answer lists.",
    Reason.STORE_UNAVAILABLE: (
        "Send it again after Retry-After, under the same event_id: it then counts once, even if it"
        " was stored the first time."
    ),
    Reason.OVERLOADED: (
        "Send it again after Retry-After, under the same event_id. An operator adds processes, or"
        " raises API_QUEUE_REQUESTS."
    ),
    Reason.INTERNAL_ERROR: (
        "Send it again later under the same event_id, and give the correlation id to whoever runs"
        " the service."
    ),
    Reason.VALUE_NULL: "Find who writes to the topic beside the API; a tombstone is no event.",
    Reason.VALUE_TOO_SHORT: (
        "Find who writes to the topic without the Schema Registry's framing; our producers and"
        " Confluent's serializers write it."
    ),
    Reason.MAGIC_BYTE_WRONG: (
        "Find who writes to the topic without the Schema Registry's framing, such as plain JSON."
    ),
    Reason.SCHEMA_ID_UNKNOWN: (
        "Check that the loader asks the registry in which the producer registered its schema."
    ),
    Reason.SCHEMA_NOT_OURS: (
        "Give foreign records a topic of their own, or write a contract for the event."
    ),
    Reason.SCHEMA_NEWER: "Deploy the loader with the newer contracts; it goes on by itself.",
    Reason.AVRO_UNREADABLE: (
        "Find the producer by the dead letter's partition and offset: it wrote under the id of"
        " another schema. `ugc etl dead-letters retry` takes letters up again."
    ),
    Reason.TRAILING_BYTES: (
        "Find the producer by the dead letter's partition and offset: what it wrote is not one"
        " record of the schema that it names."
    ),
    Reason.KEY_MISMATCH: (
        "Let the producer write the event's name as the key (KAFKA_KEY), as the API does."
    ),
    Reason.ORPHAN_END: (
        "Look whether starts are lost: clients that send the end alone, or more time between the"
        " two than wait_seconds of the contract."
    ),
}
