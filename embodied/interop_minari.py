"""Minari's HDF5: <id>/data/main_data.hdf5 with one group per episode, and the spaces in metadata.json."""

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from embodied import codec, hdf5
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode

MAIN, METADATA = "main_data.hdf5", "metadata.json"
VERSION = "0.5.4"
"""Of Minari, whose reader the files are tested with."""


def to_minari(episodes: Iterable[Episode], root: str | Path, dataset_id: str, spec: Spec | None = None) -> Path:
    """Write `root/<dataset_id>`, which Minari loads with MINARI_DATASETS_PATH=root; pictures are kept exactly.

    The spaces come from `spec` (that of a Dataset is found without asking); without one they have no bounds.
    `infos` are the episode's extras; `rewards` is the recorded reward, or zero where there is none.
    """
    if not re.fullmatch(r"([-\w]+/)*[-\w]+?-v\d+", dataset_id):
        raise ValueError(f"{dataset_id!r} is no name for Minari; it wants 'group/name-v0'")
    data = Path(root) / dataset_id / "data"
    spec, total, count = spec or getattr(episodes, "spec", None), 0, 0
    with hdf5.created(data / MAIN) as file:
        for count, episode in enumerate(episodes, start=1):
            spec = spec or described(episode, 1.0)
            _put(file.create_group(f"episode_{count - 1}"), count - 1, episode)
            total += len(episode)
        if spec is None:
            raise ValueError("there are no episodes to write; give at least one, or their spec")
    metadata = {
        "total_episodes": count,
        "total_steps": total,
        "data_format": "hdf5",
        "jpeg_encoding": False,
        "observation_space": json.dumps({"type": "Dict", "subspaces": {n: _box(a) for n, a in spec.obs.items()}}),
        "action_space": json.dumps(_box(spec.action)),
        "dataset_id": dataset_id,
        "minari_version": VERSION,
        "dataset_size": round((data / MAIN).stat().st_size / 1e6, 1),
    }
    beside = data / f".{METADATA}.partial"
    beside.write_text(json.dumps(metadata))
    os.replace(beside, data / METADATA)
    return data.parent


def described(episode: Episode, hz: float) -> Spec:
    """What an episode holds, without bounds."""
    obs = {name: ArraySpec(array.shape[1:], str(array.dtype)) for name, array in episode.obs.items()}
    return Spec(obs, ArraySpec(episode.action.shape[1:]), hz)


def _box(array: ArraySpec) -> dict[str, Any]:
    dtype = np.dtype(array.dtype)
    low, high = (bound.astype(dtype).tolist() for bound in (array.low, array.high))
    return {"type": "Box", "dtype": array.dtype, "shape": list(array.shape), "low": low, "high": high}


def _put(group: Any, number: int, episode: Episode) -> None:
    steps = len(episode)
    last = np.arange(steps) == steps - 1
    group.attrs["id"], group.attrs["total_steps"] = number, steps
    for name, array in episode.obs.items():
        hdf5.put(group, f"observations/{name}", array)
    for name, array in episode.extra.items():
        hdf5.put(group, f"infos/{name}", array)
    hdf5.put(group, "actions", episode.action)
    hdf5.put(group, "rewards", episode.reward.get("recorded", np.zeros(steps, np.float32)))
    hdf5.put(group, "terminations", last & episode.terminated)
    hdf5.put(group, "truncations", last & episode.truncated)
    hdf5.put_own(group, episode)


def from_minari(path: str | Path) -> Iterator[Episode]:
    """The episodes of a Minari folder in order, one in memory at a time.

    A lone observation array is named "state"; the names of nested ones are joined with dots. Infos of numbers
    that have a row for every observation become extras.
    """
    folder = Path(path) / "data" if (Path(path) / "data").is_dir() else Path(path)
    if not (folder / METADATA).exists():
        raise ValueError(f"{path} is not a Minari data set: it has no data/{METADATA}")
    metadata = json.loads((folder / METADATA).read_bytes())
    if metadata.get("data_format", "hdf5") != "hdf5":
        raise ValueError(f"{path} is stored as {metadata['data_format']!r}; only hdf5 is read: convert it with minari")
    with hdf5.opened(folder / MAIN, "Minari") as file:
        for name in sorted(file, key=lambda name: int(name.rpartition("_")[2])):
            yield _read(file[name], int(name.rpartition("_")[2]))


def _read(group: Any, number: int) -> Episode:
    action = hdf5.vectors(group["actions"][()], f"{group.name} of {group.file.filename}")
    found = group["observations"]
    obs = dict(_leaves(found)) if isinstance(found, Mapping) else {"state": _array(found)}
    cut, ended = bool(group["truncations"][-1]), bool(group["terminations"][-1])
    infos = dict(_leaves(group["infos"])) if "infos" in group else {}
    extra = {n: a for n, a in infos.items() if a.dtype.kind in "biuf" and len(a) == len(action) + 1 and n not in obs}
    reward = {"recorded": group["rewards"][()].astype(np.float32)}
    other = {"extra": extra, "reward": reward, "terminated": ended, "truncated": cut and not ended}
    return Episode(action, obs, **(hdf5.own(group) or other), id=number)


def _leaves(group: Any, prefix: str = "") -> Iterator[tuple[str, np.ndarray]]:
    for name, item in group.items():
        if isinstance(item, Mapping):
            yield from _leaves(item, f"{prefix}{name}.")
        elif item.shape != ():
            yield prefix + name, _array(item)


def _array(data: Any) -> np.ndarray:
    """A dataset as it is, or the pictures that it holds as JPEG."""
    rows = data[()]
    jpeg = rows.dtype == np.uint8 and rows.ndim == 2 and rows[0, :2].tolist() == [0xFF, 0xD8]
    ragged = rows.dtype == object and isinstance(rows[0], np.ndarray)  # pictures of different sizes in bytes
    if not jpeg and not ragged:
        return rows
    return np.stack([codec.decode_picture(row.tobytes(), 3) for row in rows])
