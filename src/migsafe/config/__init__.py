"""What a project says about itself once: read from its file, the environment and the options, in rising order."""

from __future__ import annotations

from migsafe.config.load import load_config
from migsafe.config.settings import Config, ConfiguredIgnore

__all__ = ["Config", "ConfiguredIgnore", "load_config"]
