"""Reads a page of the demo as a browser would have to: every element closed, nothing fetched, no script."""

from __future__ import annotations

from html.parser import HTMLParser

_VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})
_FETCHING = frozenset({"src", "href", "srcset", "action", "data", "poster"})


class Page(HTMLParser):
    """What is in a page.

    Attributes:
        text: all of it, without tags and styles.
        tags: of all elements.
        wrong: elements that are not closed, or not in their order; attributes that fetch; handlers of events.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []
        self.wrong: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.wrong += [f"<{tag}> is not closed" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One opens."""
        self.tags.append(tag)
        self.wrong += [f"{name} of <{tag}>" for name, _ in attrs if name in _FETCHING or name.startswith("on")]
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One opens and closes."""
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        """One closes."""
        if not self._open or self._open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._open and self._open[-1] != "style":
            self.text += data
