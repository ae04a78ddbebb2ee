"""A folder of episodes in the LeRobotDataset v3.0 layout, read without loading what is not asked for.

Numbers come as whole columns (`low_dim`, `actions`, `column`), pictures one episode or one moment at a time
(`episode`, `frames`, `each_episode_frames`), so a data set may be larger than memory. An episode of T actions has
T + 1 frames. In data without a stored final observation, a last frame with `next.done` keeps its action and is
shown again as the final observation (terminated: nothing is bootstrapped from it); otherwise the last action goes.
"""

import difflib
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from jaxtyping import Bool, Float32, Int64, Shaped, UInt8

from embodied import columns, layout, pictures, tables
from embodied.catalogue import Entry, by_file, catalogue
from embodied.columns import attach_columns, write_column
from embodied.layout import Field
from embodied.recorder import Recorder, create_dataset, open_recorder
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode

__all__ = ["Dataset", "Recorder", "attach_columns", "create_dataset", "load_dataset", "open_recorder", "write_column"]


def load_dataset(path: str | Path) -> "Dataset":
    """The data set in a folder; ValueError if it is none, is LeRobot v2.1, or cannot be read."""
    root = Path(path)
    info = layout.read_info(root)
    own = info.get("embodied")
    if own is not None:
        spec = Spec.from_json(own["spec"])
        extra = {name: ArraySpec.from_json(array) for name, array in own["extra"].items()}
        found = layout.fields(spec, extra, own["storage"])
    else:
        found = layout.foreign_fields(info["features"])
        action = ArraySpec((int(np.prod(info["features"].get("action", {"shape": [0]})["shape"])),))
        obs = {name: field.array for name, field in found.items() if field.observed}
        spec = Spec(obs, action, float(info["fps"]), str(info.get("robot_type") or ""))
    entries, problems = catalogue(root, info, found)
    return Dataset(root, info, spec, found, entries, tuple(problems))


