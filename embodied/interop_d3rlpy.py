"""The HDF5 file of d3rlpy's replay buffer (`ReplayBuffer.load`, `dump`), without importing d3rlpy.

d3rlpy stores no final observation. A terminated episode of T actions is T rows there, and whatever else is T + 1
rows of which the last only gives the next observation; d3rlpy then makes T transitions of either. Pictures lie
channels first.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embodied import hdf5
from embodied.types import Episode

COLUMNS = ("observations", "actions", "rewards", "terminated")
VERSION = "2.1"


def to_d3rlpy(
    episodes: Iterable[Episode], path: str | Path, obs: Sequence[str] = ("state",), reward: str = "recorded"
) -> Path:
    """Write these observations (a tuple of them if there are several) and one reward column of all episodes.

    ValueError names an episode that the column does not cover.
    """
    path, count = Path(path), 0
    with hdf5.created(path) as file:
        for count, episode in enumerate(episodes, start=1):
            if reward not in episode.reward:
                known = sorted(episode.reward) or "none"
                raise ValueError(f"episode {episode.id} has no reward column {reward!r}; it has {known}")
            _put(file, count - 1, episode, obs, reward)
        if not count:
            raise ValueError("there are no episodes to write; d3rlpy wants at least one")
        file.create_dataset("columns", data=list(COLUMNS))
        file.create_dataset("num_episodes", data=count)
        file.create_dataset("version", data=VERSION)
    return path


def _put(file: Any, number: int, episode: Episode, obs: Sequence[str], reward: str) -> None:
    rows = slice(None, -1) if episode.terminated else slice(None)
    repeat = 0 if episode.terminated else 1
    for place, name in enumerate(obs):
        if name not in episode.obs:
            raise ValueError(f"episode {episode.id} has no observation {name!r}; it has {sorted(episode.obs)}")
        key = f"observations_{number}_{place}" if len(obs) > 1 else f"observations_{number}"
        hdf5.put(file, key, _theirs(episode.obs[name])[rows])
    hdf5.put(file, f"actions_{number}", np.concatenate([episode.action, episode.action[-1:].repeat(repeat, 0)]))
    judged = np.append(episode.reward[reward], np.zeros(repeat, np.float32))
    hdf5.put(file, f"rewards_{number}", judged[:, None])
    file.create_dataset(f"terminated_{number}", data=episode.terminated)
    own = file.create_group(f"embodied_{number}")
    hdf5.put_own(own, episode)
    own.attrs["obs"] = list(obs)
    for name in obs:
        hdf5.put(own, f"final/{name}", episode.obs[name][-1:])


def _theirs(array: np.ndarray) -> np.ndarray:
    if array.ndim == 1:
        return array[:, None]
    return np.ascontiguousarray(np.moveaxis(array, -1, 1)) if _picture(array) else array


def _picture(array: np.ndarray) -> bool:
    return array.dtype == np.uint8 and array.ndim == 4


def from_d3rlpy(path: str | Path, names: Sequence[str] = ("state",)) -> Iterator[Episode]:
    """The episodes of a file in order; `names` names its observations where the file does not.

    Of an episode that does not end terminated, and whose final observation is not stored, the last action goes.
    """
    with hdf5.opened(Path(path), "d3rlpy") as file:
        if lacking := [key for key in ("columns", "num_episodes") if key not in file]:
            raise ValueError(f"{path} is not a d3rlpy replay buffer of version 2: it has no {lacking[0]!r}")
        for number in range(int(file["num_episodes"][()])):
            yield _read(file, number, names)


def _read(file: Any, number: int, names: Sequence[str]) -> Episode:
    single = f"observations_{number}"
    keys = [single] if single in file else sorted(
        (key for key in file if key.startswith(f"{single}_")), key=lambda key: int(key.rpartition("_")[2])
    )  # fmt: skip
    mine = file.get(f"embodied_{number}")
    names = list(mine.attrs["obs"]) if mine is not None else list(names)
    if len(names) != len(keys):
        raise ValueError(f"episode {number} of {file.filename} has {len(keys)} observations; name as many, not {names}")
    arrays = {name: file[key][()] for name, key in zip(names, keys, strict=True)}
    obs = {name: np.moveaxis(array, 1, -1) if _picture(array) else array for name, array in arrays.items()}
    terminated, reward = bool(file[f"terminated_{number}"][()]), file[f"rewards_{number}"][()].astype(np.float32)
    action = hdf5.vectors(file[f"actions_{number}"][()], f"episode {number} of {file.filename}")
    found = hdf5.foreign(action, obs, reward.reshape(len(action), -1)[:, 0], terminated)
    if mine is None:
        return Episode(**found, id=number)
    for name, array in found["obs"].items():
        final = mine[f"final/{name}"][()]
        found["obs"][name] = np.concatenate([array[:-1].reshape(-1, *final.shape[1:]), final])
    return Episode(**(found | (hdf5.own(mine) or {})), id=number)
