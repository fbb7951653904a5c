"""The image of a container, and the version that it stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migsafe.deploy.errors import ProviderRefusedError

if TYPE_CHECKING:
    from migsafe.deploy.providers.kubectl import Object
    from migsafe.deploy.tables import Table

PLACE = "{version}"

#: A tag, or a digest after `@` (the distribution specification's grammar of references).
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}\Z")


@dataclass(frozen=True, slots=True)
class Image:
    """One container of a pod, and how its image follows from a version.

    Attributes:
        container: its name in the pod's template.
        pattern: `registry/shop:{version}`.
    """

    container: str
    pattern: str

    def of(self, version: str) -> str:
        """The image of a version.

        Raises:
            ProviderRefusedError: when no image can be called so.
        """
        if not _VERSION.match(version):
            raise ProviderRefusedError(
                f"{version} cannot be the version of an image",
                hint="letters, digits, dots, dashes and underscores, at most 128 of them",
            )
        return self.pattern.replace(PLACE, version)

    def version(self, image: str) -> str:
        """The version of an image; of one that is called otherwise, all of it, so that nobody takes it for known."""
        before, _, after = self.pattern.partition(PLACE)
        fits = image.startswith(before) and image.endswith(after)
        found = image[len(before) : len(image) - len(after)] if fits else ""
        return found if _VERSION.match(found) else image

    def spell(self, version: str) -> str:
        """The image of a version, for a message: one that is called otherwise is its own."""
        return self.of(version) if _VERSION.match(version) else version

    def fits(self, image: str) -> bool:
        """Whether an image is called as the pattern says."""
        return self.version(image) != image

    def place(self, template: Object) -> int | None:
        """Which of the template's containers is meant, from 0; None where it has none of that name."""
        names = [one["name"] for one in template["spec"]["containers"]]
        return names.index(self.container) if self.container in names else None

    def current(self, template: Object) -> str:
        """The version that a template names.

        Raises:
            ProviderRefusedError: when it has no such container.
        """
        return self.version(self.described(template)["image"])

    def described(self, template: Object) -> dict[str, Any]:
        """The container in a template.

        Raises:
            ProviderRefusedError: when it has no such container.
        """
        place = self.place(template)
        containers: list[dict[str, Any]] = template["spec"]["containers"]
        if place is None:
            names = ", ".join(one["name"] for one in containers)
            raise ProviderRefusedError(f"there is no container {self.container}; there are: {names}")
        return containers[place]

    def replacing(self, template: Object, version: str) -> dict[str, Any]:
        """The operation that sets the version in an object with this template."""
        self.described(template)
        path = f"/spec/template/spec/containers/{self.place(template)}/image"
        return {"op": "replace", "path": path, "value": self.of(version)}


def read_image(table: Table) -> Image:
    """The keys `container` and `image`.

    Raises:
        ConfigurationError: when one is missing, or the image has no one place for the version.
    """
    image = Image(table.text("container"), table.text("image"))
    if image.pattern.count(PLACE) != 1:
        hint = 'image = "registry/shop:{version}"'
        raise table.error("image", f"{image.pattern} must have {PLACE} in it, once", hint)
    return image
