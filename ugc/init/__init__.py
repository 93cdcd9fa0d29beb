"""`ugc init`: topics, subjects and tables where they are missing."""
