"""The HTTP endpoint that front ends send events to.

In: JSON over HTTP.  Out: Avro messages that Kafka has acknowledged or the spool keeps for it, or a
problem document that says what to change; documentation made from the contracts; health.
"""
