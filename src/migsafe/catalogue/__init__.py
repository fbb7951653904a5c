"""What a project's migrations build, without a database: read, replayed, and written down for people and programs."""
