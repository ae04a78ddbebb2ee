"""What the demo costs: wall-clock seconds and the peak memory of all its processes together; prints JSON.

Memory is the proportional set size of the process tree, sampled twice a second (Linux), so that pages the processes
share count once.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from embodied.workers import cores


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has ended since it was listed
    found, front = [root], [root]
    while front:
        front = [pid for pid, parent in parents.items() if parent in front]
        found += front
    return found


def proportional(pid: int) -> int:
    """Proportional set size [bytes]; 0 of a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def main() -> None:
    """Run the demo into a temporary folder and watch it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "embodied.cli", "run", "--preset", "demo", "--out", f"{folder}/demo", "--json"]
        begun, peak = time.monotonic(), 0
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            while process.poll() is None:
                peak = max(peak, sum(proportional(pid) for pid in tree(process.pid)))
                time.sleep(0.5)
        seconds = time.monotonic() - begun
    found = {
        "seconds": round(seconds, 1),
        "peak_gb": round(peak / 1e9, 2),
        "cores": cores(),
        "exit": process.returncode,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
