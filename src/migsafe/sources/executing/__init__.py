"""A project's own tool, run one migration at a time by the project's interpreter: what all such tools share."""
