"""What dressing costs on one core, and how well its forces add up. Prints JSON.

    OMP_NUM_THREADS=1 python benchmarks/dressing.py > benchmarks/results/dressing.json

Times are CPU time of this process, of many short blocks: the median, and the best. On a machine that others load, a
block costs up to twice what it does on a quiet one; the best is then nearer to the truth.
"""

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from envs.dressing.environment import Dressing
from envs.dressing.expert import expert
from envs.dressing.garment import GARMENTS, Mesh
from envs.dressing.model import HZ
from envs.dressing.view import picture, point_cloud

BLOCK = 10
"""Control steps whose times are added up before the best are looked for."""


def timed(call: Callable[[], Any], repeats: int) -> dict[str, float]:
    """CPU time of a call [ms]."""
    spent = []
    for _ in range(repeats):
        start = process_time()
        call()
        spent.append(1e3 * (process_time() - start))
    return {"median": round(float(np.median(spent)), 2), "best": round(min(spent), 2)}


def gown(mesh: Mesh = "coarse", garment: str = "gown") -> Dressing:
    """The medium level with that garment, without pictures."""
    return Dressing("medium", split="held-out", garments={garment: 1.0}, obs=("state",), cameras=(), mesh=mesh)


def physics(mesh: Mesh, episodes: int) -> dict[str, Any]:
    """Simulated per CPU time, and the milliseconds of a control step, while the expert dresses an arm with a gown."""
    env, spent = gown(mesh), []
    for seed in range(episodes):
        obs, _ = env.reset(seed=seed)
        sim = env.running("timing")
        plain = sim.advance

        def advance(move: np.ndarray, turn: np.ndarray, plain: Callable[..., None] = plain) -> None:
            start = process_time()
            plain(move, turn)
            spent.append(process_time() - start)

        sim.advance = advance
        for _ in range(12 * BLOCK):
            obs, *_ = env.step(expert(obs["state"]))
    blocks = np.array(spent).reshape(-1, BLOCK).sum(1)
    real = BLOCK / HZ / blocks
    return {
        "vertices": len(env.running("timing").vertices),
        "times_real_time": {"median": round(float(np.median(real)), 2), "best": round(float(real.max()), 2)},
        "step_ms": {
            "median": round(1e3 * float(np.median(blocks)) / BLOCK, 2),
            "best": round(1e3 * float(blocks.min()) / BLOCK, 2),
        },
    }


def seeing(repeats: int) -> dict[str, Any]:
    """A point cloud and a picture of 96 pixels, half way."""
    env = gown()
    half_dressed(env, 0)
    sim = env.running("timing")
    return {
        "cloud_ms": timed(lambda: point_cloud(sim, "front", 79, 48), repeats),
        "rgb_96_ms": timed(lambda: picture(sim, "front", 96), repeats),
    }


def half_dressed(env: Dressing, seed: int) -> None:
    obs, info = env.reset(seed=seed)
    while info["arm_ratio"] < 0.6 and info["step"] < env.horizon:
        obs, *_, info = env.step(expert(obs["state"]))


def agreement(garment: str, mesh: Mesh) -> float:
    """What arm, body and gripper bear of a sleeve at rest on the arm, as a share of its weight."""
    env, still = gown(mesh, garment), np.zeros(3)
    half_dressed(env, 1)
    sim, found = env.running("timing"), []
    for _ in range(100):
        sim.advance(still, still)
        found.append(sim.force[2] + sim.contact(arm=False)[2] + sim.pull[2])
    return round(float(-np.mean(found[-25:]) / (9.81 * sim.scene.garment.mass)), 4)


def memory() -> dict[str, float]:
    """Peak resident memory [MB] of a process with one environment that sees everything, and of its imports alone."""
    found = {}
    for name, steps in (("imports", -1), ("one environment", 20)):
        shown = subprocess.run(
            [sys.executable, __file__, "--memory-of", str(steps)],
            capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        found[name] = round(float(shown.stdout), 1)
    return found


def peak(steps: int) -> float:
    """Peak resident memory of this process [MB] (Linux only), after so many steps; below 0, of no environment."""
    if steps >= 0:
        env = Dressing("medium")
        env.reset(seed=0)
        for _ in range(steps):
            env.step(np.zeros(6))
    status = Path("/proc/self/status").read_text()  # ru_maxrss would be that of whoever started this process, if more
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 2**10  # type: ignore[index] # every Linux has it


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=3, help="of the expert, per mesh")
    parser.add_argument("--repeats", type=int, default=100, help="timed calls of each kind")
    parser.add_argument("--memory-of", type=int, help="only print the peak memory after so many steps [MB]")
    chosen = parser.parse_args()
    if chosen.memory_of is not None:
        print(peak(chosen.memory_of))
        return
    env, seeds = gown(), iter(range(10**6))
    meshes: tuple[Mesh, Mesh] = ("coarse", "fine")
    report = {
        "machine": {
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
            "load": round(os.getloadavg()[0], 1),
            "cores": os.cpu_count(),
        },
        "versions": {name: version(name) for name in ("mujoco", "numpy", "gymnasium")},
        "physics": {mesh: physics(mesh, chosen.episodes) for mesh in meshes},
        "seeing": seeing(chosen.repeats),
        "reset_ms": timed(lambda: env.reset(seed=next(seeds)), max(5, chosen.repeats // 5)),
        "memory_mb": memory(),
        "borne_share_of_weight": {f"{g}, {mesh}": agreement(g, mesh) for g in GARMENTS for mesh in meshes},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
