"""`ugc registry`: subjects registered, checked and locked."""
