"""How fast the tabletop is on one core, and how well its scripted behaviours do. Prints JSON.

    OMP_NUM_THREADS=1 python benchmarks/tabletop_base.py --mixed 100 > benchmarks/results/tabletop_base.json

Times are CPU milliseconds of this process: the median, and the 95th percentile.
"""

import argparse
import json
import platform
from collections.abc import Callable
from importlib.metadata import version
from time import process_time
from typing import Any

import numpy as np

import envs
from envs import behaviours
from envs.tabletop.environment import Tabletop


def timed(call: Callable[[], Any], repeats: int) -> dict[str, float]:
    """CPU time of a call [ms]."""
    spent = []
    for _ in range(repeats):
        start = process_time()
        call()
        spent.append(1e3 * (process_time() - start))
    return {"median": round(float(np.median(spent)), 2), "p95": round(float(np.percentile(spent, 95)), 2)}


def speed(task: str, cameras: tuple[str, ...], repeats: int) -> dict[str, Any]:
    """Reset and step while the noisy expert acts."""
    env = Tabletop(task, cameras=cameras)
    seeds = iter(range(10**6))
    reset = timed(lambda: env.reset(seed=next(seeds)), repeats // 5)
    spent = []
    for seed in range(max(1, repeats // env.horizon)):
        obs, info = env.reset(seed=seed)
        act = behaviours.make("noisy-expert", env, np.random.default_rng(seed))
        for _ in range(env.horizon):
            action = act(obs, info)
            start = process_time()
            obs, _, _, _, info = env.step(action)
            spent.append(1e3 * (process_time() - start))
    frame = timed(env.observe, repeats) if cameras else None
    env.close()
    median, p95 = np.percentile(spent, [50, 95])
    return {
        "reset_ms": reset,
        "step_ms": {"median": round(median, 2), "p95": round(p95, 2)},
        "steps_per_second": round(1e3 / float(np.mean(spent)), 1),
        "observation_ms": frame,
    }


def outcome(env: Tabletop, name: str, seed: int) -> tuple[bool, bool]:
    """Success at the end and at any time of one episode."""
    obs, info = env.reset(seed=seed)
    act, ever = behaviours.make(name, env, np.random.default_rng([1, seed])), False
    for _ in range(env.horizon):
        obs, _, _, _, info = env.step(act(obs, info))
        ever |= info["success"]
    return info["success"], ever


def success(task: str, mix: str, episodes: int) -> dict[str, Any]:
    """Share of episodes that end in success, of the mix and of each of its behaviours."""
    env = Tabletop(task, cameras=())
    names = behaviours.schedule(envs.MIXES[mix], episodes, np.random.default_rng(0))
    ends = np.array([outcome(env, name, seed) for seed, name in enumerate(names)])
    env.close()
    each = {name: round(float(ends[[n == name for n in names], 0].mean()), 3) for name in sorted(set(names))}
    return {
        "episodes": episodes,
        "final": round(float(ends[:, 0].mean()), 3),
        "ever": round(float(ends[:, 1].mean()), 3),
        "final_by_behaviour": each,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=500, help="timed calls of each kind")
    parser.add_argument("--expert", type=int, default=100, help="episodes of the expert per task")
    parser.add_argument("--mixed", type=int, default=400, help="episodes of the mix 'mixed' per task")
    chosen = parser.parse_args()
    report = {
        "machine": {"processor": platform.processor() or platform.machine(), "python": platform.python_version()},
        "versions": {name: version(name) for name in ("pybullet", "numpy", "gymnasium")},
        "speed": {
            task: {"state only": speed(task, (), chosen.repeats), "96 px": speed(task, ("front",), chosen.repeats)}
            for task in envs.TASKS
        },
        "expert": {task: success(task, "expert", chosen.expert) for task in envs.TASKS},
        "mixed": {task: success(task, "mixed", chosen.mixed) for task in envs.TASKS},
    }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
