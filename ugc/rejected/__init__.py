"""`ugc rejected`: what the API refuses, and whose it is."""
