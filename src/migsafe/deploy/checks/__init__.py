"""How the running code is judged while traffic moves: one file for each kind of `[[check]]`."""
