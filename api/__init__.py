"""The API room: the HTTP endpoint that front ends send events to.

In: JSON over HTTP.  Out: Avro messages that Kafka has acknowledged or the spool keeps for it, or a
problem document that says what to change.  Also: documentation made from the contracts, and health
for operators.

Layers, lowest first: ``errors``, ``model``, ``paths``; then ``strict_json``, ``body``, ``batch``,
``users``, ``storing``, ``pipeline``, ``problems``, ``rejected``, ``openapi`` and ``config``
(pure); then the edges ``breaker``, ``redis_calls``, ``auth_http``, ``token_cache``, ``seen``,
``jwt_local``, ``encoding``, ``kafka``, ``kafka_rejected`` and ``spool``; ``rejecting`` (before
``kafka_rejected``);
``replay`` and ``publisher`` (between the last two); then ``publishing`` and ``services`` (put them
together); last ``blueprint``, ``health``, ``docs_ui`` and ``app`` (Flask) and ``wsgi`` (the
server's entry).
"""
