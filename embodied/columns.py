"""Reward columns beside the data: written once, seen whole or not at all, never overwritten.

rewards/<name>/values.parquet     episode_index, reward (list of float32, T per episode)
rewards/<name>/manifest.json      schema_version, the data set's fingerprint, and what the writer says of it
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from jaxtyping import Float32

from embodied import layout, tables

if TYPE_CHECKING:
    from embodied.dataset import Dataset

SCHEMA = 1
RECORDED = "recorded"
TAKEN = {RECORDED: "is the reward that the data themselves carry", "constant": "is the name of a control"}
FOLDER, VALUES, MANIFEST = "rewards", "values.parquet", "manifest.json"


def write_column(
    dataset: "Dataset",
    name: str,
    values: Mapping[int, Float32[np.ndarray, " T"]],
    manifest: Mapping[str, Any],
    folder: str | Path | None = None,
) -> Path:
    """Write rewards by episode id; return where they lie.

    They lie beside the data, or in `folder` (for data that is read-only; `attach_columns` finds them there).
    ValueError if the name is taken, or a reward has another length than its episode or is not finite.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or name in TAKEN:
        why = TAKEN.get(name, "may hold letters, digits, '.', '_' and '-' and begins with a letter or digit")
        raise ValueError(f"a reward column cannot be called {name!r}: it {why}")
    if name in dataset.columns:
        raise ValueError(f"reward column {name!r} of {dataset.path} exists and is never overwritten; choose a new name")
    rewards = {int(number): _checked(dataset, name, int(number), v) for number, v in sorted(values.items())}
    home = dataset.path / FOLDER if folder is None else Path(folder)
    about = {
        "schema_version": SCHEMA,
        "name": name,
        "episodes": len(rewards),
        "actions": sum(map(len, rewards.values())),
        "dataset": dataset.fingerprint(),
        "manifest": dict(manifest),
    }
    text = json.dumps(about, indent=1).encode()
    try:
        return _placed(home, name, _file(rewards), text)
    except OSError as error:
        if (home / name).is_dir():
            raise ValueError(f"reward column {name!r} was written meanwhile and is never overwritten") from error
        hint = "give a folder of your own and read it with attach_columns" if folder is None else "choose another"
        raise OSError(error.errno, f"cannot write a reward column ({error.strerror}); {hint}", str(home)) from error


def _placed(home: Path, name: str, values: memoryview, manifest: bytes) -> Path:
    """Both files in a folder of their own, renamed into place."""
    home.mkdir(parents=True, exist_ok=True)
    _sweep(home)
    unfinished = home / f".partial-{os.getpid()}-{name}"
    unfinished.mkdir()
    try:
        layout.write_file(unfinished / VALUES, values)
        layout.write_file(unfinished / MANIFEST, manifest)
        unfinished.rename(home / name)  # a column is seen whole or not at all
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return home / name


def _sweep(home: Path) -> None:
    """Remove what killed writers left."""
    for stray in home.glob(".partial-*"):
        writer = stray.name.split("-")[1]
        if not Path(f"/proc/{writer}").exists():
            shutil.rmtree(stray, ignore_errors=True)


def _checked(dataset: "Dataset", name: str, number: int, values: np.ndarray) -> np.ndarray:
    rewards = np.asarray(values, np.float32)
    wanted = int(dataset.lengths[dataset.index(number)])
    if rewards.shape != (wanted,):
        raise ValueError(f"column {name!r}: episode {number} has {wanted} actions and {rewards.shape} rewards")
    if not np.isfinite(rewards).all():
        step = int(np.argmin(np.isfinite(rewards)))
        raise ValueError(f"column {name!r}: the reward of step {step} of episode {number} is {rewards[step]}")
    return rewards


def _file(rewards: Mapping[int, np.ndarray]) -> memoryview:
    offsets = np.concatenate([[0], np.cumsum([len(r) for r in rewards.values()])]).astype(np.int32)
    flat = np.concatenate([np.empty(0, np.float32), *rewards.values()])
    lists = pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat, pa.float32()))
    return tables.written(pa.table({"episode_index": pa.array(list(rewards), pa.int64()), "reward": lists}))


def attach_columns(dataset: "Dataset", folder: str | Path) -> "Dataset":
    """The same data set with the reward columns that lie in `folder`."""
    if not Path(folder).is_dir():
        raise ValueError(f"no folder {folder} to take reward columns from")
    return dataset.with_folder(Path(folder))


def found(root: Path, folders: Iterable[Path]) -> dict[str, Path]:
    """Where each column lies; those beside the data come first."""
    places: dict[str, Path] = {}
    for home in (root / FOLDER, *folders):
        for path in sorted(home.glob(f"[!.]*/{MANIFEST}")):
            places.setdefault(path.parent.name, path.parent)
    return places


def read_manifest(folder: Path) -> dict[str, Any]:
    """manifest.json of a column; ValueError if it cannot be read or is of a newer schema."""
    try:
        about = json.loads((folder / MANIFEST).read_bytes())
        schema = int(about["schema_version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"cannot read {folder / MANIFEST}: {error!r}; remove the folder or restore it") from error
    if schema > SCHEMA:
        raise ValueError(f"{folder} has schema version {schema}, and this program knows up to {SCHEMA}; update it")
    return about


def read_column(dataset: "Dataset", folder: Path, only: int | None = None) -> dict[int, np.ndarray]:
    """Rewards by id of the usable episodes (or of one) that the column in `folder` covers."""
    read_manifest(folder)
    table = tables.read(folder / VALUES)
    numbers = table["episode_index"].to_numpy()
    lists: Any = table["reward"].combine_chunks()
    flat, offsets = lists.values.to_numpy(), lists.offsets.to_numpy()
    known = dict(zip(dataset.ids.tolist(), dataset.lengths.tolist(), strict=True))
    rewards = {}
    for number, start, stop in zip(numbers.tolist(), offsets[:-1], offsets[1:], strict=True):
        if number not in known or (only is not None and number != only):
            continue
        if known[number] != stop - start:
            raise ValueError(
                f"{folder}: episode {number} has {stop - start} rewards and the data set's has {known[number]} "
                "actions; the column belongs to other data"
            )
        rewards[number] = flat[start:stop]
    return rewards
