"""The words of the field, as frozen values: no files, no databases, no third-party library."""
