"""The API room: the HTTP endpoint that front ends send events to.

In: JSON over HTTP.  Out: Avro messages that Kafka has acknowledged or the spool keeps for it, or a
problem document that says what to change.  Also: documentation made from the contracts, and health
for operators.

Layers, lowest first: ``errors``, ``model``, ``paths``, ``watching``; then ``strict_json``,
``codecs``, ``body``, ``batch``, ``users``, ``storing``, ``pipeline``, ``problems``, ``rejected``,
``rate_limit``, ``openapi``, ``origins``, ``security_headers`` and ``config`` (pure, but for the
libraries in ``codecs``); then the edges ``breaker``, ``redis_calls``, ``rate_counts``,
``auth_http``, ``token_cache``, ``seen``, ``jwt_keys``, ``jwks_file``, ``jwt_local``, ``encoding``,
``kafka``, ``kafka_rejected`` and ``spool``; ``rejecting`` (before ``kafka_rejected``); ``replay``
and ``publisher`` (between the last two); ``sampling`` and ``metrics``; then ``publishing`` and
``services`` (put them together); last ``blueprint``, ``health``, ``docs_ui``, ``cors`` and ``app``
(Flask), ``front`` (awaits bodies before threads work on them) and ``wsgi`` (the server's entries).
"""
