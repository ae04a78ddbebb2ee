"""Episodes as tensors that stay on the device: normalisers, transitions, action windows, and which rows to draw when.

Frames are stored once; a transition is an index: s_t is frame `at`, s_{t+1} the frame after it. Low-dimensional
observations are float32, pictures stay bytes.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, Protocol, Self, runtime_checkable

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, Int64, Shaped
from torch import Tensor

from embodied.spec import Spec

CONSTANT = "constant"
"""The reserved reward column of the control that is told nothing: zero everywhere."""

PICTURE_BYTES = 3 * 2**30
BLOCK = 256  # steps whose batches are drawn at once

log = logging.getLogger(__name__)


@runtime_checkable
class Source(Protocol):
    """What learners read of a data set (`embodied.dataset.Dataset` is one)."""

    @property
    def spec(self) -> Spec: ...
    @property
    def ids(self) -> np.ndarray: ...
    @property
    def lengths(self) -> np.ndarray: ...
    def column(self, name: str) -> Mapping[int, np.ndarray]: ...
    def low_dim(self, names: Sequence[str]) -> Mapping[str, np.ndarray]: ...
    def actions(self) -> np.ndarray: ...
    def human(self) -> np.ndarray: ...
    def flags(self) -> tuple[np.ndarray, np.ndarray]: ...
    def each_episode_frames(
        self, camera: str, ids: Sequence[int] | None = None
    ) -> Iterator[tuple[int, np.ndarray]]: ...
    def fingerprint(self) -> str: ...


def device_of(name: str) -> torch.device:
    """The device of that name; 'auto' is the GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


@dataclass(frozen=True, eq=False)
class Normaliser:
    """y = (x - offset) / scale along the last axis; a dimension that never changes is only shifted."""

    offset: Float32[Tensor, " d"]
    scale: Float32[Tensor, " d"]

    def __post_init__(self) -> None:
        if not (torch.isfinite(self.offset).all() and torch.isfinite(self.scale).all() and (self.scale > 0).all()):
            raise ValueError(f"normaliser with offset {self.offset} and scale {self.scale}; both finite, scale > 0")

    @classmethod
    def from_data(
        cls, data: Shaped[np.ndarray, "n d"] | Shaped[Tensor, "n d"], mode: Literal["mean-std", "min-max"] = "mean-std"
    ) -> Self:
        """Mean 0 and standard deviation 1, or onto [-1, 1]."""
        rows = torch.as_tensor(data).double()
        if len(rows) == 0:
            raise ValueError("no rows to measure a normaliser on")
        if mode == "min-max":
            return cls.from_bounds(rows.amin(0), rows.amax(0))
        if mode != "mean-std":
            raise ValueError(f"no normaliser {mode!r}; there are 'mean-std' and 'min-max'")
        return cls._safe(rows.mean(0), rows.std(0, correction=0))

    @classmethod
    def from_bounds(cls, low: Float[Tensor, " d"], high: Float[Tensor, " d"]) -> Self:
        """The interval [low, high] onto [-1, 1]."""
        return cls._safe((low + high) / 2, (high - low) / 2)

    @classmethod
    def identity(cls, size: int) -> Self:
        """Changes nothing."""
        return cls(torch.zeros(size), torch.ones(size))

    @classmethod
    def _safe(cls, offset: Tensor, scale: Tensor) -> Self:
        noise = 1e-6 * offset.abs().clamp(min=1.0)  # below float32's resolution, a spread is rounding
        return cls(offset.float(), torch.where(scale > noise, scale, torch.ones_like(scale)).float())

    def apply(self, x: Float[Tensor, "*n d"]) -> Float[Tensor, "*n d"]:
        """Into normalised units."""
        return (x - self.offset) / self.scale

    def invert(self, y: Float[Tensor, "*n d"]) -> Float[Tensor, "*n d"]:
        """Back from normalised units."""
        return y * self.scale + self.offset

    def to(self, device: torch.device | str) -> Self:
        """The same on another device."""
        return replace(self, offset=self.offset.to(device), scale=self.scale.to(device))

    def tensors(self) -> dict[str, Tensor]:
        """What `from_tensors` takes."""
        return {"offset": self.offset, "scale": self.scale}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Tensor]) -> Self:
        """The inverse of `tensors`."""
        return cls(tensors["offset"], tensors["scale"])


