"""A process that runs a backfill and is killed in it: `python backfill_victim.py DSN BESIDE|FILE [PACE_ROWS]`."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from backfill_sites import STEADY, field_apart_again, field_at
from migsafe.backfill.task import Options


def main() -> None:
    dsn, place, workers = sys.argv[1:4]
    field = field_at(dsn) if place == "beside" else field_apart_again(dsn, Path(place))
    pace = replace(STEADY, first=5, least=5, most=5)
    result = field.run(Options(pace=pace, look_s=0.2, patience_s=20, workers=int(workers)))
    print(result.ok)


if __name__ == "__main__":
    main()
