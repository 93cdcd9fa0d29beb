"""The ETL room: on a schedule, what is new in Kafka becomes rows in ClickHouse (L4, L5).

In: Kafka messages in Confluent framing.  Out: typed rows, one per event and one per started view;
dead letters for what cannot be used; a report whose books balance.

A run may be killed anywhere and repeated: it reads up to the ends that it found, and for every
chunk does, in this order, decode → apply to the pair store → insert → settle the pair store →
commit.  Nothing is committed before it is stored, and every step may be done twice.

Layers, lowest first: ``errors``, ``config``; the edges' Protocols ``source``, ``dead_letters``,
``store``; then ``report``, ``pairing``, ``decoding`` (pure); the edges ``kafka``,
``kafka_dead_letters`` and ``pair_store`` (with its ``*.lua``), and ``memory``, ``memory_store`` for
tests; then ``load``, ``parts``, ``pairs`` and ``run``; last ``app`` (puts them together) and
``schedule``.
"""
