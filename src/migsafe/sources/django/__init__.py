"""Django: migrations are rendered by the project's own interpreter, over a connection that never connects."""
