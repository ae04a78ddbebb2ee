"""The LeRobotDataset v3.0 layout: where everything lies, what it is called there, and what info.json says.

meta/info.json                          counts, rate, features; under "embodied" what LeRobot has no word for
meta/stats.json  meta/tasks.parquet     statistics of every feature; task sentences
meta/episodes/chunk-000/file-000.parquet
meta/journal.jsonl                      one line per episode: the same facts, read 100 x faster
data/chunk-000/file-000.parquet         one episode per file when written here
videos/<feature>/chunk-000/file-000.mp4
rewards/<name>/                         reward columns (see columns.py)
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from embodied import codec
from embodied.spec import ArraySpec, Spec

VERSION = "v3.0"
SCHEMA = 1
"""Of our own part of info.json; a newer one is refused."""

INFO, STATS, TASKS, JOURNAL = "meta/info.json", "meta/stats.json", "meta/tasks.parquet", "meta/journal.jsonl"
DATA = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES = "meta/episodes/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
CHUNK = 1000
"""Files per folder."""

COUNTERS = {
    "timestamp": "float32",
    "frame_index": "int64",
    "episode_index": "int64",
    "index": "int64",
    "task_index": "int64",
}
"""The features that every LeRobot data set has."""

ACTION, VALID, HUMAN = "action", "action_valid", "human"
REWARD, DONE, CUT, SUCCESS = "next.reward", "next.done", "next.truncated", "next.success"
RESERVED = {*COUNTERS, ACTION, VALID, HUMAN, REWARD, DONE, CUT}
PIXELS = ("image", "video")


@dataclass(frozen=True)
class Field:
    """One array of an episode: our name, the feature on disk, whether policies see it, how it is stored."""

    name: str
    feature: str
    array: ArraySpec
    observed: bool
    stored: str
    """"image", "video" or "column"."""


def place(template: str, index: int, key: str = "") -> str:
    """The path, inside the data set, of the file that holds episode `index` alone."""
    return template.format(chunk_index=index // CHUNK, file_index=index % CHUNK, video_key=key)


def fields(spec: Spec, extra: Mapping[str, ArraySpec], storage: str) -> dict[str, Field]:
    """What a data set written here holds, by our names."""
    found = {}
    for name, array in spec.obs.items():
        feature = f"observation.images.{name}" if array.is_image else f"observation.{name}"
        found[name] = Field(name, feature, array, True, storage if array.is_image else "column")
    for name, array in extra.items():
        if name in found or name in RESERVED or name.startswith("observation."):
            raise ValueError(f"extra {name!r} has a name that is taken; rename it")
        found[name] = Field(name, name, array, False, "column")
    for field in found.values():
        if twin := [other.name for other in found.values() if other.feature == field.feature and other != field]:
            raise ValueError(f"{field.name!r} and {twin[0]!r} would both be {field.feature!r} on disk; rename one")
        if not field.name or "/" in field.name:
            raise ValueError(f"{field.name!r} is no name for an array: it is empty or has a '/'; rename it")
    return found


def foreign_fields(features: Mapping[str, Any]) -> dict[str, Field]:
    """What a data set written elsewhere holds; `observation.` and `observation.images.` are dropped from names."""
    found: dict[str, Field] = {}
    for feature, about in features.items():
        if feature in RESERVED or feature == SUCCESS or about["dtype"] == "string":
            continue
        observed = feature.startswith("observation") or about["dtype"] in PIXELS
        name = feature.removeprefix("observation.").removeprefix("images.")
        name = feature if name in found else name
        if about["dtype"] in PIXELS:
            found[name] = Field(name, feature, ArraySpec(_picture(about), "uint8"), True, about["dtype"])
        elif _numeric(about["dtype"]):
            found[name] = Field(name, feature, ArraySpec(tuple(about["shape"]), about["dtype"]), observed, "column")
    if SUCCESS in features and "success" not in found:
        found["success"] = Field("success", SUCCESS, ArraySpec((), "bool"), False, "column")
    return found


def _picture(about: Mapping[str, Any]) -> tuple[int, ...]:
    """(H, W, C), whichever order the feature's axes are named in."""
    shape, names = tuple(about["shape"]), about.get("names") or []
    first = len(names) == 3 and str(names[0]).startswith("channel")
    return (shape[1], shape[2], shape[0]) if first else shape


def _numeric(dtype: str) -> bool:
    try:
        return np.dtype(dtype).kind in "biuf"
    except TypeError:  # language, struct and other features that no array can hold
        return False


