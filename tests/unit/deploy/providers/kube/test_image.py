"""Images and versions."""

from __future__ import annotations

import pytest

from kube_scenes import pod_template
from migsafe.deploy.errors import ProviderRefusedError
from migsafe.deploy.providers.kube.image import Image, read_image
from migsafe.deploy.tables import Table
from migsafe.errors import ConfigurationError

IMAGE = Image("web", "registry.example:5000/shop:{version}-slim")


@pytest.mark.parametrize("version", ["v1", "2026.11.1", "1.0.0_rc-2", "a" * 128])
def test_there_and_back(version: str) -> None:
    assert IMAGE.version(IMAGE.of(version)) == version
    assert IMAGE.fits(IMAGE.of(version))


def test_a_digest_is_a_version() -> None:
    image = Image("web", "registry.example/shop@{version}")

    assert image.version(image.of("sha256:0a1b")) == "sha256:0a1b"


@pytest.mark.parametrize("version", ["", "-v1", "a/b", "v1 --x", "v1\n", "a" * 129, "é"])
def test_what_no_image_can_be_called(version: str) -> None:
    with pytest.raises(ProviderRefusedError):
        IMAGE.of(version)


@pytest.mark.parametrize(
    "other",
    ["registry.example:5000/shop:v1", "registry.example:5000/shop:-slim", "elsewhere/shop:v1-slim", "shop", ""],
)
def test_an_image_that_is_called_otherwise_is_no_version(other: str) -> None:
    assert IMAGE.version(other) == other
    assert not IMAGE.fits(other)


def test_the_container_is_found_by_its_name_and_not_by_its_place() -> None:
    template = pod_template("v1")

    assert Image("proxy", "registry.example/proxy:{version}").replacing(template, "4") == {
        "op": "replace",
        "path": "/spec/template/spec/containers/1/image",
        "value": "registry.example/proxy:4",
    }
    with pytest.raises(ProviderRefusedError, match="there is no container app; there are: web, proxy"):
        Image("app", "shop:{version}").current(template)


@pytest.mark.parametrize("pattern", ["shop:latest", "{version}/shop:{version}"])
def test_a_pattern_needs_one_place(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match=r"must have \{version\} in it, once"):
        read_image(Table.of({"container": "web", "image": pattern}))
