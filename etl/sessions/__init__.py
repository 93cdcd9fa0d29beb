"""Start and end events become one row: the rules, and the open ones kept in Redis."""
