"""A point that should reach a goal, as a data set in memory: what a folder on disk offers, for tests of learners."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from embodied.spec import ArraySpec, Spec

HORIZON = 20
SPEED = 0.15


def spec(*, camera: int = 0, hz: float = 10.0) -> Spec:
    """Position and goal; with `camera`, a picture of so many pixels too."""
    obs = {"position": ArraySpec((2,), "float32", -1, 1, "m"), "goal": ArraySpec((2,), "float32", -1, 1, "m")}
    if camera:
        obs["front"] = ArraySpec((camera, camera, 3), "uint8")
    return Spec(obs, ArraySpec((2,), "float32", -1, 1), hz)


@dataclass(frozen=True)
class Memory:
    """As much of a data set as the learners read."""

    spec: Spec
    obs: tuple[Mapping[str, np.ndarray], ...]
    action: tuple[np.ndarray, ...]
    reward: Mapping[str, Mapping[int, np.ndarray]]
    terminated: np.ndarray
    ids: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "ids", 10 + 3 * np.arange(len(self.action)))

    @property
    def lengths(self) -> np.ndarray:
        return np.array([len(a) for a in self.action])

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.reward)

    def column(self, name: str) -> Mapping[int, np.ndarray]:
        if name not in self.reward:
            raise KeyError(f"no reward column {name!r}; there are {sorted(self.reward)}")
        return self.reward[name]

    def low_dim(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        return {name: np.concatenate([episode[name] for episode in self.obs]) for name in names}

    def actions(self) -> np.ndarray:
        return np.concatenate(self.action)

    def human(self) -> np.ndarray:
        return np.zeros(sum(map(len, self.action)), bool)

    def flags(self) -> tuple[np.ndarray, np.ndarray]:
        return self.terminated, ~self.terminated

    def each_episode_frames(self, camera: str, ids: list[int] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        for id, episode in zip(self.ids.tolist(), self.obs, strict=True):
            if ids is None or id in ids:
                yield id, episode[camera]

    def fingerprint(self) -> str:
        return f"reaching-{len(self.action)}"

    def with_column(self, name: str, values: Mapping[int, np.ndarray]) -> "Memory":
        return replace(self, reward={**self.reward, name: values})


def draw(position: np.ndarray, goal: np.ndarray, size: int) -> np.ndarray:
    """A picture with the point in red and the goal in green."""
    picture = np.zeros((size, size, 3), np.uint8)
    for channel, where in enumerate((position, goal)):
        column, row = np.clip(((where + 1) / 2 * (size - 1)).round().astype(int), 0, size - 1)
        picture[max(0, row - 1) : row + 2, max(0, column - 1) : column + 2, channel] = 255
    return picture


def closeness(position: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """1 at the goal, falling with the distance [m]."""
    return (1 - np.linalg.norm(position - goal, axis=-1)).astype(np.float32)


def reaching(episodes: int = 60, seed: int = 0, camera: int = 0) -> Memory:
    """A third heads for the goal, a third away from it, a third anywhere; reward 'recorded' is closeness."""
    rng = np.random.default_rng(seed)
    obs, actions, rewards = [], [], {}
    for number in range(episodes):
        goal = rng.uniform(-1, 1, 2)
        position = [rng.uniform(-1, 1, 2)]
        taken = []
        sign = (1.0, -1.0, 0.0)[number % 3]
        for _ in range(HORIZON):
            heading = sign * (goal - position[-1]) / SPEED + (1.0 if sign == 0 else 0.5) * rng.normal(size=2)
            taken.append(np.clip(heading, -1, 1))
            position.append(np.clip(position[-1] + SPEED * taken[-1], -1, 1))
        frames = {
            "position": np.array(position, np.float32),
            "goal": np.tile(goal.astype(np.float32), (HORIZON + 1, 1)),
        }
        if camera:
            frames["front"] = np.stack([draw(p, goal, camera) for p in position])
        obs.append(frames)
        actions.append(np.array(taken, np.float32))
        rewards[10 + 3 * number] = closeness(frames["position"][1:], frames["goal"][1:])
    return Memory(spec(camera=camera), tuple(obs), tuple(actions), {"recorded": rewards}, np.zeros(episodes, bool))


def final_distance(policy: object, seed: int = 99, starts: int = 200) -> float:
    """The mean distance [m] to the goal after an episode, over fresh starts."""
    rng = np.random.default_rng(seed)
    goal, position = rng.uniform(-1, 1, (2, starts, 2)).astype(np.float32)
    for _ in range(HORIZON):
        action = policy.act({"position": position, "goal": goal})[:, 0]  # type: ignore[attr-defined]
        position = np.clip(position + SPEED * action, -1, 1).astype(np.float32)
    return float(np.linalg.norm(position - goal, axis=1).mean())
