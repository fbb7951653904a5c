"""On a SQLite whose folder does not exist."""

from settings import *  # noqa: F403 - how Django's settings inherit

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "/nonexistent/nobody.sqlite3"}}
