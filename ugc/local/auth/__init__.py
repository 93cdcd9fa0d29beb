"""A stand-in for auth_service, for the local stack and for tests.

The HTTP contract that the API's client is written to:

``POST /api/v1/auth/verify`` with ``{"token": "…"}`` answers

* 200 ``{"user_id": "<uuid>", "expires_at": <Unix seconds>}`` for a good token,
* 401 ``{"code": "token_expired" | "token_invalid" | "token_revoked", …}`` for a bad one,
* 400 ``{"code": "request_invalid", …}`` for a request of another form.

Only the stand-in has these:

``POST /api/v1/auth/demo-token`` with ``{"user_id": "<uuid>", "ttl_seconds": 3600}``, both optional,
answers 201 ``{"token": "…", "user_id": "…", "expires_at": <Unix seconds>}``.  A lifetime below 0
makes a token that has ended.
``POST /api/v1/auth/revoke`` with ``{"token": "…"}`` answers 204; revocations and faults last as
long as the process.
``GET /health`` answers 200.
``PUT /faults`` with ``{"mode": "ok" | "slow" | "error" | "malformed" | "wrong_user",
"delay_seconds": 1.5}`` makes ``verify`` misbehave, for tests; requests that a slow one holds back
go on as soon as the fault is changed.

Every refusal is ``application/problem+json``.
"""
