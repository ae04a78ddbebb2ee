"""Episodes of scripted behaviours, recorded: the sub-optimal, unlabelled data that the rest starts from."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from embodied import plugins
from embodied.dataset import Dataset, load_dataset
from embodied.measures import Measures
from embodied.recorder import Recorder, create_dataset, open_recorder
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode
from embodied.workers import cores, in_order

EXTRA = {"progress": ArraySpec((), "float32"), "success": ArraySpec((), "bool")}
STARTS = 1_000_000  # start seeds that one data seed may use
_opened: dict[str, Any] = {}  # one environment per worker process


@dataclass(frozen=True)
class CollectConfig:
    """Which episodes to record."""

    env: str = "envs:embodied/PutBlockInBowl-v0"
    """A gymnasium id."""
    mix: str = "mixed"
    """The named mixture of behaviours."""
    episodes: int = 400
    env_options: Mapping[str, Any] = field(default_factory=dict)
    """Passed to the environment."""

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise ValueError(f"episodes is {self.episodes}; record at least one")


@dataclass(frozen=True)
class Take:
    """One episode to record: where it starts, and who acts."""

    env: str
    options: Mapping[str, Any]
    behaviour: str
    seed: int


def behaviours(config: CollectConfig, seed: int) -> list[str]:
    """Who acts in each episode: the mixture's exact shares in an order that depends on the seed alone."""
    mix = plugins.find(plugins.load("envs:MIXES"), config.mix, "mix")
    return plugins.load("envs.behaviours:schedule")(mix, config.episodes, np.random.default_rng(seed))


def make(env: str, options: Mapping[str, Any]) -> Any:
    """A gymnasium environment by id."""
    import gymnasium

    return gymnasium.make(env, **options)


def rollout(env: Any, act: Callable[[Any, Any], np.ndarray], seed: int) -> Episode:
    """One episode from start `seed`; progress, success and measures, where there are any, are kept for every frame."""
    obs, info = env.reset(seed=seed)
    frames, actions, rewards, infos = [named(obs)], [], [], [info]
    terminated = truncated = False
    while not (terminated or truncated):
        action = np.asarray(act(frames[-1], infos[-1]), np.float32)
        obs, reward, terminated, truncated, info = env.step(action)
        frames.append(named(obs))
        actions.append(np.clip(action, env.action_space.low, env.action_space.high))
        rewards.append(reward)
        infos.append(info)
    stacked = {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
    measures = Measures.of(env.metadata)
    for step, info in enumerate(infos):
        measures.read(info, f"step {step} of seed {seed}")
    kept = extras(measures, infos[0])
    extra = {name: np.array([info[name] for info in infos], array.dtype) for name, array in kept.items()}
    return Episode(
        np.array(actions, np.float32),
        stacked,
        {"recorded": np.array(rewards, np.float32)},
        extra,
        task=str(infos[-1].get("task", "")),
        terminated=terminated,
        truncated=not terminated,
    )


def extras(measures: Measures, info: Mapping[str, Any]) -> dict[str, ArraySpec]:
    """What is recorded for every frame besides observations, given the info of a first frame."""
    found = {name: array for name, array in EXTRA.items() if name in info}
    for name in measures.summaries:
        dtype = "bool" if isinstance(info[name], bool | np.bool_) else "float32"
        found[name] = ArraySpec((), dtype, unit=measures.units.get(name, ""))
    return found


def named(obs: Any) -> dict[str, np.ndarray]:
    """Observations by name; a lone array is the 'state'."""
    return {k: np.array(v) for k, v in obs.items()} if isinstance(obs, Mapping) else {"state": np.array(obs)}


def perform(take: Take) -> Episode:
    """Record one take; the environment of the last one is used again where it can be."""
    key = repr((take.env, sorted(take.options.items())))
    if key not in _opened:
        for env in _opened.values():
            env.close()
        _opened.clear()
        _opened[key] = make(take.env, take.options)
    env = _opened[key]
    act = plugins.load("envs.behaviours:make")(take.behaviour, env, np.random.default_rng([take.seed, 1]))
    return rollout(env, act, take.seed)


def takes(config: CollectConfig, seed: int) -> list[Take]:
    """Every episode of the data set; the start seeds of two data seeds never meet."""
    return [
        Take(config.env, config.env_options, behaviour, seed * STARTS + i)
        for i, behaviour in enumerate(behaviours(config, seed))
    ]


def collect(
    config: CollectConfig,
    out: str | Path,
    *,
    seed: int = 0,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Record the episodes into `out` as a LeRobot v3.0 data set; what is there already is not recorded again."""
    path, wanted = Path(out), takes(config, seed)
    with recorder(path, config) as writer:
        todo = wanted[len(writer) :]
        spread = min(workers or cores(), max(1, len(todo) // 8))
        for episode in closing(in_order(perform, todo, spread)):
            writer.append(episode)
            if progress:
                progress(len(writer), len(wanted))
    return load_dataset(path)


def closing(episodes: Iterator[Episode]) -> Iterator[Episode]:
    """The same episodes; environments that this process opened are closed at the end."""
    try:
        yield from episodes
    finally:
        for env in _opened.values():
            env.close()
        _opened.clear()


def recorder(path: Path, config: CollectConfig) -> Recorder:
    """A recorder that continues the data set at `path`, or begins it with the environment's spec."""
    if (path / "meta" / "info.json").exists():
        return open_recorder(path)
    env = make(config.env, config.env_options)
    try:
        hz = float(env.metadata.get("render_fps", 10))
        spec = getattr(env.unwrapped, "spec_", None) or Spec.from_space(env.observation_space, env.action_space, hz)
        _, info = env.reset(seed=0)
        measures = Measures.of(env.metadata)
        measures.read(info, "the reset of seed 0")
    finally:
        env.close()
    return create_dataset(path, spec, extra=extras(measures, info), robot_type=spec.robot)
