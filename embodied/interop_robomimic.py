"""robomimic's HDF5: data/demo_N with obs, next_obs, actions, rewards, dones, and mask/<filter key>."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embodied import hdf5
from embodied.types import Episode

GYM = 2
"""robomimic's number for environments of gym."""


def to_robomimic(
    episodes: Iterable[Episode],
    path: str | Path,
    *,
    masks: Mapping[str, Sequence[int]] | None = None,
    env_args: Mapping[str, Any] | None = None,
) -> Path:
    """Write a file that robomimic's SequenceDataset loads; `masks` gives episode positions by filter key.

    `rewards` is the recorded reward, or zero where there is none. Numbers become vectors of one.
    """
    path = Path(path)
    with hdf5.created(path) as file:
        data, total, count = file.create_group("data"), 0, 0
        for count, episode in enumerate(episodes, start=1):
            _put(data.create_group(f"demo_{count - 1}"), episode)
            total += len(episode)
        data.attrs["total"] = total
        data.attrs["env_args"] = json.dumps({"env_name": "", "type": GYM, "env_kwargs": {}} | dict(env_args or {}))
        for name, positions in (masks or {}).items():
            if outside := [p for p in positions if not 0 <= p < count]:
                raise ValueError(f"mask {name!r} names position {outside[0]}, and there are {count} episodes")
            names = np.array([f"demo_{p}" for p in positions], "S")
            file.create_dataset(f"mask/{name}", data=names)
    return path


def _put(demo: Any, episode: Episode) -> None:
    steps = len(episode)
    demo.attrs["num_samples"] = steps
    for name, array in episode.obs.items():
        rows = array[:, None] if array.ndim == 1 else array
        hdf5.put(demo, f"obs/{name}", rows[:-1])
        hdf5.put(demo, f"next_obs/{name}", rows[1:])
        demo[f"obs/{name}"].attrs["scalar"] = array.ndim == 1
    hdf5.put(demo, "actions", episode.action)
    hdf5.put(demo, "rewards", episode.reward.get("recorded", np.zeros(steps, np.float32)))
    hdf5.put(demo, "dones", ((np.arange(steps) == steps - 1) & episode.terminated).astype(np.int64))
    hdf5.put_own(demo, episode)


def from_robomimic(path: str | Path, mask: str = "") -> Iterator[Episode]:
    """The episodes of a file in order, one in memory at a time; only those of a filter key if one is given."""
    with hdf5.opened(Path(path), "robomimic") as file:
        if "data" not in file:
            raise ValueError(f"{path} is not a robomimic file: it has no group 'data' but {sorted(file)}")
        names = sorted(file["data"], key=lambda name: int(name.rpartition("_")[2]))
        if mask:
            known = sorted(file["mask"]) if "mask" in file else []
            if mask not in known:
                raise ValueError(f"{path} has no filter key {mask!r}; it has {known}")
            chosen = {name.decode() for name in file["mask"][mask][()]}
            names = [name for name in names if name in chosen]
        for name in names:
            yield _read(file["data"][name], int(name.rpartition("_")[2]))


def _read(demo: Any, number: int) -> Episode:
    where = f"{demo.name} of {demo.file.filename}"
    action = hdf5.vectors(demo["actions"][()], where)
    obs = {name: _column(data) for name, data in demo["obs"].items()}
    after = {name: _column(demo["next_obs"][name], data) for name, data in demo["obs"].items() if "next_obs" in demo}
    reward = demo["rewards"][()].astype(np.float32) if "rewards" in demo else None
    terminated = bool(demo["dones"][-1]) if "dones" in demo else False
    if not after:
        return Episode(**hdf5.foreign(action, obs, reward, terminated), id=number)
    obs = {name: np.concatenate([array, after[name][-1:]]) for name, array in obs.items()}
    rewards = {} if reward is None else {"recorded": reward}
    other = {"reward": rewards, "terminated": terminated, "truncated": not terminated}
    return Episode(action, obs, **(hdf5.own(demo) or other), id=number)


def _column(data: Any, described: Any = None) -> np.ndarray:
    rows = data[()]
    return rows[:, 0] if (data if described is None else described).attrs.get("scalar", False) else rows
