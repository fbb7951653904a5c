"""A real Postgres that nobody had to install, and what can be seen on it."""
