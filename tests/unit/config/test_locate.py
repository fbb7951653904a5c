from __future__ import annotations

from pathlib import Path

import pytest

from migsafe.config import locate
from migsafe.errors import ConfigurationError


def own(folder: Path, text: str) -> Path:
    path = folder / "migsafe.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("text", ["server_version = 16", "[tool.migsafe]\nserver_version = 16"])
def test_an_own_file_may_bear_the_heading_of_the_shared_one(text: str, tmp_path: Path) -> None:
    path = own(tmp_path, text)
    assert locate.read(path).table == {"server_version": 16}
    found = locate.find(tmp_path)
    assert found is not None
    assert found.table == {"server_version": 16}


@pytest.mark.parametrize("text", ["since = '1'\n[tool.migsafe]\nserver_version = 16", "[tool]\nmigsafe = 3"])
def test_settings_stand_in_one_place(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="either at the top or in one table"):
        locate.read(own(tmp_path, text))


def test_the_setting_called_tool_is_no_heading(tmp_path: Path) -> None:
    assert locate.read(own(tmp_path, 'tool = "goose"')).table == {"tool": "goose"}
