"""Two versions of a contract compared: what changed, and by which rule, shown by a payload."""
