"""A loop at the governor's rate that does nothing, to compare with: `python -m real_robot.bare PERIOD SECONDS`."""

import json
import select
import sys
import time

import numpy as np

from real_robot.worker import realtime


def main() -> int:
    """Print how late its ticks were [s]."""
    period, seconds = (float(text) for text in sys.argv[1:])
    realtime()
    late, due, until = [], time.monotonic() + period, time.monotonic() + seconds
    while due < until:
        select.select([], [], [], max(0.0, due - time.monotonic()))
        now = time.monotonic()
        late.append(now - due)
        due += period * (1 + int((now - due) / period))
    found = {f"p{p}": float(np.percentile(late, p)) for p in (50, 90, 99)}
    print(json.dumps({"ticks": len(late), "max": float(max(late)), **found}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
