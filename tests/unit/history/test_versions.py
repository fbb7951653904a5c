from __future__ import annotations

import pytest

from migsafe.history.versions import looks_like_version, plain_name, version_key


@pytest.mark.parametrize(
    "names",
    [
        ["v1.2", "v1.9", "v1.10", "v2"],
        ["1.0-alpha", "1.0-beta1", "1.0-rc1", "1.0-rc2", "1.0-rc10", "1.0", "1.0-hotfix", "1.0.1"],
        ["2026.2", "v2026.11", "2027.1"],
        ["release-1.9", "v1.10", "rel/2.0"],
        ["prod-2026-09-30", "prod-2026-10-01"],
    ],
)
def test_versions_are_in_the_order_that_people_mean(names: list[str]) -> None:
    backwards = names[::-1]
    assert sorted(backwards, key=version_key) == names


@pytest.mark.parametrize("name", ["1", "v2", "1.9.0", "2026.11", "release-1.2-rc1", "app/v1.2+build.5"])
def test_versions(name: str) -> None:
    assert looks_like_version(name)


@pytest.mark.parametrize("name", ["", "anna", "v", "next", "1.9 beta"])
def test_no_versions(name: str) -> None:
    assert not looks_like_version(name)


def test_spellings_of_one_release() -> None:
    assert {plain_name(name) for name in ("v1.9", "V1.9", "1.9")} == {"1.9"}
    assert plain_name("vanilla") == "vanilla"
