"""How much memory and time a data set of 1,000,000 frames needs.

    python benchmarks/dataset_memory.py --out benchmarks/results/dataset.json

400 recorded episodes of 51 frames (96 x 96 x 3, PNG) are linked into 20,000: their data files are hard links, so
the disk holds 2 % of what is read, and the reader does all of the work. Reading runs in a process of its own,
whose peak memory is reported.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from embodied import layout
from embodied.dataset import create_dataset, load_dataset
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode

SIDE, STEPS, STATE = 96, 50, 20
SPEC = Spec(
    {"state": ArraySpec((STATE,)), "front": ArraySpec((SIDE, SIDE, 3), "uint8")}, ArraySpec((4,), "float32", -1, 1), 20
)
EXTRA = {"progress": ArraySpec(()), "success": ArraySpec((), "bool")}


def episode(rng: np.random.Generator) -> Episode:
    """Coloured squares that jump over a shaded ground: about as hard for PNG as a rendered table."""
    front = np.empty((STEPS + 1, SIDE, SIDE, 3), np.uint8)
    front[:] = np.linspace(60, 180, SIDE).astype(np.uint8)[None, :, None, None]
    for frame in front:
        for x, y in rng.integers(8, SIDE - 8, (6, 2)):
            frame[x - 8 : x + 8, y - 8 : y + 8] = rng.integers(0, 256, 3)
    return Episode(
        action=rng.uniform(-1, 1, (STEPS, 4)).astype(np.float32),
        obs={"state": rng.normal(size=(STEPS + 1, STATE)).astype(np.float32), "front": front},
        reward={"recorded": rng.random(STEPS).astype(np.float32)},
        extra={"progress": rng.random(STEPS + 1).astype(np.float32), "success": np.zeros(STEPS + 1, bool)},
    )


def recorded(path: Path, count: int) -> dict[str, float]:
    """Record so many episodes; milliseconds per append."""
    rng = np.random.default_rng(0)
    seconds, used = [], time.process_time()
    making = 0.0
    with create_dataset(path, SPEC, task="tidy the table", extra=EXTRA) as recorder:
        for _ in range(count):
            before = time.process_time()
            made = episode(rng)
            making += time.process_time() - before
            started = time.perf_counter()
            recorder.append(made)
            seconds.append(time.perf_counter() - started)
    cpu = (time.process_time() - used - making) / count * 1e3
    low, middle, high = (float(np.quantile(seconds, q)) * 1e3 for q in (0.1, 0.5, 0.9))
    found = {"append_cpu_ms_mean": round(cpu, 1)}
    return found | {
        "append_ms_q10": round(low, 1),
        "append_ms_median": round(middle, 1),
        "append_ms_q90": round(high, 1),
    }


def grown(path: Path, count: int) -> None:
    """Link the episodes of a data set again and again until there are `count`."""
    info = json.loads((path / layout.INFO).read_bytes())
    lines, have = (path / layout.JOURNAL).read_bytes().splitlines(keepends=True), info["total_episodes"]
    for number in range(have, count):
        target = path / layout.place(layout.DATA, number)
        target.parent.mkdir(exist_ok=True)
        os.link(path / layout.place(layout.DATA, number % have), target)
    (path / layout.JOURNAL).write_bytes(b"".join(lines[number % have] for number in range(count)))
    info |= {"total_episodes": count, "total_frames": count * (STEPS + 1)}
    layout.write_json(path / layout.INFO, info)


class Clock:
    """Seconds of every step, on the wall and of processor time (which a busy machine does not change)."""

    def __init__(self) -> None:
        self.started, self.used, self.found = time.perf_counter(), time.process_time(), {}

    def note(self, name: str, of: int = 1, unit: str = "s") -> None:
        """What passed since the last note, per one of `of`."""
        wall, cpu = time.perf_counter() - self.started, time.process_time() - self.used
        scale = {"s": 1, "ms": 1e3}[unit] / of
        self.found |= {f"{name}_{unit}": round(wall * scale, 3), f"{name}_cpu_{unit}": round(cpu * scale, 3)}
        self.started, self.used = time.perf_counter(), time.process_time()


def measure(path: Path) -> dict[str, Any]:
    """Read a data set in every way; seconds, and the peak memory of this process [GB]."""
    clock, rng = Clock(), np.random.default_rng(0)
    dataset = load_dataset(path)
    clock.note("load")
    arrays = dataset.low_dim(["state", "progress"])
    clock.note("low_dim")
    actions, (terminated, _) = dataset.actions(), dataset.flags()
    column = dataset.column("recorded")
    clock.note("actions_and_rewards")
    first = np.concatenate([[0], np.cumsum(dataset.lengths + 1)])[:-1]
    now = np.concatenate([start + np.arange(n) for start, n in zip(first, dataset.lengths, strict=True)])
    reward = np.concatenate([column[number] for number in dataset.ids.tolist()])
    change = arrays["state"][now + 1] - arrays["state"][now]
    clock.note("transitions")
    sizes = {"episodes": len(dataset), "frames": len(arrays["state"]), "transitions": len(change)}
    if not len(actions) == len(reward) == len(now) or terminated.any():
        raise ValueError(f"the columns differ in length: {len(actions)}, {len(reward)}, {len(now)}")
    moments = np.stack([rng.choice(dataset.ids, 2000), rng.integers(0, STEPS + 1, 2000)], axis=1)
    dataset.frames("front", moments)
    clock.note("random_frame", 2000, "ms")
    near = np.stack([rng.choice(dataset.ids[:400], 4000), rng.integers(0, STEPS + 1, 4000)], axis=1)
    dataset.frames("front", near)
    clock.note("random_frame_of_400_episodes", 4000, "ms")
    dataset.frame_hashes("front", moments[:500])
    clock.note("frame_hash", 500, "ms")
    shown = sum(len(frames) for _, frames in dataset.each_episode_frames("front", dataset.ids[:200].tolist()))
    clock.note("streamed_frame", shown, "ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    return sizes | clock.found | {"peak_gb": round(peak, 2)}


def main() -> None:
    """Build, read in other processes, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--episodes", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=None)
    parser.add_argument("--read", type=Path, default=None, help="only read this data set and print what it took")
    options = parser.parse_args()
    if options.read is not None:
        print(json.dumps(measure(options.read)))
        return
    work = Path(tempfile.mkdtemp())
    try:
        found: dict[str, Any] = {"cores": os.cpu_count(), "python": platform.python_version()}
        found |= recorded(work / "set", 400)
        for name, count in (("small", 400), ("large", options.episodes)):
            if count > 400:
                grown(work / "set", count)
            command = [sys.executable, __file__, "--read", str(work / "set")]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name] = json.loads(done.stdout)
    finally:
        shutil.rmtree(work)
    text = json.dumps(found, indent=1)
    print(text)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
