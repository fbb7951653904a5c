"""Postgres over its wire: how migsafe connects, and what it reads there. The only package that knows psycopg."""
