"""Print how many migrations Django itself would run on an empty database, by app, as JSON.

python count_migrations.py SETTINGS
"""

import json
import os
import sys
from collections import Counter

import django
from django.db.migrations.loader import MigrationLoader

os.environ["DJANGO_SETTINGS_MODULE"] = sys.argv[1]
sys.path.insert(0, os.getcwd())
django.setup()
graph = MigrationLoader(None).graph
run = {node for leaf in graph.leaf_nodes() for node in graph.forwards_plan(leaf)}
print(json.dumps(Counter(app for app, _ in run)))
