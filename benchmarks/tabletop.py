"""How fast the long tasks are on one core, with the agent's view of 128 px, and what they need. Writes results.

    OMP_NUM_THREADS=1 python benchmarks/tabletop.py

Times are CPU milliseconds of this process: the median, and the 95th percentile; of a step that is one pick-and-place
with its observation. The reference (LoHoRavens, measured on another machine of two cores) takes 2.8 to 6.7 s for a
reset and 1.4 to 1.7 CPU-seconds for a step, and stores 8.6 MB per observation.
"""

import io
import json
import platform
import resource
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import tyro
from PIL import Image

from embodied.config import commit, versions
from embodied.demonstrations import action
from embodied.plans import plan
from envs import LONG_TASKS
from envs.tabletop.rearrangement import Rearrangement

RESULTS = Path(__file__).parent / "results"
VIEW = "wide-top-no-robot"
THEIRS = {"reset_ms": (2800, 6700), "step_ms": (1400, 1700), "observation_kB": 8600}


@dataclass
class Speed:
    """Measure the long tasks of the tabletop."""

    seeds: int = 10
    """Episodes per task."""
    resets: int = 1000
    """Resets over which memory is watched."""
    tasks: tuple[str, ...] = tuple(LONG_TASKS)
    out: Path = RESULTS / "tabletop.json"


def episode(env: Rearrangement, seed: int) -> tuple[float, list[float], float, list[int]]:
    """CPU milliseconds of the reset and of every step of an expert, its progress, and bytes per frame as PNG."""
    start = process_time()
    obs, info = env.reset(seed=seed)
    reset = 1e3 * (process_time() - start)
    steps, sizes = [], [packed(obs)]
    for _ in range(env.limit):
        moves = plan(env.current.goal, env.view()) if not info["success"] else ()
        if not moves:
            break
        chosen = action(env.view(), moves[0], 7)
        start = process_time()
        obs, _, _, over, info = env.step(chosen)
        steps.append(1e3 * (process_time() - start))
        sizes.append(packed(obs))
        if over:
            break
    return reset, steps, info["progress"], sizes


def packed(obs: dict[str, np.ndarray]) -> int:
    """Bytes of an observation: the frame as PNG, the state as it is."""
    file = io.BytesIO()
    Image.fromarray(obs[VIEW]).save(file, "PNG")
    return file.tell() + int(obs["state"].nbytes)


def summary(values: list[float]) -> dict[str, float]:
    """Median and 95th percentile."""
    return {"median": round(float(np.median(values)), 1), "p95": round(float(np.percentile(values, 95)), 1)}


def speed(name: str, seeds: int) -> dict[str, Any]:
    """One task."""
    env = Rearrangement(name, cameras=(VIEW,))
    episode(env, 10**6)  # warm
    found = [episode(env, seed) for seed in range(seeds)]
    env.close()
    return {
        "reset_ms": summary([reset for reset, _, _, _ in found]),
        "step_ms": summary([ms for _, steps, _, _ in found for ms in steps]),
        "steps": sum(len(steps) for _, steps, _, _ in found),
        "progress": round(float(np.mean([progress for _, _, progress, _ in found])), 3),
        "observation_kB": round(float(np.mean([size for *_, sizes in found for size in sizes])) / 1e3, 1),
    }


def rate(name: str) -> float:
    """Steps per CPU-second of one process."""
    env = Rearrangement(name, cameras=(VIEW,))
    spent = [ms for seed in range(6) for ms in episode(env, seed)[1]]
    env.close()
    return 1e3 * len(spent) / sum(spent)


def beside(name: str) -> dict[str, float]:
    """Steps per CPU-second of one process alone, and of each of two at once."""
    alone = rate(name)
    with ProcessPoolExecutor(2) as pool:
        both = list(pool.map(rate, [name, name]))
    return {
        "alone": round(alone, 2),
        "each of two": round(float(np.mean(both)), 2),
        "ratio": round(min(both) / alone, 3),
    }


def memory(name: str, resets: int) -> dict[str, float]:
    """Resident megabytes after 50 resets, and growth until the last."""
    env = Rearrangement(name, cameras=(VIEW,))
    for seed in range(50):
        env.reset(seed=seed)
    before = resident()
    for seed in range(50, resets):
        env.reset(seed=seed)
    after = resident()
    env.close()
    return {"resets": resets, "before_MB": round(before, 1), "growth_MB": round(after - before, 2)}


def resident() -> float:
    """Megabytes of this process that are in memory now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main() -> None:
    """Measure, print and write."""
    chosen = tyro.cli(Speed)
    tasks = {name: speed(name, chosen.seeds) for name in chosen.tasks}
    report = {
        "about": {"processor": platform.processor() or platform.machine(), "python": platform.python_version(),
                  "project": commit(), "packages": versions(), "seeds": chosen.seeds},
        "theirs": THEIRS,
        "tasks": tasks,
        "all": {
            "reset_ms": summary([t["reset_ms"]["median"] for t in tasks.values()]),
            "step_ms": summary([t["step_ms"]["median"] for t in tasks.values()]),
            "slowest step_ms": max(t["step_ms"]["median"] for t in tasks.values()),
            "observation_kB": max(t["observation_kB"] for t in tasks.values()),
        },
        "two processes": beside("put-block-into-matching-bowl"),
        "memory": memory("put-block-into-matching-bowl", chosen.resets),
    }  # fmt: skip
    chosen.out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps({key: report[key] for key in ("all", "two processes", "memory")}, indent=1))


if __name__ == "__main__":
    main()
