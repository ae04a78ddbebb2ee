"""Rewards that are not fitted: whatever scores a picture against a sentence, as a reward column.

To plug in another scorer, write a class with `score` and `identity`, a configuration that inherits `ScoreConfig`, and
in its module `fit` and `load` that hand both to the functions of the same name here, as `rewards/clip.py` does; then
add its lines to `REWARDS`, `CONFIGS` and `LOADERS`. `rewards/comparing.py` makes a teacher of it.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import numpy as np
from jaxtyping import Float32, Float64, UInt8

from embodied.config import from_plain
from embodied.dataset import Dataset
from embodied.types import Episode, Preference

SCHEMA_VERSION = 1
SAMPLE = 2048  # frames, at least, on which the scale of a reward is measured


class Scorer(Protocol):
    """Anything that says how close each of an episode's frames, in their order, comes to what a sentence says."""

    @property
    def identity(self) -> str:
        """What tells it from another one of the same configuration, such as a digest of its weights."""
        ...

    def score(self, frames: UInt8[np.ndarray, "n H W C"], goal: str) -> Float64[np.ndarray, " n"]: ...


@dataclass(frozen=True)
class ScoreConfig:
    """How scores become rewards."""

    needs_labels: ClassVar[bool] = False

    camera: str = ""
    """What is judged; the data's first camera if empty."""
    goal: str = ""
    """The sentence to judge by; each episode's own if empty."""
    smooth: int = 1
    """A frame's value is the mean over so many frames from it on; 1 switches this off."""
    exponent: float = 0.0
    """Reward = exp(exponent * standardised score), standardised again; 0 leaves the score as it is."""
    terminal: bool = False
    """Reward the last action alone, by the last frame; all others get 0."""

    def __post_init__(self) -> None:
        if self.smooth < 1:
            raise ValueError(f"smooth is {self.smooth}; it counts frames, from 1 on")


Config = TypeVar("Config", bound=ScoreConfig)


class ScoreReward:
    """A scorer as `RewardFn`; `episode -> (T,)`, judged by the frame after each action, standardised over the data."""

    def __init__(self, scorer: Scorer, config: ScoreConfig, statistics: dict[str, float] | None = None) -> None:
        self.scorer, self.config = scorer, config
        self.statistics = statistics or {"mean": 0.0, "std": 1.0, "shift": 0.0, "scale": 1.0}

    def __call__(self, episode: Episode) -> Float32[np.ndarray, " T"]:
        reward = (self._rewarded(self.values(episode)) - self.statistics["shift"]) / self.statistics["scale"]
        nothing = np.zeros(len(episode) - len(reward), np.float32)
        return np.concatenate([nothing, reward]).astype(np.float32)

    def values(self, episode: Episode) -> Float32[np.ndarray, " frames"]:
        """The score of each of the T + 1 frames, on a scale of zero mean and unit deviation over the data."""
        return self._standardised(self._scores(episode))

    def calibrate(self, episodes: Iterable[Episode]) -> None:
        """Measure the score's and the reward's scale on these episodes."""
        scores = [self._scores(episode) for episode in episodes]
        every = np.concatenate(scores)
        self.statistics["mean"], self.statistics["std"] = _scale(every)
        reward = np.concatenate([self._rewarded(self._standardised(s)) for s in scores])
        self.statistics["shift"], self.statistics["scale"] = _scale(reward)

    def save(self, folder: Path, kind: str, **record: Any) -> None:
        """What `load` needs; the scorer's own weights stay where they are."""
        folder.mkdir(parents=True, exist_ok=True)
        about = {
            "schema_version": SCHEMA_VERSION,
            "kind": kind,
            "config": asdict(self.config),
            "scorer": self.scorer.identity,
            "statistics": self.statistics,
        }
        unfinished = folder / "reward.json.tmp"
        unfinished.write_text(json.dumps(about | record, indent=1))
        unfinished.rename(folder / "reward.json")

    def _scores(self, episode: Episode) -> Float64[np.ndarray, " frames"]:
        if self.config.camera not in episode.obs:
            raise ValueError(f"this reward judges {self.config.camera!r}; the episode offers {sorted(episode.obs)}")
        return self.scorer.score(episode.obs[self.config.camera], goal_of(self.config, episode.task, episode.id))

    def _standardised(self, score: Float64[np.ndarray, " frames"]) -> Float32[np.ndarray, " frames"]:
        return ((score - self.statistics["mean"]) / self.statistics["std"]).astype(np.float32)

    def _rewarded(self, value: Float32[np.ndarray, " frames"]) -> Float32[np.ndarray, " rewarded"]:
        reward = shaped(value, self.config.smooth, self.config.exponent)
        return reward[-1:] if self.config.terminal else reward


