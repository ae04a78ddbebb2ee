"""HDF5 files of other libraries, with a small group of our own for what they have no word for.

The group `embodied` of an episode holds its task, its ending, who was in control, and every further record and
reward, so that an episode survives the round trip; the libraries that own the formats do not look into it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from embodied.types import Episode

SCHEMA = 1
OWN = "embodied"


def h5py() -> Any:
    """The library, or what to install."""
    try:
        import h5py as library
    except ImportError as error:
        raise ImportError("HDF5 needs h5py: pip install 'embodied-feedback[interop]'") from error
    return library


@contextmanager
def created(path: Path) -> Iterator[Any]:
    """A new file, seen under its name when it is complete; ValueError if the name is taken."""
    if path.exists():
        raise ValueError(f"{path} exists and is not overwritten; choose another path")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.partial")
    try:
        with h5py().File(beside, "w", track_order=True) as file:
            yield file
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def opened(path: Path, kind: str) -> Iterator[Any]:
    """An existing file; ValueError says what was expected of it."""
    if not path.is_file():
        raise ValueError(f"no {kind} file at {path}")
    try:
        file = h5py().File(path, "r")
    except OSError as error:
        raise ValueError(f"{path} is not a {kind} file: {error}") from error
    with file:
        yield file


def put(group: Any, name: str, array: np.ndarray) -> None:
    """One array; pictures are compressed without loss."""
    picture = array.dtype == np.uint8 and array.ndim >= 4
    group.create_dataset(name, data=array, compression="lzf" if picture else None)


def put_own(group: Any, episode: Episode) -> None:
    """What the format has no word for."""
    own = group.create_group(OWN)
    own.attrs["schema_version"] = SCHEMA
    own.attrs["task"] = episode.task
    own.attrs["terminated"], own.attrs["truncated"] = episode.terminated, episode.truncated
    put(own, "human", np.asarray(episode.human))
    for part, arrays in (("extra", episode.extra), ("reward", episode.reward)):
        for name, array in arrays.items():
            put(own, f"{part}/{name}", array)


def own(group: Any) -> dict[str, Any] | None:
    """The arguments of Episode that `put_own` wrote; None in files of others."""
    if OWN not in group:
        return None
    mine = group[OWN]
    if int(mine.attrs["schema_version"]) > SCHEMA:
        raise ValueError(
            f"{group.name} of {group.file.filename} has schema version {mine.attrs['schema_version']}, "
            f"and this program knows up to {SCHEMA}; update it"
        )
    found: dict[str, Any] = {"task": str(mine.attrs["task"]), "human": mine["human"][()]}
    found |= {name: bool(mine.attrs[name]) for name in ("terminated", "truncated")}
    for part in ("extra", "reward"):
        found[part] = {name: data[()] for name, data in mine[part].items()} if part in mine else {}
    return found


def foreign(
    action: np.ndarray, obs: dict[str, np.ndarray], reward: np.ndarray | None, terminated: bool
) -> dict[str, Any]:
    """Arguments of Episode from T actions and T observations.

    The final observation was not stored: a terminated episode shows the last one again (nothing is bootstrapped
    from it), of another the last action goes.
    """
    steps = len(action) if terminated else len(action) - 1
    obs = {n: np.concatenate([a, a[-1:]]) if terminated else a for n, a in obs.items()}
    rewards = {} if reward is None else {"recorded": reward[:steps]}
    ending = {"terminated": terminated, "truncated": not terminated}
    return {"action": action[:steps], "obs": obs, "reward": rewards, **ending}


def vectors(actions: np.ndarray, where: str) -> np.ndarray:
    """Continuous actions (T, a) as float32; ValueError for discrete ones."""
    if not np.issubdtype(actions.dtype, np.floating):
        raise ValueError(f"{where} has actions of dtype {actions.dtype}; only continuous actions are supported")
    return actions.reshape(len(actions), -1).astype(np.float32)
