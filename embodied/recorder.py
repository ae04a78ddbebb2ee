"""Crash-safe writing of episodes: one episode is one commit, and info.json is what commits it.

Files of an episode are written into `.partial/`, flushed to disk, and renamed into place in the order data,
videos, meta, info.json. What is not counted in info.json does not exist: readers ignore it and the next append
overwrites it. So a killed recorder loses at most the episode it was writing.
"""

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np

from embodied import codec, layout, tables
from embodied import featurestats as st
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode

STORAGES = ("image", "video")


def create_dataset(
    path: str | Path,
    spec: Spec,
    *,
    task: str = "",
    extra: Mapping[str, ArraySpec] | None = None,
    robot_type: str = "",
    storage: str = "image",
) -> "Recorder":
    """A new data set, open for appending.

    `task` is the sentence of episodes that carry none; `extra` names the per-frame records of `Episode.extra`.
    `storage` "image" keeps camera frames exactly (PNG); "video" is smaller and lossy (H.264, 3 channels).
    """
    root = Path(path)
    if storage not in STORAGES:
        raise ValueError(f"no storage {storage!r}; choose one of {STORAGES}")
    for name in spec.cameras if storage == "video" else ():
        if spec.obs[name].shape[-1] != 3:
            raise ValueError(f"camera {name!r} has shape {spec.obs[name].shape}; video stores 3 channels, image any")
    if (root / layout.INFO).exists():
        raise ValueError(f"{root} already holds a data set; append with open_recorder, or choose another path")
    if root.is_dir() and (strangers := {p.name for p in root.iterdir()} - {"meta", ".lock", ".partial"}):
        raise ValueError(f"{root} holds {sorted(strangers)[0]!r} and is no data set; choose an empty or a new folder")
    info = layout.new_info(spec, extra or {}, storage, robot_type, task)
    (root / "meta").mkdir(parents=True, exist_ok=True)
    lock = _locked(root)
    layout.write_json(root / layout.INFO, info)
    return Recorder(root, lock)


def open_recorder(path: str | Path, spec: Spec | None = None) -> "Recorder":
    """An existing data set, open for appending; ValueError if it holds anything else than `spec` says."""
    root = Path(path)
    info = layout.read_info(root)
    if "embodied" not in info:
        raise ValueError(f"{root} was not written here and is only read; append to a data set of your own")
    if spec is not None:
        ours = Spec.from_json(info["embodied"]["spec"])
        if found := [*spec.differences(ours), *(f"it also has {n!r}" for n in ours.obs if n not in spec.obs)]:
            raise ValueError(f"cannot append to {root}: {'; '.join(found)}; record into a new data set")
    return Recorder(root, _locked(root))


def _locked(root: Path) -> int:
    """The descriptor of the lock file, held until closed; the kernel frees it when its process dies."""
    lock = os.open(root / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 32, 0).decode() or "unknown"
        os.close(lock)
        raise ValueError(f"{root} is being recorded by process {holder}; one writer at a time") from error
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
    return lock