@dataclass(frozen=True, eq=False)
class Transitions:
    """Every (s, a, r, s') of the covered episodes; `obs[name][at[i]]` is s, the row after it s'.

    `reward[i]` judges action i by frame `at[i] + 1`. `terminal` is 1 only where an episode ended by termination:
    there and only there a learner must not bootstrap. `episode[i]` is the position in `ids`. `human` marks a
    person's actions.
    """

    spec: Spec
    ids: tuple[int, ...]
    lengths: Int64[Tensor, " e"]
    obs: Mapping[str, Shaped[Tensor, "f ..."]]
    at: Int64[Tensor, " n"]
    action: Float32[Tensor, "n a"]
    reward: Float32[Tensor, " n"]
    terminal: Float32[Tensor, " n"]
    human: Bool[Tensor, " n"]
    dropped: tuple[int, ...] = ()
    stride: int = 1
    """s_{t+1} is the frame so many after s_t."""

    def __len__(self) -> int:
        return len(self.at)

    @cached_property
    def episode(self) -> Int64[Tensor, " n"]:
        """To which episode each transition belongs."""
        positions = torch.arange(len(self.ids), device=self.at.device)
        return positions.repeat_interleave(self.lengths.to(self.at.device))

    def returns(self) -> Float32[Tensor, " e"]:
        """The undiscounted sum of rewards of every episode."""
        return torch.zeros(len(self.ids), device=self.reward.device).index_add_(0, self.episode, self.reward)

    def keep(self, episodes: Bool[Tensor, " e"]) -> Self:
        """Only the marked episodes; frames stay shared."""
        return self.where(episodes.to(self.at.device)[self.episode])

    def where(self, rows: Bool[Tensor, " n"]) -> Self:
        """Only the marked transitions, and the episodes that have any; frames stay shared."""
        counts = torch.bincount(self.episode[rows], minlength=len(self.ids)).cpu()
        return replace(
            self,
            ids=tuple(i for i, count in zip(self.ids, counts.tolist(), strict=True) if count),
            lengths=counts[counts > 0],
            at=self.at[rows],
            action=self.action[rows],
            reward=self.reward[rows],
            terminal=self.terminal[rows],
            human=self.human[rows],
        )


def held(data: Transitions, steps: int) -> Transitions:
    """Decisions that last so many steps, beginning at every step: the mean of their actions and rewards.

    Those that an episode's end cuts short are left out; ValueError if that leaves none.
    """
    if steps == 1:
        return data
    rows = [
        part.unfold(0, steps, 1) for part in torch.arange(len(data)).split(data.lengths.tolist()) if len(part) >= steps
    ]
    if not rows:
        raise ValueError(
            f"no episode has {steps} steps, the longest has {int(data.lengths.max())}; hold actions shorter"
        )
    window = torch.cat(rows).to(data.at.device)
    return replace(
        data,
        lengths=(data.lengths - steps + 1).clamp_min(0),
        at=data.at[window[:, 0]],
        action=data.action[window].mean(1),
        reward=data.reward[window].mean(1),
        terminal=data.terminal[window[:, -1]],
        human=data.human[window].all(1),
        stride=steps,
    )


def transitions(
    dataset: Source,
    obs: Sequence[str],
    reward: str,
    device: torch.device | str = "cpu",
    *,
    size: int | None = None,
    picture_bytes: int = PICTURE_BYTES,
) -> Transitions:
    """The transitions of every episode that column `reward` covers, on the device.

    `reward` may be 'constant', the control that is told nothing. Pictures are averaged down to `size` pixels where
    it is given. Raises ValueError for an unknown observation, a value that is not finite (named), no covered
    episode, or pictures that would take more than `picture_bytes`; KeyError for an unknown column.
    """
    spec = dataset.spec.restricted(tuple(obs))
    ids = tuple(int(i) for i in dataset.ids)
    column = None if reward == CONSTANT else dataset.column(reward)
    covered = np.array([column is None or i in column for i in ids], bool)
    if not covered.any():
        raise ValueError(f"reward column {reward!r} covers none of the {len(ids)} episodes; relabel them first")
    dropped = tuple(i for i, mark in zip(ids, covered, strict=True) if not mark)
    if dropped:
        log.warning("reward %r does not cover %d of %d episodes; they are left out", reward, len(dropped), len(ids))
    kept = tuple(i for i, mark in zip(ids, covered, strict=True) if mark)
    lengths = np.asarray(dataset.lengths, np.int64)
    rows, frames = np.repeat(covered, lengths), np.repeat(covered, lengths + 1)
    lengths = lengths[covered]
    terminated, _truncated = dataset.flags()
    start = np.cumsum(lengths + 1) - (lengths + 1)
    last = np.cumsum(lengths) - 1
    terminal = np.zeros(int(lengths.sum()), np.float32)
    terminal[last] = np.asarray(terminated, np.float32)[covered]
    at = np.arange(len(terminal)) + np.repeat(start - (np.cumsum(lengths) - lengths), lengths)
    values = np.zeros(len(terminal), np.float32) if column is None else np.concatenate([column[i] for i in kept])
    _check_finite(values[:, None], kept, lengths, f"reward column {reward!r}", "step")
    action = np.asarray(dataset.actions(), np.float32)[rows]
    _check_finite(action, kept, lengths, "action", "step")
    low = [name for name in obs if name not in spec.cameras]
    arrays: dict[str, Tensor] = {}
    for name, array in (dataset.low_dim(low) if low else {}).items():
        data = np.asarray(array, np.float32)[frames]
        _check_finite(data.reshape(len(data), -1), kept, lengths + 1, f"observation {name!r}", "frame")
        arrays[name] = torch.as_tensor(data, device=device)
    for name in spec.cameras:
        arrays[name] = _pictures(dataset, name, kept, int((lengths + 1).sum()), device, size, picture_bytes)
    return Transitions(
        spec=spec,
        ids=kept,
        lengths=torch.as_tensor(lengths),
        obs={name: arrays[name] for name in obs},
        at=torch.as_tensor(at, device=device),
        action=torch.as_tensor(action, device=device),
        reward=torch.as_tensor(values.astype(np.float32), device=device),
        terminal=torch.as_tensor(terminal, device=device),
        human=torch.as_tensor(np.asarray(dataset.human(), bool)[rows], device=device),
        dropped=dropped,
    )


