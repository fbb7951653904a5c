"""Code of migsafe that runs inside of another tool's process."""
