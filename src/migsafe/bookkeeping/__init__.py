"""What the commands of the tracker do: a project's own words, and those of whoever calls, brought to the store.

Above the linter and the tracker, which do not know each other.
"""
