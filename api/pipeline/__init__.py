"""One event from its bytes to its acknowledgement: validated, stamped, encoded, stored once."""
