"""On a schedule, or as it comes, what is new in Kafka becomes rows in ClickHouse (L4, L5).

In: Kafka messages in Confluent framing. Out: typed rows, one per event and one per started session;
dead letters for what cannot be used; a report whose totals are reconciled.

A run may be killed anywhere and repeated: it reads up to the ends that it found, and for every
chunk does, in this order, decode → apply to the session store → insert → settle the session store →
commit.  Nothing is committed before it is stored, and every step may be done twice.
"""
