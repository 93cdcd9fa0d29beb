"""What several commands know of a project: its contracts folder and the tables made of it."""
