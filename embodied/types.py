"""The nouns of the stack: episodes, segments of them, and what somebody said about those segments."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations
from types import MappingProxyType
from typing import Any, Protocol, Self, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float32, Shaped

from embodied.spec import Spec


def frozen(array: np.ndarray) -> np.ndarray:
    """The same values, in an array that refuses to be written to."""
    view = np.asarray(array).view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class Episode:
    """One rollout: T actions, and the T + 1 observations around them.

    `action` is what was sent. `obs` is what the robot senses; `extra` holds further per-frame records that no
    policy is given (progress, clocks, forces). `reward` has one column per way of judging: `reward[c][t]` judges
    action t by the frame after it. Truncation is never termination. `human` marks the actions a person took over.
    """

    action: Float32[np.ndarray, "T a"]
    obs: Mapping[str, Shaped[np.ndarray, "T+1 ..."]]
    reward: Mapping[str, Float32[np.ndarray, " T"]] = field(default_factory=dict)
    extra: Mapping[str, Shaped[np.ndarray, "T+1 ..."]] = field(default_factory=dict)
    task: str = ""
    terminated: bool = False
    truncated: bool = True
    human: Bool[np.ndarray, " T"] | None = None
    id: int = -1

    def __post_init__(self) -> None:
        steps = len(self.action)
        if steps == 0:
            raise ValueError(f"episode {self.id} has no action; an episode has at least one")
        if not self.obs:
            raise ValueError(f"episode {self.id} has no observation; name at least one array in obs")
        for group, arrays, wanted in (
            ("obs", self.obs, steps + 1),
            ("extra", self.extra, steps + 1),
            ("reward", self.reward, steps),
        ):
            for name, array in arrays.items():
                if len(array) != wanted:
                    raise ValueError(
                        f"episode {self.id}: {group}[{name!r}] has {len(array)} rows, wanted {wanted} "
                        f"for {steps} actions (T + 1 observations, T rewards)"
                    )
        if not np.isfinite(self.action).all():
            step = int(np.argmin(np.isfinite(self.action).all(axis=1)))
            raise ValueError(f"episode {self.id}: action at step {step} is {self.action[step]}; it must be finite")
        if self.terminated and self.truncated:
            raise ValueError(f"episode {self.id} is both terminated and truncated; truncation is never termination")
        human = np.zeros(steps, bool) if self.human is None else self.human
        if len(human) != steps:
            raise ValueError(f"episode {self.id}: human has {len(human)} rows, wanted {steps}")
        object.__setattr__(self, "action", frozen(np.asarray(self.action, np.float32)))
        object.__setattr__(self, "human", frozen(np.asarray(human, bool)))
        rewards = {name: np.asarray(column, np.float32) for name, column in self.reward.items()}
        for name, arrays in (("obs", self.obs), ("extra", self.extra), ("reward", rewards)):
            object.__setattr__(self, name, MappingProxyType({k: frozen(v) for k, v in arrays.items()}))

    def __reduce__(self) -> tuple[Any, ...]:
        """Episodes may cross to another process of this program."""
        plain = {k: dict(v) if isinstance(v, Mapping) else v for k, v in vars(self).items()}
        return _made, (plain,)

    def __len__(self) -> int:
        """T, the number of actions."""
        return len(self.action)

    def with_reward(self, name: str, column: Float32[np.ndarray, " T"]) -> Self:
        """The same episode with one more way of judging it."""
        return replace(self, reward={**self.reward, name: column})

    def human_segments(self) -> tuple["Segment", ...]:
        """The runs of frames in which a person was in control, each with the frame it ended on."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(self.human, np.int8), [0]])))
        return tuple(Segment(self.id, int(a), int(b) + 1) for a, b in zip(edges[::2], edges[1::2], strict=True))


def _made(values: dict[str, Any]) -> Episode:
    return Episode(**values)


@dataclass(frozen=True, order=True)
class Segment:
    """A half-open run of frames of one episode: a reference, so it survives relabelling."""

    episode: int
    start: int
    stop: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.stop:
            raise ValueError(f"segment [{self.start}, {self.stop}) of episode {self.episode} is empty or negative")

    def __len__(self) -> int:
        return self.stop - self.start

    def within(self, frames: int) -> Self:
        """This segment, once it is known to lie inside an episode of so many frames (T + 1)."""
        if self.stop > frames:
            raise ValueError(
                f"segment [{self.start}, {self.stop}) leaves episode {self.episode}, which has {frames} frames"
            )
        return self


def moment(episode: int, frame: int) -> Segment:
    """The segment of a single frame."""
    return Segment(episode, frame, frame + 1)


Pair = tuple[Segment, Segment]


@dataclass(frozen=True)
class Preference:
    """Someone's belief that `left` is closer to the goal than `right`; 0.5 is a tie.

    An abstention or an error is no preference and never becomes one; both stay in the feedback store.
    """

    left: Segment
    right: Segment
    p_left: float
    by: str = ""
    why: str = ""
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.p_left <= 1.0:
            raise ValueError(f"p_left is {self.p_left}; a probability lies in [0, 1]")
        if not (np.isfinite(self.weight) and self.weight >= 0):
            raise ValueError(f"weight is {self.weight}; it must be finite and not negative")

    def swapped(self) -> Self:
        """The same belief with the sides exchanged."""
        return replace(self, left=self.right, right=self.left, p_left=1.0 - self.p_left)


@dataclass(frozen=True)
class Ranking:
    """A group of segments ordered best first; equal ranks are ties."""

    segments: tuple[Segment, ...]
    rank: tuple[int, ...]
    by: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        if len(self.segments) < 2 or len(self.segments) != len(self.rank):
            raise ValueError(f"{len(self.segments)} segments with {len(self.rank)} ranks; give two or more of each")
        if list(self.rank) != sorted(self.rank):
            raise ValueError(f"ranks {self.rank} do not ascend; list the segments best first")

    def pairs(self) -> tuple[Preference, ...]:
        """Every pair of the group as a preference."""
        return tuple(
            Preference(
                self.segments[i],
                self.segments[j],
                0.5 if self.rank[i] == self.rank[j] else 1.0,
                self.by,
                self.why,
            )
            for i, j in combinations(range(len(self.segments)), 2)
        )


@dataclass(frozen=True)
class Rating:
    """Someone's absolute judgement of a segment, 0 (nothing done) to 1 (goal reached)."""

    segment: Segment
    value: float
    by: str = ""
    why: str = ""

    def __post_init__(self) -> None:
        if not 0.0 <= self.value <= 1.0:
            raise ValueError(f"rating {self.value} is outside [0, 1]")


RewardFn = Callable[[Episode], Float32[np.ndarray, " T"]]
"""Judges every action of an episode by the frame after it."""


@runtime_checkable
class Policy(Protocol):
    """Anything that acts: always batched, always a chunk (h = 1 is the plain case)."""

    @property
    def spec(self) -> Spec: ...

    def reset(self, task: str) -> None: ...

    def act(self, obs: Mapping[str, Shaped[np.ndarray, "n ..."]]) -> Float32[np.ndarray, "n h a"]: ...