def shaped(value: Float32[np.ndarray, " frames"], smooth: int, exponent: float) -> Float32[np.ndarray, " actions"]:
    """From the values of all frames to the reward of each action, before the last standardisation.

    The mean over frames t + 1 ... t + smooth looks ahead, which is legitimate for recorded episodes only.
    """
    total = np.concatenate([[0.0], np.cumsum(value.astype(np.float64))])
    start = np.arange(1, len(value))
    stop = np.minimum(start + smooth, len(value))
    mean = (total[stop] - total[start]) / (stop - start)
    return (np.exp(exponent * mean) if exponent else mean).astype(np.float32)


def fit(
    kind: str,
    make: Callable[[Config, str], Scorer],
    dataset: Dataset,
    preferences: Sequence[Preference],
    config: Config,
    out: Path | None,
    *,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[int, int], None] | None = None,
) -> ScoreReward:
    """Measure the scale of what `make(config, device)` scores and, with `out`, save it there under the name `kind`.

    Preferences teach it nothing; if there are any, the record says how many of them it agrees with.
    """
    config = replace(config, camera=camera_of(dataset, config.camera))
    if not config.goal and not all(dataset.tasks):
        raise ValueError(f"{dataset.path} has episodes without a sentence to judge by; say one with goal")
    reward = ScoreReward(make(config, device), config)
    reward.calibrate(some_episodes(dataset, np.random.default_rng(seed)))
    agrees = agreement(reward, dataset, preferences)
    if out:
        reward.save(out, kind, held_out=agrees, preferences=len(preferences), seed=seed)
    if progress:
        progress(1, 1)
    return reward


def load(kind: str, folder: str | Path, config: type[Config], make: Callable[[Config, str], Scorer]) -> ScoreReward:
    """Read what `fit` saved; refuses other kinds and newer versions by name."""
    path = Path(folder) / "reward.json"
    if not path.exists():
        raise ValueError(
            f"{folder} holds no finished reward (no reward.json); run `embodied fit-reward --reward {kind}`"
        )
    record = json.loads(path.read_text())
    if record["kind"] != kind:
        raise ValueError(f"{path} is a reward of kind {record['kind']!r}, not {kind!r}")
    if record["schema_version"] > SCHEMA_VERSION:
        raise ValueError(f"{path} has schema version {record['schema_version']}; this program reads {SCHEMA_VERSION}")
    chosen = from_plain(config, record["config"])
    scorer = make(chosen, "auto")
    if scorer.identity != record["scorer"]:
        raise ValueError(f"the weights that {path} was measured with have been replaced by others; fit it again")
    return ScoreReward(scorer, chosen, record["statistics"])


def agreement(reward: ScoreReward, dataset: Dataset, preferences: Sequence[Preference]) -> dict[str, float]:
    """How often the reward orders the two sides of a decided preference as it was said; empty if there are none."""
    decided = [p for p in preferences if p.p_left != 0.5]
    if not decided:
        return {}
    episodes = {s.episode for p in decided for s in (p.left, p.right)}
    values = {number: reward.values(dataset.episode(number)) for number in sorted(episodes)}
    gap = [
        values[p.left.episode][p.left.start : p.left.stop].sum()
        - values[p.right.episode][p.right.start : p.right.stop].sum()
        for p in decided
    ]
    right = [0.5 if g == 0 else float((g > 0) == (p.p_left > 0.5)) for g, p in zip(gap, decided, strict=True)]
    return {"accuracy": float(np.mean(right)), "decided": len(decided), "pairs": len(preferences)}


def camera_of(dataset: Any, camera: str) -> str:
    """The camera meant; ValueError that says which there are."""
    offers = ", ".join(dataset.cameras) or "no pictures at all"
    if (camera and camera not in dataset.cameras) or not dataset.cameras:
        raise ValueError(f"no camera {camera!r} to look through; the data set has {offers}")
    return camera or dataset.cameras[0]


def goal_of(config: ScoreConfig, task: str, number: int) -> str:
    """The sentence an episode is judged by."""
    if not (config.goal or task):
        raise ValueError(f"episode {number} has no sentence to judge by; fit the reward again with goal")
    return config.goal or task


def some_episodes(dataset: Dataset, rng: np.random.Generator) -> Iterator[Episode]:
    """Random episodes that hold at least SAMPLE frames together, one in memory at a time."""
    frames = 0
    for i in rng.permutation(len(dataset)):
        yield dataset.episode(int(dataset.ids[i]))
        frames += int(dataset.lengths[i]) + 1
        if frames >= SAMPLE:
            break


def _scale(values: np.ndarray) -> tuple[float, float]:
    """Mean and deviation; what does not vary is left at zero rather than blown up."""
    mean, std = float(values.mean()), float(values.std())
    return mean, std if std > 1e-9 * max(1.0, abs(mean)) else 1.0
