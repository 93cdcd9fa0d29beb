"""The spool: accepted events on this machine's disk, for as long as Kafka does not take them.

In: records that Kafka has not acknowledged in time.  Out: the same records, in order, for whoever
sends them again.  What :meth:`~api.publish.spool.log.Log.append` has returned for is synced to the
disk, and stays there until :meth:`~api.publish.spool.log.Log.done` is told that Kafka has it.

On the disk::

    SPOOL_DIR/topic                          the topic that all of it is for
    SPOOL_DIR/worker-0001/lock               flock'ed by the living process that owns the folder
    SPOOL_DIR/worker-0001/0000000007.spool   a segment: a header, then records

A worker takes the first folder whose lock is free, with the segments that a dead worker left
there; it also empties other folders that nobody owns.  A lock that a living process holds is never
taken, and the kernel lets go of a dead one's.

A segment holds what is written while Kafka is away, in order.  Nothing in it is ever changed; it
is deleted as a whole, when Kafka has every record of it.  So a worker that dies may leave records
that Kafka has already: they are sent again with the same event_id, sequence and headers, and the
later stages know them by these.

Layers, lowest first: ``record``, ``frames``; then ``segment``, ``reading``; then the edges
``disk``, ``log``, ``slots`` and ``topic``.
"""