class Recorder:
    """The one writer of a data set; a context manager."""

    def __init__(self, root: Path, lock: int) -> None:
        self.path = root
        self._lock: int | None = lock
        self._info = layout.read_info(root)  # now under the lock
        own = self._info["embodied"]
        self.spec = Spec.from_json(own["spec"])
        self._extra = {name: ArraySpec.from_json(array) for name, array in own["extra"].items()}
        self._fields = layout.fields(self.spec, self._extra, own["storage"])
        self._tasks = tables.read_tasks(root) if (root / layout.TASKS).exists() else []
        self._tasks = self._tasks[: self._info["total_tasks"]]
        self._sweep()
        self._stats = self._known_stats()
        self._journal = self._known_journal()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __len__(self) -> int:
        """Episodes committed."""
        return int(self._info["total_episodes"])

    def close(self) -> None:
        """Let go of the lock. Nothing is buffered, so nothing else happens; safe twice."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def append(self, episode: Episode) -> int:
        """Commit one episode and return its id; when this returns, the episode survives a crash.

        ValueError if it is not what the data set holds. OSError if it cannot be written: nothing that was
        committed is lost, and the same episode can be appended again.
        """
        if self._lock is None:
            raise ValueError(f"the recorder of {self.path} is closed; open_recorder opens another")
        rows = self._checked(episode)
        try:
            return self._commit(episode, rows)
        except OSError as error:
            self._sweep()
            raise OSError(
                error.errno,
                f"cannot write episode {len(self)} ({error.strerror or error}); the {len(self)} episodes before it "
                "are safe: free space and append it again",
                str(self.path),
            ) from error
        except BaseException:  # interrupted in the middle: what is on disk must be looked at again
            self.close()
            raise

    def _checked(self, episode: Episode) -> dict[str, np.ndarray]:
        """Every array of the episode under its feature's name, as the data set stores it."""
        who, rows = f"episode {len(self)} of {self.path}", {}
        given = {**episode.extra, **episode.obs}
        if surplus := sorted(set(given) - set(self._fields)):
            raise ValueError(f"{who} has {surplus[0]!r}, which the data set lacks; it holds {sorted(self._fields)}")
        if unknown := sorted(set(episode.reward) - {"recorded"}):
            raise ValueError(
                f"{who} carries the reward column {unknown[0]!r}; only 'recorded' is stored with the frames, "
                "write_column puts others beside them"
            )
        if len(self) and ("recorded" in episode.reward) != (layout.REWARD in self._info["features"]):
            has, other = ("a", "none") if episode.reward else ("no", "one")
            raise ValueError(f"{who} has {has} recorded reward and those before it have {other}; keep them apart")
        if episode.action.shape[1:] != self.spec.action.shape:
            raise ValueError(f"{who}: action has shape {episode.action.shape[1:]}, wanted {self.spec.action.shape}")
        for name, field in self._fields.items():
            if name not in given:
                raise ValueError(f"{who} lacks {name!r}; it offers {sorted(given)}")
            array = given[name]
            if array.shape[1:] != field.array.shape:
                raise ValueError(f"{who}: {name!r} has shape {array.shape[1:]}, wanted {field.array.shape}")
            if not np.can_cast(array.dtype, field.array.dtype, "same_kind"):
                raise ValueError(f"{who}: {name!r} has dtype {array.dtype}, wanted {field.array.dtype}")
            rows[field.feature] = array.astype(field.array.dtype, copy=False)
        return rows

    def _commit(self, episode: Episode, rows: dict[str, np.ndarray]) -> int:
        number, first, frames = len(self), int(self._info["total_frames"]), len(episode) + 1
        own = self._info["embodied"]
        sentence = episode.task or own["task"]
        tasks = self._tasks if sentence in self._tasks else [*self._tasks, sentence]
        task = tasks.index(sentence)
        features = layout.features(self.spec, self._extra, own["storage"], rewarded="recorded" in episode.reward)
        films = [name for name in rows if features[name]["dtype"] == "video"]
        columns = tables.columns(episode, rows, films)
        stats = {
            name: st.image_stats(array) if features[name]["dtype"] in layout.PIXELS else _flat_stats(array)
            for name, array in {**rows, **columns}.items()
        }
        columns |= tables.counters(frames, number, first, task, self.spec.hz)

        files: dict[str, bytes | memoryview] = {}
        files[layout.place(layout.DATA, number)] = tables.data_file(columns, features)
        for name in films:
            files[layout.place(layout.VIDEO, number, name)] = codec.encode_video(rows[name], self.spec.hz)
        if tasks is not self._tasks:
            files[layout.TASKS] = tables.tasks_file(tasks)
        seconds = dict.fromkeys(films, frames / self.spec.hz)
        files[layout.place(layout.EPISODES, number)] = tables.episode_file(
            number, sentence, first, frames, seconds, stats
        )
        together = st.combined(self._stats, stats) if number else stats
        self._move(files)
        layout.write_json(self.path / layout.STATS, st.to_json(together), durable=False)
        ending = {"terminated": episode.terminated, "truncated": episode.truncated}
        end = self._note({"rows": frames, "task": task, **ending})
        info = self._info | {"features": features, "splits": {"train": f"0:{number + 1}"}}
        info |= {"total_episodes": number + 1, "total_frames": first + frames, "total_tasks": len(tasks)}
        layout.write_json(self.path / layout.INFO, info)
        self._info, self._tasks, self._stats, self._journal = info, tasks, together, end
        return number

    def _move(self, files: Mapping[str, bytes | memoryview]) -> None:
        """All files into `.partial/`, then each into its place, in order."""
        partial = self.path / ".partial"
        partial.mkdir(exist_ok=True)
        for number, data in enumerate(files.values()):
            layout.write_file(partial / str(number), data)
        for number, name in enumerate(files):
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(partial / str(number), self.path / name)

    def _note(self, line: dict[str, Any]) -> int | None:
        """Put a line where the committed ones end; where this one ends."""
        if self._journal is None:
            return None
        text = json.dumps(line).encode() + b"\n"
        with open(self.path / layout.JOURNAL, "r+b") as file:
            file.seek(self._journal)
            file.truncate()
            file.write(text)
        return self._journal + len(text)

    def _sweep(self) -> None:
        """Remove what an interrupted append left behind: it is not counted in info.json."""
        number = len(self)
        cameras = [f.feature for f in self._fields.values() if f.stored == "video"]
        names = [layout.place(layout.VIDEO, number, key) for key in cameras]
        names += [layout.place(layout.DATA, number), layout.place(layout.EPISODES, number)]
        partial = self.path / ".partial"
        strays = [self.path / name for name in names]
        for stray in strays + (list(partial.iterdir()) if partial.is_dir() else []):
            stray.unlink(missing_ok=True)

    def _known_stats(self) -> dict[str, st.Stats]:
        """Of the committed episodes: stats.json, or put together again if a crash left it at another count."""
        if not len(self):
            return {}
        try:
            stats = st.from_json(json.loads((self.path / layout.STATS).read_bytes()))
            if int(stats[layout.ACTION]["count"][0]) == self._info["total_frames"]:
                return stats
        except (OSError, ValueError, KeyError):  # missing or half written: the episodes' own statistics are the source
            pass
        return tables.collected_stats(self.path, len(self))

    def _known_journal(self) -> int | None:
        """Where the next line goes; None if lines are missing, and then readers look into the data instead."""
        path = self.path / layout.JOURNAL
        if not len(self):
            layout.write_file(path, b"", durable=False)
            return 0
        if not path.exists():
            return None
        lines = path.read_bytes().split(b"\n")[: len(self)]
        return sum(len(line) + 1 for line in lines) if len(lines) == len(self) else None


def _flat_stats(array: np.ndarray) -> st.Stats:
    return st.column_stats(array.reshape(len(array), -1))
