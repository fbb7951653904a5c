"""Batch mode, with the place of each operation inside the `with` block instead of that of its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from alembic.operations import batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migsafe.sources.alembic.worker.places import Place
    from migsafe.sources.alembic.worker.recording import Recording

_ORIGINAL = batch.BatchOperationsImpl


class _PlacedList(list[Any]):
    """The operations of a batch; going through them says to the recording where each stands."""

    def __init__(self, recording: Recording) -> None:
        super().__init__()
        self._recording = recording
        self.places: list[Place] = []

    def append(self, operation: Any) -> None:
        self.places.append(self._recording.here())
        super().append(operation)

    def __iter__(self) -> Iterator[Any]:
        for operation, place in zip(list(super().__iter__()), list(self.places), strict=True):
            self._recording.fixed_place = place
            yield operation
        # what follows makes the new table and moves the rows: the whole batch does, and it begins here
        self._recording.fixed_place = self.places[0] if self.places else None


def place_batches(recording: Recording) -> None:
    """Let batches say their places to this recording from here on."""

    class PlacedBatch(_ORIGINAL):
        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, **keywords)  # type: ignore[no-untyped-call] # Alembic leaves it untyped
            self.batch = _PlacedList(recording)

        def flush(self) -> None:
            try:
                super().flush()
            finally:
                recording.fixed_place = None

    batch.BatchOperationsImpl = PlacedBatch  # type: ignore[misc] # `batch_alter_table` looks it up there by name
