"""The ETL room: on a schedule, what is new in Kafka becomes rows in ClickHouse (L4, L5).

In: Kafka messages in Confluent framing.  Out: typed rows, one per event and one per started view;
dead letters for what cannot be used; a report whose books balance.

A run may be killed anywhere and repeated: it reads up to the ends that it found, and for every
chunk does, in this order, decode → apply to the pair store → insert → settle the pair store →
commit.  Nothing is committed before it is stored, and every step may be done twice.

Layers, lowest first: ``errors``, ``config``; the edges' Protocols ``source``, ``outbox``,
``dead_letters``, ``store``, ``ledger``; then ``numbers``, ``stamps``, ``gaps``, ``report``,
``pairing``, ``decoding``, ``holding``, ``quality``, ``alerts``, ``runs_table`` (pure); the edges
``kafka``, ``kafka_history``, ``kafka_outbox``, ``kafka_dead_letters``, ``pair_store`` and
``redis_ledger`` (with their ``*.lua`` and ``redis_edge``), ``metrics``, and ``memory…`` for tests;
then ``load``, ``journal``, ``parts``, ``pairs`` and ``run``; beside it ``replay``, ``letters``,
``refusals`` and ``quality_facts``; last ``app`` (puts them together) and ``schedule``.
"""