def _check_finite(rows: np.ndarray, ids: Sequence[int], lengths: np.ndarray, what: str, unit: str) -> None:
    bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
    if len(bad) == 0:
        return
    ends = np.cumsum(lengths)
    episode = int(np.searchsorted(ends, bad[0], side="right"))
    step = int(bad[0] - (ends[episode] - lengths[episode]))
    row = rows[bad[0]]
    shown = row if len(row) <= 16 else f"{row[~np.isfinite(row)][0]} in one of its {len(row)} numbers"
    raise ValueError(
        f"{what} of episode {ids[episode]} at {unit} {step} is {shown}; it must be finite "
        f"({len(bad)} rows are not); mend or leave out that episode"
    )


def small(pictures: Shaped[Tensor, "n h w c"], size: int | None) -> Shaped[Tensor, "n ..."]:
    """Bytes averaged down to size x size pixels, as bytes."""
    if size is None or tuple(pictures.shape[1:3]) == (size, size):
        return pictures
    from embodied.vision import to_float

    return (to_float(pictures, size) * 255.0).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def _pictures(
    dataset: Source,
    camera: str,
    ids: Sequence[int],
    frames: int,
    device: torch.device | str,
    size: int | None,
    picture_bytes: int,
) -> Tensor:
    """All frames of a camera as bytes (f, h, w, c), decoded one episode at a time."""
    height, width, channels = dataset.spec.obs[camera].shape
    shape = (height, width, channels) if size is None else (size, size, channels)
    needed = frames * int(np.prod(shape))
    if needed > picture_bytes:
        raise ValueError(
            f"the {frames} frames of camera {camera!r} take {needed / 2**30:.1f} GiB at {shape[1]}x{shape[0]} pixels, "
            f"more than {picture_bytes / 2**30:.1f}; give a smaller size, fewer episodes, or train on state"
        )
    stored = torch.empty((frames, *shape), dtype=torch.uint8, device=device)
    filled = 0
    for _id, pictures in dataset.each_episode_frames(camera, ids=list(ids)):
        rows = small(torch.tensor(np.asarray(pictures)), size)
        stored[filled : filled + len(rows)] = rows.to(device)
        filled += len(rows)
    if filled != frames:
        raise ValueError(f"camera {camera!r} gave {filled} frames where the episodes have {frames}; check the data set")
    return stored


@dataclass(frozen=True, eq=False)
class Windows:
    """For every action, the rows around it: `action[index]` are the windows, `mask` is False where they are padded."""

    index: Int64[Tensor, "n w"]
    mask: Bool[Tensor, "n w"]


def windows(lengths: Int64[Tensor, " e"], horizon: int, before: int = 0) -> Windows:
    """Rows t - before ... t + horizon - 1 of the same episode; past its ends the first or last action repeats."""
    if horizon < 1 or before < 0:
        raise ValueError(f"a window of {before} actions before and {horizon} after; give before >= 0 and horizon >= 1")
    first = (torch.cumsum(lengths, 0) - lengths).repeat_interleave(lengths)[:, None]
    last = (torch.cumsum(lengths, 0) - 1).repeat_interleave(lengths)[:, None]
    wanted = torch.arange(int(lengths.sum()))[:, None] + torch.arange(-before, horizon)
    return Windows(torch.clamp(wanted, first, last), (wanted >= first) & (wanted <= last))


class Sampler:
    """Which rows make the batch of a step: uniform with replacement, a pure function of (seed, step)."""

    def __init__(self, rows: int, batch: int, seed: int, device: torch.device | str = "cpu") -> None:
        if rows < 1 or batch < 1:
            raise ValueError(f"cannot draw batches of {batch} from {rows} rows")
        self.rows, self.batch, self.seed, self.device = rows, batch, seed, device
        self._number, self._block = -1, torch.empty(0)

    def at(self, step: int) -> Int64[Tensor, " b"]:
        """The rows of step 0, 1, ..."""
        number, offset = divmod(step, BLOCK)
        if number != self._number:
            (state,) = np.random.SeedSequence([self.seed, number]).generate_state(1, np.uint64)
            generator = torch.Generator().manual_seed(int(state >> np.uint64(1)))
            drawn = torch.randint(self.rows, (BLOCK, self.batch), generator=generator)
            self._number, self._block = number, drawn.to(self.device)
        return self._block[offset]
