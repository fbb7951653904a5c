"""Alembic: revisions in Python, read and rendered without the project's own environment."""
