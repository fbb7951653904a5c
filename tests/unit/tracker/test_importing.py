"""Documents go in and come out as they were."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from migsafe.evidence.state import in_order, read_state_file
from migsafe.model.state import StateDocument
from migsafe.tracker.errors import TrackerRefusedError
from migsafe.tracker.importing import Imported, import_state
from migsafe.tracker.opening import Tracker
from state_documents import FIXTURES, documents
from tracker_books import ME, NOW, Book, book_in, copy_of, ran, step

LATER = NOW + timedelta(days=3)


def take_over(book: Book, document: StateDocument, **how: str) -> Imported:
    with Tracker(book.address, clock=lambda: LATER).writing(ME) as store:
        return import_state(store, document, LATER, **how)  # type: ignore[arg-type]


def facts(document: StateDocument) -> StateDocument:
    """Without what is the tracker's own, or said twice."""
    checks = tuple(dict.fromkeys(document.checks))
    plain = replace(document, exported=NOW, installation="", chain=documents_chain, checks=checks, unread=())
    return in_order(plain)


documents_chain = StateDocument(exported=NOW, installation="", chain=None).chain  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return book_in(tmp_path_factory.mktemp("empty"))


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents())
def test_any_document_comes_out_as_it_went_in(empty: Book, document: StateDocument) -> None:
    with tempfile.TemporaryDirectory() as folder:
        book = copy_of(empty, Path(folder) / "tracker.db")
        take_over(book, document)
        assert facts(book.known().state) == facts(document)
        assert take_over(book, document).written == 0, "the same again writes nothing"


@pytest.mark.parametrize("name", ["full.json", "rolling.json", "rolled-back.json", "two-environments.json"])
def test_documents_that_people_wrote(name: str, tmp_path: Path) -> None:
    book, document = book_in(tmp_path), read_state_file(FIXTURES / name)
    assert take_over(book, document, reason="moved").written
    assert facts(book.known().state) == facts(document)
    assert book.kinds()[-1] == "import"


@pytest.fixture
def full(tmp_path: Path) -> Book:
    book = book_in(tmp_path)
    take_over(book, read_state_file(FIXTURES / "full.json"))
    return book


def test_what_both_know_otherwise_is_refused(full: Book) -> None:
    document = read_state_file(FIXTURES / "rolling.json")
    before = full.known()
    with pytest.raises(TrackerRefusedError, match=r"the tracker knows .* otherwise than the document"):
        take_over(full, document)
    assert full.known() == before


def test_somebody_says_who_is_believed(full: Book) -> None:
    document = read_state_file(FIXTURES / "rolling.json")
    before = full.known().state.environment("production")
    kept = take_over(full, document, prefer="tracker").kept
    assert kept
    assert full.known().state.environment("production") == before
    take_over(full, document, prefer="file")
    told = document.environment("production")
    mine = full.known().state.environment("production")
    assert told is not None
    assert mine is not None
    assert {one.release: one.status for one in told.rollouts}.items() <= {
        one.release: one.status for one in mine.rollouts
    }.items()


def test_what_is_known_besides_stays(tmp_path: Path) -> None:
    book = book_in(tmp_path).furnish()
    with book.writing() as store:
        store.record(step("900", change="orders"), ran())
    take_over(book, read_state_file(FIXTURES / "full.json"), prefer="file")
    assert {"900", "002_users_full_name"} <= {one.label for one in book.known().state.steps}
