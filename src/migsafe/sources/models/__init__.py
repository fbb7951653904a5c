"""The DDL of an application's SQLAlchemy models, rendered by a process of its own, which alone imports SQLAlchemy."""

from migsafe.sources.models.rendering import ModelTable, RenderedModels, render_models

__all__ = ["ModelTable", "RenderedModels", "render_models"]
