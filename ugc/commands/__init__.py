"""One module for each subcommand of ``ugc``; each defines ``command``."""
