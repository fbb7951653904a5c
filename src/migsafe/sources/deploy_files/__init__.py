"""Files of a deployment, read as facts with their places: Dockerfiles, Procfiles, scripts, Compose files, manifests.

`finding` finds them, `reading` reads them. Nothing is run, built or rendered. Both are imported when there is something
to look for: linting migrations needs neither.
"""
