"""Drift: what a database, or the models of an application, have that the migrations do not build, and the reverse."""
