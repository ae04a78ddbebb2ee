"""Updates per second of our IQL loop against d3rlpy's own `fit`, in one run on one machine; prints JSON.

Same data, same networks (256 x 256), same batch, same number of torch threads. d3rlpy runs at its defaults; ours runs
as `embodied train` does, with its logging and checkpoints. Rounds alternate, and the median round of each counts;
`core` figures are the process's own seconds, which other work on the machine disturbs less.

    python benchmarks/iql_speed.py [--updates 1000] [--rounds 3] [--threads 1] [--device auto]
"""

import contextlib
import json
import os
import platform
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
import torch
import tyro

from embodied.batches import Transitions, device_of
from embodied.spec import ArraySpec, Spec
from embodied.training import train
from policies.actor import Interface
from policies.iql import IQLConfig, device_name, make_learner

EPISODES, HORIZON, STATE, ACTION = 400, 50, 14, 4
HIDDEN, BATCH = (256, 256), 256


@dataclass(frozen=True)
class Options:
    """What is measured."""

    updates: int = 1000
    rounds: int = 3
    threads: int = 1
    device: str = "auto"


def data(device: torch.device) -> Transitions:
    """Random episodes of the size of the demo's."""
    rng = np.random.default_rng(0)
    frames, steps = EPISODES * (HORIZON + 1), EPISODES * HORIZON
    state = torch.tensor(rng.normal(size=(frames, STATE)), dtype=torch.float32)
    action = torch.tensor(rng.uniform(-1, 1, (steps, ACTION)), dtype=torch.float32)
    at = torch.arange(steps) + torch.arange(steps) // HORIZON
    return Transitions(
        spec=Spec({"state": ArraySpec((STATE,))}, ArraySpec((ACTION,), low=-1, high=1), 10.0),
        ids=tuple(range(EPISODES)),
        lengths=torch.full((EPISODES,), HORIZON),
        obs={"state": state.to(device)},
        at=at.to(device),
        action=action.to(device),
        reward=torch.tensor(rng.normal(size=steps), dtype=torch.float32, device=device),
        terminal=torch.zeros(steps, device=device),
        human=torch.zeros(steps, dtype=torch.bool, device=device),
    )


@contextlib.contextmanager
def measured(device: torch.device) -> Iterator[list[float]]:
    """Collects the seconds by the wall and of this process's cores, the device's work included in the first."""

    def now() -> tuple[float, float]:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter(), time.process_time()

    seconds: list[float] = []
    before = now()
    yield seconds
    seconds += [after - start for start, after in zip(before, now(), strict=True)]


def ours(transitions: Transitions, updates: int, device: torch.device) -> list[float]:
    """Seconds of our loop, building the networks included."""
    config = IQLConfig(hidden=HIDDEN, batch=BATCH, steps=updates)
    with tempfile.TemporaryDirectory() as folder, measured(device) as seconds:
        learner = make_learner(transitions, Interface.of(transitions), config, 0, device)
        train(learner, updates, Path(folder))
    return seconds


def theirs(transitions: Transitions, updates: int, device: torch.device) -> list[float]:
    """Seconds of d3rlpy's `fit` at its defaults."""
    from d3rlpy.algos import IQLConfig as D3IQLConfig
    from d3rlpy.dataset import MDPDataset
    from d3rlpy.logging import FileAdapterFactory

    import policies.offline  # noqa: F401  # imports d3rlpy without the notice of the old gym

    ends = np.zeros(len(transitions), np.float32)
    ends[HORIZON - 1 :: HORIZON] = 1
    state = transitions.obs["state"][transitions.at].cpu().numpy()
    rewards = transitions.reward.cpu().numpy()
    with (
        tempfile.TemporaryDirectory() as folder,
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        dataset = MDPDataset(state, transitions.action.cpu().numpy(), rewards, np.zeros_like(ends), ends)
        algorithm = D3IQLConfig(batch_size=BATCH).create(device=device_name(device))
        logger = FileAdapterFactory(root_dir=folder)
        with measured(device) as seconds:
            algorithm.fit(dataset, n_steps=updates, n_steps_per_epoch=updates, logger_adapter=logger)
    return seconds


def main(options: Options) -> None:
    """Measure and print."""
    torch.set_num_threads(options.threads)
    device = device_of(options.device)
    transitions = data(device)
    for side in (ours, theirs):
        side(transitions, 50, device)
    found: dict[str, list[list[float]]] = {"ours": [], "d3rlpy": []}
    for _ in range(options.rounds):
        found["ours"].append(ours(transitions, options.updates, device))
        found["d3rlpy"].append(theirs(transitions, options.updates, device))
    wall, cores = ({side: median(r[i] for r in rounds) for side, rounds in found.items()} for i in (0, 1))
    report = {
        "benchmark": "iql_speed",
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or "cpu",
        "cores": os.cpu_count(),
        "threads": options.threads,
        "torch": torch.__version__,
        "updates": options.updates,
        "updates_per_second": {s: [round(options.updates / r[0], 1) for r in rounds] for s, rounds in found.items()},
        "ratio": round(wall["d3rlpy"] / wall["ours"], 2),
        "core_ms_per_update": {side: round(1e3 * x / options.updates, 2) for side, x in cores.items()},
        "core_ratio": round(cores["d3rlpy"] / cores["ours"], 2),
        "target": 5.0 if device.type == "cuda" else 1.2,
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main(tyro.cli(Options, description=__doc__))