class Dataset:
    """Episodes on disk, as they were when the data set was loaded; see the module."""

    def __init__(
        self,
        path: Path,
        info: Mapping[str, Any],
        spec: Spec,
        fields: Mapping[str, Field],
        entries: Sequence[Entry],
        problems: tuple[str, ...] = (),
        folders: tuple[Path, ...] = (),
    ) -> None:
        self.path, self.spec, self.problems = path, spec, problems
        self.info: Mapping[str, Any] = MappingProxyType(dict(info))
        self.folders = folders
        self._fields, self._entries = dict(fields), list(entries)
        self._positions = {entry.id: position for position, entry in enumerate(entries)}
        self.ids: Int64[np.ndarray, " n"] = np.array([entry.id for entry in entries], np.int64)
        self.lengths: Int64[np.ndarray, " n"] = np.array([entry.steps for entry in entries], np.int64)
        self.tasks = tuple(dict.fromkeys(entry.task for entry in entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Episode]:
        return (self.episode(int(number)) for number in self.ids)

    def __getitem__(self, position: int) -> Episode:
        return self.episode(int(self.ids[position]))

    def __repr__(self) -> str:
        return f"Dataset({str(self.path)!r}, episodes={len(self)}, actions={int(self.lengths.sum())})"

    @property
    def cameras(self) -> tuple[str, ...]:
        """The observations that are pictures."""
        return tuple(name for name, field in self._fields.items() if field.stored != "column")

    @property
    def extras(self) -> Mapping[str, ArraySpec]:
        """The per-frame records that no policy is given."""
        return {name: field.array for name, field in self._fields.items() if not field.observed}

    def index(self, number: int) -> int:
        """The position of episode `number` in `ids`."""
        if number not in self._positions:
            known = f"usable ids reach from {self.ids[0]} to {self.ids[-1]}" if len(self) else "it has none"
            raise KeyError(f"no episode {number} in {self.path}; {known}")
        return self._positions[number]

    def task(self, number: int) -> str:
        """The sentence of episode `number`."""
        return self._entries[self.index(number)].task

    def restricted(self, ids: Sequence[int]) -> "Dataset":
        """The same data set with only these episodes, in this order; their ids stay."""
        entries = [self._entries[self.index(int(number))] for number in ids]
        return Dataset(self.path, self.info, self.spec, self._fields, entries, self.problems, self.folders)

    def with_folder(self, folder: Path) -> "Dataset":
        """The same data set, which also looks for reward columns in `folder`."""
        folders = (*self.folders, folder)
        return Dataset(self.path, self.info, self.spec, self._fields, self._entries, self.problems, folders)

    # -- whole columns --

    def low_dim(self, names: Sequence[str]) -> dict[str, Shaped[np.ndarray, "F ..."]]:
        """Observations or extras of all frames (T + 1 per episode, in `ids` order); pictures are refused."""
        for name in names:
            if self._field(name).stored != "column":
                raise ValueError(f"{name!r} is a camera; frames() and each_episode_frames() read pictures")
        return self._gathered(list(names), self._entries, final=True)

    def actions(self) -> Float32[np.ndarray, "N a"]:
        """The actions of all episodes, T each, in `ids` order."""
        return self._gathered([layout.ACTION], self._entries, final=False)[layout.ACTION]

    def human(self) -> Bool[np.ndarray, " N"]:
        """Which of those actions a person did; none of data that do not say."""
        if layout.HUMAN not in self.info["features"]:
            return np.zeros(int(self.lengths.sum()), bool)
        return self._gathered([layout.HUMAN], self._entries, final=False)[layout.HUMAN]

    def flags(self) -> tuple[Bool[np.ndarray, " n"], Bool[np.ndarray, " n"]]:
        """Whether each episode was terminated, and whether it was truncated."""
        return (
            np.array([entry.terminated for entry in self._entries], bool),
            np.array([entry.truncated for entry in self._entries], bool),
        )

    def _field(self, name: str) -> Field:
        if name not in self._fields:
            close = difflib.get_close_matches(name, self._fields, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"it offers {sorted(self._fields)}"
            raise KeyError(f"no array {name!r} in {self.path}; {hint}")
        return self._fields[name]

    def _stored(self, name: str) -> tuple[str, tuple[int, ...], str]:
        """Feature, shape of a row and dtype of one of our names."""
        if name == layout.ACTION:
            return name, self.spec.action.shape, "float32"
        if name in (layout.REWARD, layout.HUMAN):
            return name, (), "float32" if name == layout.REWARD else "bool"
        field = self._field(name)
        return field.feature, field.array.shape, field.array.dtype

    def _gathered(self, names: list[str], entries: Sequence[Entry], final: bool) -> dict[str, np.ndarray]:
        """Columns of these episodes one after the other: T + 1 rows of each with `final`, otherwise T."""
        stored = {name: self._stored(name) for name in names}
        counts = np.array([entry.steps + final for entry in entries], np.int64)
        starts = np.concatenate([[0], np.cumsum(counts)])
        found = {n: np.empty((int(starts[-1]), *shape), dtype) for n, (_, shape, dtype) in stored.items()}
        for file, positions in by_file(entries) if names else ():
            table = tables.read(self.path / file, [feature for feature, _, _ in stored.values()])
            for name, (feature, shape, dtype) in stored.items():
                try:
                    rows = tables.values(table[feature], shape, dtype)
                except (KeyError, ValueError) as error:
                    raise ValueError(f"{self.path / file} has no usable column {feature!r}: {error}") from error
                for position in positions:
                    entry, begin = entries[position], int(starts[position])
                    if entry.start + entry.rows > len(rows):
                        raise ValueError(f"{self.path / file} ends before the {entry.rows} rows of episode {entry.id}")
                    mine = self._aligned(feature, rows[entry.start : entry.start + entry.rows])
                    stop = min(entry.rows, int(counts[position]))
                    found[name][begin : begin + stop] = mine[:stop]
                    found[name][begin + stop : int(starts[position + 1])] = mine[-1]
        return found

    @staticmethod
    def _aligned(feature: str, rows: np.ndarray) -> np.ndarray:
        """`next.success` speaks of the frame after; everything else of its own."""
        return np.concatenate([np.zeros_like(rows[:1]), rows])[:-1] if feature == layout.SUCCESS else rows

    # -- reward columns --

    @property
    def columns(self) -> tuple[str, ...]:
        """Ways in which the episodes were judged; "recorded" is what the data themselves carry."""
        own = (columns.RECORDED,) if layout.REWARD in self.info["features"] else ()
        return own + tuple(sorted(columns.found(self.path, self.folders)))

    def column(self, name: str) -> dict[int, Float32[np.ndarray, " T"]]:
        """Rewards by episode id; episodes that the column does not cover are absent."""
        if name == columns.RECORDED and name in self.columns:
            rows = self._gathered([layout.REWARD], self._entries, final=False)[layout.REWARD]
            parts = np.split(rows, np.cumsum(self.lengths)[:-1]) if len(self) else []
            return dict(zip(self.ids.tolist(), parts, strict=True))
        return columns.read_column(self, self._column_folder(name))

    def column_manifest(self, name: str) -> dict[str, Any]:
        """How a column was made, as its writer said."""
        return {} if name == columns.RECORDED else columns.read_manifest(self._column_folder(name))["manifest"]

    def uncovered(self, name: str) -> list[int]:
        """The ids of the episodes that the column does not judge, for instance those recorded after it."""
        covered = self.column(name)
        return [number for number in self.ids.tolist() if number not in covered]

    def _column_folder(self, name: str) -> Path:
        known = columns.found(self.path, self.folders)
        if name not in known:
            close = difflib.get_close_matches(name, self.columns, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"it has {list(self.columns) or 'none'}"
            raise KeyError(f"no reward column {name!r} in {self.path}; {hint}")
        return known[name]

    # -- episodes and pictures --

    def episode(self, number: int, images: bool = True) -> Episode:
        """One episode, with every reward column that covers it; its pictures only if asked for."""
        entry = self._entries[self.index(number)]
        plain = [name for name, field in self._fields.items() if field.stored == "column"]
        obs: dict[str, np.ndarray] = self._gathered(plain, [entry], final=True)
        extra = {name: obs.pop(name) for name in plain if not self._fields[name].observed}
        if images:
            every = np.arange(entry.steps + 1)
            obs |= {
                name: pictures.of_entry(self.path, self._fields[name], entry, every, self.spec.hz)
                for name in self.cameras
            }
        own = {layout.REWARD: columns.RECORDED, layout.HUMAN: layout.HUMAN}
        present = [name for name in own if name in self.info["features"]]
        rows = self._gathered([layout.ACTION, *present], [entry], final=False)
        reward = {columns.RECORDED: rows[layout.REWARD]} if layout.REWARD in rows else {}
        for name in self.columns:
            if name not in reward and (one := columns.read_column(self, self._column_folder(name), number)):
                reward[name] = one[number]
        return Episode(
            action=rows[layout.ACTION],
            obs={name: obs[name] for name in self.spec.obs if name in obs},
            reward=reward,
            extra=extra,
            task=entry.task,
            terminated=entry.terminated,
            truncated=entry.truncated,
            human=rows.get(layout.HUMAN),
            id=number,
        )

    def frames(self, camera: str, moments: Int64[np.ndarray, "n 2"]) -> UInt8[np.ndarray, "n H W C"]:
        """The pictures of (episode id, frame) rows, in the order asked; each distinct one is decoded once."""
        field, located = self._camera(camera), self._located(moments)
        widest = int(self.lengths.max(initial=0)) + 1
        keys, where = np.unique(located[:, 0] * widest + located[:, 1], return_inverse=True)
        out = np.empty((len(located), *field.array.shape), np.uint8)
        order = np.argsort(where, kind="stable")
        bounds = np.searchsorted(where[order], np.arange(len(keys) + 1))
        positions, frames = np.divmod(keys, widest)
        for position in np.unique(positions).tolist():
            first, stop = np.searchsorted(positions, [position, position + 1])
            shown = pictures.each(self.path, field, self._entries[position], frames[first:stop], self.spec.hz)
            for key, picture in zip(range(first, stop), shown, strict=True):
                out[order[bounds[key] : bounds[key + 1]]] = picture
        return out

    def each_episode_frames(
        self, camera: str, ids: Sequence[int] | None = None
    ) -> Iterator[tuple[int, UInt8[np.ndarray, "T+1 H W C"]]]:
        """Every episode's id and pictures, one episode in memory at a time."""
        field = self._camera(camera)
        for number in self.ids.tolist() if ids is None else ids:
            entry = self._entries[self.index(int(number))]
            yield int(number), pictures.of_entry(self.path, field, entry, np.arange(entry.steps + 1), self.spec.hz)

    def frame_hashes(self, names: str | Sequence[str], moments: Int64[np.ndarray, "n 2"]) -> list[str]:
        """sha256 of what is shown of each moment: a camera's decoded bytes, or the rows of low-dimensional arrays."""
        located = self._located(moments)
        if isinstance(names, str):
            blocks = (self.frames(names, moments[i : i + 256]) for i in range(0, len(located), 256))
            return [hashlib.sha256(picture.tobytes()).hexdigest() for block in blocks for picture in block]
        arrays = self.low_dim(names)
        rows = np.concatenate([[0], np.cumsum(self.lengths + 1)])[located[:, 0]] + located[:, 1]
        head = "\n".join(f"{name} {array.dtype} {array.shape[1:]}" for name, array in arrays.items()).encode()
        shown = (head + b"".join(array[row].tobytes() for array in arrays.values()) for row in rows.tolist())
        return [hashlib.sha256(data).hexdigest() for data in shown]

    def _camera(self, name: str) -> Field:
        if name not in self.cameras:
            raise KeyError(f"no camera {name!r} in {self.path}; it has {list(self.cameras) or 'none'}")
        return self._fields[name]

    def _located(self, moments: Int64[np.ndarray, "n 2"]) -> Int64[np.ndarray, "n 2"]:
        """(position, frame) of every (episode id, frame); KeyError or ValueError names one that is not there."""
        numbers, where = np.unique(moments[:, 0], return_inverse=True)
        positions = np.array([self.index(number) for number in numbers.tolist()], np.int64)[where]
        outside = (moments[:, 1] < 0) | (moments[:, 1] > self.lengths[positions])
        if outside.any():
            number, frame = moments[outside][0].tolist()
            raise ValueError(
                f"no frame {frame} in episode {number}, which has {self.lengths[self.index(number)] + 1} frames"
            )
        return np.stack([positions, moments[:, 1]], axis=1)

    def fingerprint(self) -> str:
        """Identity of the episodes, not of rewards, from info.json, stats.json and the sizes of all files."""
        digest = hashlib.sha256()
        for name in (layout.INFO, layout.STATS):
            digest.update((self.path / name).read_bytes() if (self.path / name).exists() else b"-")
        for entry in self._entries:
            for file in (entry.data, *(film for film, _ in entry.films.values())):
                digest.update(f"{entry.id} {file} {(self.path / file).stat().st_size}\n".encode())
        return digest.hexdigest()
