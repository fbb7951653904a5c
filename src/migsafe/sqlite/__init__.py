"""SQLite as this Python links it: connections and what a schema holds; the only package that imports sqlite3."""
