"""Migrations that are programs: run each in a process of its own, and take the SQL that it would send.

A *worker* is that process. It says over a pipe what each migration sends, and asks what exists in the database at that
point; the answers come from the catalogue that all earlier migrations leave behind. No database is reached.
"""

from migsafe.sources.rendering.process import RenderedDatabase, render
from migsafe.sources.rendering.talk import Worker

__all__ = ["RenderedDatabase", "Worker", "render"]
