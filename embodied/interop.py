"""Episodes from and to the formats of robomimic, Minari and d3rlpy, without importing those libraries.

Every `from_…` yields episodes one at a time; `store` makes a data set of them:

    store(from_robomimic("low_dim_v141.hdf5"), "data/lift", hz=20, task="lift the cube")
    to_robomimic(load_dataset("data/lift"), "lift.hdf5", masks={"train": range(180)})
"""

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np

from embodied.dataset import Dataset, create_dataset, load_dataset, write_column
from embodied.interop_d3rlpy import from_d3rlpy, to_d3rlpy
from embodied.interop_minari import described, from_minari, to_minari
from embodied.interop_robomimic import from_robomimic, to_robomimic
from embodied.spec import ArraySpec
from embodied.types import Episode

__all__ = ["from_d3rlpy", "from_minari", "from_robomimic", "store", "to_d3rlpy", "to_minari", "to_robomimic"]


def store(
    episodes: Iterable[Episode],
    path: str | Path,
    *,
    hz: float,
    task: str = "",
    robot_type: str = "",
    storage: str = "image",
) -> Dataset:
    """A data set of these episodes at `hz` [Hz]; the first one tells what all hold. Reward columns come along."""
    rest = iter(episodes)
    first = next(rest, None)
    if first is None:
        raise ValueError("there are no episodes to store; give at least one")
    extra = {name: ArraySpec(array.shape[1:], str(array.dtype)) for name, array in first.extra.items()}
    beside: dict[str, dict[int, np.ndarray]] = {}
    spec = described(first, hz)
    with create_dataset(path, spec, task=task, extra=extra, robot_type=robot_type, storage=storage) as recorder:
        for episode in chain([first], rest):
            kept = {name: column for name, column in episode.reward.items() if name == "recorded"}
            number = recorder.append(replace(episode, reward=kept))
            for name, column in episode.reward.items():
                if name not in kept:
                    beside.setdefault(name, {})[number] = column
    dataset = load_dataset(path)
    for name, columns in beside.items():
        write_column(dataset, name, columns, {"from": "the episodes that were stored"})
    return dataset
