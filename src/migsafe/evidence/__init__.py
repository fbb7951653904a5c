"""What was seen on a server, as a document: written by `verify --evidence FILE`, read by whoever judges migrations."""

from migsafe.evidence.document import SCHEMA, document, render
from migsafe.evidence.reading import read_evidence

__all__ = ["SCHEMA", "document", "read_evidence", "render"]
