"""`ugc etl`: load, replay, and dead letters."""