def features(spec: Spec, extra: Mapping[str, ArraySpec], storage: str, rewarded: bool) -> dict[str, Any]:
    """The `features` of info.json. Arrays of rank 2 and more lie flat on disk; our own part keeps their shape."""
    rate = int(spec.hz) if float(spec.hz).is_integer() else spec.hz

    def column(dtype: str, size: int = 1) -> dict[str, Any]:
        return {"dtype": dtype, "shape": [size], "names": None}

    found: dict[str, Any] = {}
    for field in fields(spec, extra, storage).values():
        if field.stored == "column":
            found[field.feature] = column(field.array.dtype, int(np.prod(field.array.shape)))
            continue
        shape = list(field.array.shape)
        found[field.feature] = {"dtype": storage, "shape": shape, "names": ["height", "width", "channels"]}
        if storage == "video":
            found[field.feature]["info"] = {
                "video.height": shape[0],
                "video.width": shape[1],
                "video.channels": 3,
                "video.codec": codec.CODECS[codec.encoder()],
                "video.pix_fmt": codec.pixel_format(*shape[:2]),
                "video.is_depth_map": False,
                "video.fps": rate,
                "has_audio": False,
            }
    found[ACTION] = column("float32", spec.action.shape[0])
    found |= {REWARD: column("float32")} if rewarded else {}
    found |= {name: column("bool") for name in (DONE, CUT, VALID, HUMAN)}
    return found | {name: column(dtype) for name, dtype in COUNTERS.items()}


def new_info(spec: Spec, extra: Mapping[str, ArraySpec], storage: str, robot_type: str, task: str) -> dict[str, Any]:
    """info.json of a data set without episodes."""
    return {
        "codebase_version": VERSION,
        "robot_type": robot_type or spec.robot or "unknown",
        "total_episodes": 0,
        "total_frames": 0,
        "total_tasks": 0,
        "chunks_size": CHUNK,
        "data_files_size_in_mb": 100,
        "video_files_size_in_mb": 200,
        "fps": int(spec.hz) if float(spec.hz).is_integer() else spec.hz,
        "splits": {"train": "0:0"},
        "data_path": DATA,
        "video_path": VIDEO if storage == "video" else None,
        "features": features(spec, extra, storage, rewarded=False),
        "embodied": {
            "schema_version": SCHEMA,
            "final_frame": "the last frame of an episode carries the final observation; its action is no action "
            "(action_valid is false)",
            "spec": spec.to_json(),
            "extra": {name: array.to_json() for name, array in extra.items()},
            "storage": storage,
            "task": task,
        },
    }


def read_info(root: Path) -> dict[str, Any]:
    """info.json, or a ValueError that says what the folder is instead and what to do."""
    if not root.is_dir():
        raise ValueError(f"no data set at {root}: the folder does not exist")
    if not (root / INFO).exists():
        raise ValueError(f"{root} is not a data set: it has no {INFO}; give the folder that holds meta/ and data/")
    try:
        info = json.loads((root / INFO).read_bytes())
        version, schema = str(info["codebase_version"]), int(info.get("embodied", {}).get("schema_version", SCHEMA))
        _ = float(info["fps"]), dict(info["features"]), int(info["total_episodes"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"cannot read {root / INFO}: {error!r}; restore it from a backup") from error
    if version.startswith(("v1", "v2")):
        raise ValueError(
            f"{root} is a LeRobot {version} data set and v3.0 is read here; convert it with lerobot: "
            "python -m lerobot.datasets.v30.convert_dataset_v21_to_v30 --repo-id=<user/name> --root=<folder>"
        )
    if not version.startswith("v3.0"):
        raise ValueError(f"{root} is a LeRobot {version} data set and only v3.0 is read; update embodied-feedback")
    if schema > SCHEMA:
        raise ValueError(f"{root} has schema version {schema}, and this program knows up to {SCHEMA}; update it")
    return info


def write_file(path: Path, data: bytes | memoryview, durable: bool = True) -> None:
    """Write all of `data`, and wait for the disk if `durable`."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())


def write_json(path: Path, data: Any, durable: bool = True) -> None:
    """Write JSON beside `path`, then rename: readers see the old text or the new, never half."""
    beside = path.with_name(f".{path.name}.partial")
    write_file(beside, json.dumps(data, indent=1).encode(), durable)
    os.replace(beside, path)
