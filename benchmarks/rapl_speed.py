"""Seconds of transport, alignment and sampling against the usual ways, in one run on one machine; prints JSON.

Transport: 300 problems of 45 x 45 at eps 0.1, ours in one batch and POT's `sinkhorn` in a loop, both with as many
iterations; the marginals' errors say how equal they are. Alignment: an ensemble of 5 heads on 150 triplets whose
features are known. Sampling: one chunk of a diffusion policy, ours and an eager loop over `diffusers`' scheduler with
the same network, steps and inputs. Rounds alternate, and the median round of each counts.

    python benchmarks/rapl_speed.py [--rounds 5] [--threads 2] [--device auto] > benchmarks/results/rapl_speed.json
"""

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
import torch
import tyro

from embodied.batches import Normaliser, device_of
from embodied.spec import ArraySpec, Spec
from policies.actor import Interface
from policies.denoisers import Shape
from policies.diffusion_policy import Chunker, Chunking, DiffusionPolicy
from rewards.frames import padded
from rewards.ot import cosine_cost, plan
from rewards.rapl import Ranked, align
from rewards.rapl_config import RaplConfig

PROBLEMS, FRAMES, WIDTH, EPS, ITERATIONS = 300, 45, 32, 0.1, 50
CHUNKS = {"small": Shape(channels=(64, 128, 256)), "published (state)": Shape(channels=(256, 512, 1024), width=256)}


@dataclass(frozen=True)
class Options:
    """What is measured."""

    rounds: int = 5
    threads: int = 2
    device: str = "auto"


def timed(run: Callable[[], Any], device: torch.device) -> float:
    """Seconds of one call, the device's work included."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    begun = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - begun


def alternating(rounds: int, device: torch.device, **runs: Callable[[], Any]) -> dict[str, float]:
    """The median seconds of each, taken in turn; every one is called once before."""
    for run in runs.values():
        run()
    found = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            found[name].append(timed(run, device))
    return {name: median(seconds) for name, seconds in found.items()}


def transport(rounds: int, device: torch.device) -> dict[str, Any]:
    """Milliseconds of all problems, ours and POT's, and their marginals' errors."""
    from ot import sinkhorn

    generator = torch.Generator().manual_seed(0)
    x, y = (torch.randn(PROBLEMS, FRAMES, WIDTH, generator=generator).cumsum(1) for _ in range(2))
    cost = cosine_cost(x, y).to(device)
    even = torch.full((PROBLEMS, FRAMES), 1.0 / FRAMES, device=device)
    single, rows = np.full(FRAMES, 1.0 / FRAMES), cost.cpu().numpy().astype(np.float64)

    def ours() -> torch.Tensor:
        return plan(cost, even, even, EPS, ITERATIONS, "scaling")

    def theirs() -> np.ndarray:
        found: list[Any] = [
            sinkhorn(single, single, c, EPS, numItermax=ITERATIONS, stopThr=0, warn=False) for c in rows
        ]
        return np.stack(found)

    seconds = alternating(rounds, device, ours=ours, pot=theirs)
    mine, other = ours().cpu().numpy(), theirs()
    return {
        "problems": PROBLEMS, "iterations": ITERATIONS, "ours [ms]": round(1e3 * seconds["ours"], 2),
        "POT in a loop [ms]": round(1e3 * seconds["pot"], 2), "ratio": round(seconds["pot"] / seconds["ours"], 1),
        "marginal error of ours": float(max(np.abs(mine.sum(axis) - 1 / FRAMES).max() for axis in (1, 2))),
        "marginal error of POT": float(max(np.abs(other.sum(axis) - 1 / FRAMES).max() for axis in (1, 2))),
        "largest difference of plans": float(np.abs(mine - other).max()),
    }  # fmt: skip


def alignment() -> dict[str, Any]:
    """Seconds of aligning five heads with 150 triplets, form by form."""
    rng = np.random.default_rng(0)
    videos = padded(list(rng.normal(size=(300, FRAMES, 25)).astype(np.float32).cumsum(1)), range(300))
    ranked = [Ranked(tuple(int(i) for i in rng.choice(300, 3, replace=False)), (0, 1, 2)) for _ in range(150)]
    found = {}
    for form in ("published", "pairs", "prototype", "rlhf"):
        begun = time.perf_counter()
        align(videos, ranked, form, RaplConfig(form=form, spread=0.0))
        found[f"{form} [s]"] = round(time.perf_counter() - begun, 1)
    return {"triplets": 150, "members": 5, "frames": FRAMES, **found}


def sampling(rounds: int, device: torch.device, shape: Shape, rows: int) -> dict[str, Any]:
    """Milliseconds of a chunk with DDIM in 10 steps: ours, and eagerly with diffusers' scheduler."""
    from diffusers.schedulers.scheduling_ddim import DDIMScheduler

    spec = Spec({"state": ArraySpec((20,))}, ArraySpec((7,), low=-1, high=1), 10.0)
    face = Interface(spec, Normaliser.identity(20), Normaliser.identity(7))
    chunking = Chunking()
    torch.manual_seed(0)
    network = Chunker.of(face, chunking, shape, (), ())
    policy = DiffusionPolicy(face, network, {}, str(device), chunking=chunking, shape=shape)
    state, noise = torch.randn(rows, 20, device=device), torch.randn(1, rows, 16, 7, device=device)
    scheduler = DDIMScheduler(num_train_timesteps=100, beta_schedule="squaredcos_cap_v2", clip_sample=True)
    scheduler.set_timesteps(chunking.sampling_steps)

    @torch.no_grad()
    def ours() -> torch.Tensor:
        return policy.denoise(policy.network.look([state]), noise)

    @torch.no_grad()
    def theirs() -> torch.Tensor:
        x = noise[0]
        for t in scheduler.timesteps:
            guess = policy.network.noise_in(x, t.to(device).expand(rows), [state])
            x = scheduler.step(guess, int(t), x, return_dict=False)[0]
        return x

    for _ in range(4):
        ours()  # a graph is recorded at the fourth call
    seconds = alternating(rounds, device, ours=ours, diffusers=theirs)
    return {
        "rows": rows, "ours [ms]": round(1e3 * seconds["ours"], 2),
        "diffusers [ms]": round(1e3 * seconds["diffusers"], 2),
        "ratio": round(seconds["diffusers"] / seconds["ours"], 2),
        "largest difference": float((ours() - theirs()).abs().max()),
    }  # fmt: skip


def main(options: Options) -> None:
    """Measure, and print."""
    torch.set_num_threads(options.threads)
    device = device_of(options.device)
    found = {
        "machine": {
            "cores": os.cpu_count(), "python": platform.python_version(), "torch": torch.__version__,
            "threads": options.threads,
            "device": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        },
        "transport": transport(options.rounds, device),
        "alignment": alignment(),
        "sampling": {
            f"{name}, {rows} rows": sampling(options.rounds, device, shape, rows)
            for name, shape in CHUNKS.items()
            for rows in (1, 32)
        },
    }  # fmt: skip
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main(tyro.cli(Options))
