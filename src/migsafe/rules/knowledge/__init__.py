"""Facts about databases, as data: each with the version it holds for and the page that says so."""
