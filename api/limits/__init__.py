"""What bounds the work done for a caller: rate limits, and calls to Redis that cannot hang."""
