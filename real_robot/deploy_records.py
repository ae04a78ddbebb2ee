"""What is kept of a deployment: a row for every frame, an episode of them, and a line of words beside the data.

`Episode.action` is what was sent, in the policy's numbers; `requested` is what was asked for, and `reasons` has bit i
set where `REASONS[i]` made the difference. `deployments.jsonl` tells of every episode whose policy, which robot, from
which start, and how it ended; also of those of which nothing was recorded.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from embodied import layout
from embodied.recorder import Recorder, create_dataset, open_recorder
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode
from real_robot.deploy_arm import arm_values
from real_robot.robot import Fault, Mode, Reading, Reason

REASONS, MODES = tuple(Reason), tuple(Mode)
LOG = "deployments.jsonl"


def extras_of(spec: Spec, own: Mapping[str, ArraySpec]) -> dict[str, ArraySpec]:
    """Everything that is recorded for every frame besides observations; `own` is what the robot itself adds."""
    found = {
        "requested": ArraySpec(spec.action.shape, "float32", unit=spec.action.unit),
        "reasons": ArraySpec((), "int32"),
        "observed_ns": ArraySpec((), "int64", unit="ns"),
        "sent_ns": ArraySpec((), "int64", unit="ns"),
        "mode": ArraySpec((), "uint8", 0, len(MODES) - 1),
        "fault": ArraySpec((), "bool"),
        **own,
    }
    return {name: array for name, array in found.items() if name not in spec.obs}


def mask(reasons: Sequence[Reason]) -> int:
    """Reasons as bits."""
    return sum(1 << REASONS.index(reason) for reason in set(reasons))


def unmasked(bits: int) -> tuple[Reason, ...]:
    """The inverse of `mask`."""
    return tuple(reason for i, reason in enumerate(REASONS) if bits >> i & 1)


class Rows:
    """The frames and actions of an episode while it runs."""

    def __init__(self, spec: Spec, extras: Mapping[str, ArraySpec], first: Reading) -> None:
        self.spec, self.extras = spec, extras
        self.actions: list[np.ndarray] = []
        self.rewards: list[float] = []
        self.human: list[bool] = []
        self.frames: list[Mapping[str, np.ndarray]] = []
        self.columns: dict[str, list[Any]] = {name: [] for name in extras}
        self.counts: Counter[str] = Counter()
        self._frame(first)

    def __len__(self) -> int:
        return len(self.actions)

    def _frame(self, reading: Reading) -> None:
        self.frames.append({name: np.array(reading.obs[name]) for name in self.spec.obs})
        told = {
            **reading.info, **arm_values(reading), "observed_ns": reading.stamp, "mode": MODES.index(reading.mode),
            "fault": bool(reading.faults), "requested": np.zeros(self.spec.action.shape), "reasons": 0, "sent_ns": 0,
        }  # fmt: skip
        with np.errstate(over="ignore"):
            for name, array in self.extras.items():
                self.columns[name].append(np.asarray(told[name]).astype(array.dtype).reshape(array.shape))

    def add(
        self, sent: np.ndarray, requested: np.ndarray, reasons: Sequence[Reason], stamp: int, human: bool,
        reading: Reading,
    ) -> None:  # fmt: skip
        """An action, and the frame after it."""
        shape = self.spec.action.shape
        asked = np.asarray(requested, np.float64)
        last = {"requested": asked if asked.shape == shape else np.full(shape, np.nan), "reasons": mask(reasons),
                "sent_ns": stamp}  # fmt: skip
        with np.errstate(over="ignore"):
            for name, value in last.items():
                if name in self.columns:
                    self.columns[name][-1] = np.asarray(value).astype(self.extras[name].dtype)
        self.actions.append(np.asarray(sent, np.float32))
        self.human.append(human)
        self.rewards.append(float(reading.info.get("reward", np.nan)))
        self._frame(reading)

    def episode(self, task: str, terminated: bool) -> Episode | None:
        """What there is; None without an action. A reward is recorded where the world told one after every action."""
        if not self.actions:
            return None
        rewards = np.array(self.rewards, np.float32)
        return Episode(
            np.array(self.actions, np.float32),
            {name: np.stack([frame[name] for frame in self.frames]) for name in self.spec.obs},
            {} if np.isnan(rewards).any() else {"recorded": rewards},
            {name: np.stack(column) for name, column in self.columns.items()},
            task=task, terminated=terminated, truncated=not terminated, human=np.array(self.human, bool),
        )  # fmt: skip


def fitting(path: Path, spec: Spec, extras: Mapping[str, ArraySpec]) -> None:
    """Refuse, before anything moves, a data set that could not take the episodes; nothing is written."""
    if not (path / layout.INFO).exists():
        if path.is_dir() and any(p.name not in ("meta", ".lock", ".partial", LOG) for p in path.iterdir()):
            raise ValueError(f"{path} holds files and is no data set; choose an empty or a new folder")
        return
    own = layout.read_info(path).get("embodied")
    if own is None:
        raise ValueError(f"{path} was not written here and is only read; record into a data set of your own")
    there = Spec.from_json(own["spec"])
    found = [*spec.differences(there), *(f"it also has {name!r}" for name in there.obs if name not in spec.obs)]
    names = set(own["extra"])
    if names != set(extras):
        found.append(f"its frames carry {sorted(names)}, those of this robot {sorted(extras)}")
    if found:
        raise ValueError(f"cannot append to {path}: {'; '.join(found)}; record into a new data set")


def recorder(path: Path, spec: Spec, extras: Mapping[str, ArraySpec], robot: str) -> Recorder:
    """A recorder that continues the data set, or begins it."""
    fitting(path, spec, extras)
    if (path / layout.INFO).exists():
        return open_recorder(path)
    return create_dataset(path, spec, extra=extras, robot_type=robot)


class Log:
    """`deployments.jsonl`: what was written of episodes that do not count, as their writer was killed, is dropped."""

    def __init__(self, path: Path, episodes: int, about: Mapping[str, Any]) -> None:
        self.file, self.about = path / LOG, dict(about)
        rows = []
        for line in self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []:
            try:
                rows.append(json.loads(line))
            except ValueError:  # cut off by a kill
                break
        rows = [row for row in rows if row["episode"] is None or row["episode"] < episodes]
        self.file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def note(self, **facts: Any) -> None:
        """One episode's line, on the disk when this returns."""
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**facts, **self.about}) + "\n")
            file.flush()
            os.fsync(file.fileno())


def told(fault: Fault) -> dict[str, Any]:
    """A fault as plain data."""
    return {"name": fault.name, "text": fault.text, "code": fault.code}


def digest(text: str) -> str:
    """What tells two descriptions apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
