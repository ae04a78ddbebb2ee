"""Demonstrations of the long tasks as a LeRobot data set: every step with its sentence, its facts and its fault.

Frames hold what a learner needs; `steps.jsonl` beside them says of every action what it was for, which predicates held
before and after it, and why it failed where it did. With disturbances the expert fails, sees it and tries again.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from embodied import plugins
from embodied.dataset import Dataset, load_dataset
from embodied.plans import Move, Unreachable, plan
from embodied.recorder import Recorder, create_dataset, open_recorder
from embodied.scenery import View
from embodied.spec import ArraySpec
from embodied.types import Episode
from embodied.workers import cores, in_order

ENVIRONMENT = "envs.tabletop.rearrangement:Rearrangement"
STEPS, SETTINGS = "steps.jsonl", "demonstrations.json"
CAUSES = ("", "missed", "dropped", "wrong object", "wrong place", "toppled", "refused", "stopped")
"""Why an action failed, in the order of the numbers of the record 'cause'; 0: it went well."""

EXTRA = {
    "progress": ArraySpec((), "float32", 0, 1),
    "success": ArraySpec((), "bool"),
    "cause": ArraySpec((), "uint8", 0, len(CAUSES) - 1),
}
"""Per-frame records; `cause` stands with the frame after the action."""

_opened: dict[str, Any] = {}


@dataclass(frozen=True)
class DemonstrationConfig:
    """Which demonstrations to record: so many of every task, in its scenes 0, 1, ... of the split."""

    tasks: tuple[str, ...] = ()
    """Published names; all if none is given."""
    split: str = "train"
    episodes: int = 10
    drop: float = 0.0
    jitter: float = 0.0
    cameras: tuple[str, ...] = ("wide-top-no-robot",)
    size: int = 128
    options: dict[str, Any] = field(default_factory=dict)
    """Further arguments of the environment."""

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise ValueError(f"episodes is {self.episodes}; record at least one of every task")
        for name in self.tasks:
            plugins.find(plugins.load("envs:LONG_TASKS"), name, "task")

    @property
    def named(self) -> tuple[str, ...]:
        """The tasks, all if none was chosen."""
        return self.tasks or tuple(plugins.load("envs:LONG_TASKS"))


@dataclass(frozen=True)
class Scene:
    """One demonstration to record."""

    config: DemonstrationConfig
    task: str
    seed: int


def opened(config: DemonstrationConfig, task: str) -> Any:
    """The environment of a task; the one of the last scene is used again where it can be."""
    key = repr((task, asdict(config)))
    if key not in _opened:
        for env in _opened.values():
            env.close()
        _opened.clear()
        settings = {"split": config.split, "drop": config.drop, "jitter": config.jitter, "cameras": config.cameras,
                    "size": config.size, **config.options}  # fmt: skip
        _opened[key] = plugins.load(ENVIRONMENT)(task, **settings)
    return _opened[key]


def action(view: View, move: Move, size: int) -> Float[np.ndarray, " a"]:
    """A move as the environment's action: pick (x, y, yaw), place (x, y, yaw), and no stop."""
    block = view[move.block]
    if move.at is not None:
        x, y = move.at
    else:
        x, y = (view[move.on].position[i] + move.offset[i] for i in (0, 1))
    square = (block.yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4  # a block looks the same after a quarter turn
    chosen = np.array([*block.position[:2], square, x, y, 0.0, -1.0], np.float32)
    if size != len(chosen):
        raise ValueError(f"the environment takes actions of {size} numbers; a demonstration has {len(chosen)}")
    return chosen


def perform(scene: Scene) -> tuple[Episode, list[dict[str, Any]]]:
    """The expert's episode, and a row for each of its actions."""
    env = opened(scene.config, scene.task)
    obs, info = env.reset(seed=scene.seed)
    size = int(env.action_space.shape[0])
    frames, actions, rewards, infos, rows = [obs], [], [], [info], []
    over = terminated = False
    while not over:
        view = env.view()
        chosen, said = next_action(env, info, view, size)
        before = [str(fact) for fact in info["facts"] if fact.holds]
        obs, reward, terminated, truncated, info = env.step(chosen)
        after = [str(fact) for fact in info["facts"] if fact.holds]
        rows.append({"task": scene.task, "split": scene.config.split, "seed": scene.seed, "step": len(actions),
                     "sentence": said, "before": before, "after": after, "cause": info["cause"],
                     "detail": info["detail"], "progress": info["progress"]})  # fmt: skip
        frames.append(obs)
        actions.append(np.clip(chosen, env.action_space.low, env.action_space.high))
        rewards.append(reward)
        infos.append(info)
        over = terminated or truncated
    stacked = {name: np.stack([frame[name] for frame in frames]) for name in frames[0]}
    extra = {
        "progress": np.array([i["progress"] for i in infos], np.float32),
        "success": np.array([i["success"] for i in infos], bool),
        "cause": np.array([CAUSES.index(i["cause"]) for i in infos], np.uint8),
    }
    episode = Episode(
        np.array(actions, np.float32), stacked, {"recorded": np.array(rewards, np.float32)}, extra,
        task=infos[0]["task"], terminated=terminated, truncated=not terminated,
    )  # fmt: skip
    return episode, rows


def next_action(env: Any, info: dict[str, Any], view: View, size: int) -> tuple[Float[np.ndarray, " a"], str]:
    """What the expert does next, and in words; it stops where the goal is reached, or cannot be any more."""
    try:
        moves = () if info["success"] else plan(env.current.goal, view)
    except Unreachable as error:
        moves, why = (), f"stop: {error}"
    else:
        why = "stop: all is as it should be"
    if not moves:
        stop = np.zeros(size, np.float32)
        stop[-1] = 1.0
        low, high = env.action_space.low, env.action_space.high
        return np.clip(stop, low, high).astype(np.float32), why
    return action(view, moves[0], size), said(moves[0], view)


def said(move: Move, view: View) -> str:
    """A move as a sentence."""
    if move.at is not None:
        return f"put the {move.block} at ({move.at[0]:.3f}, {move.at[1]:.3f}) m"
    return f"put the {move.block} {'in' if view[move.on].kind == 'bowl' else 'on'} the {move.on}"


def demonstrate(
    config: DemonstrationConfig,
    out: str | Path,
    *,
    workers: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Record them into `out`; what is there already is not recorded again. `steps.jsonl` has a line per action."""
    path = Path(out)
    scenes = [Scene(config, task, seed) for seed in range(config.episodes) for task in config.named]
    with recorder(path, config) as writer:
        agreed(path, config)
        kept = written(path, len(writer))
        todo = scenes[len(writer) :]
        with (path / STEPS).open("w", encoding="utf-8") as file:
            file.writelines(kept)
            for episode, rows in closing(in_order(perform, todo, min(workers or cores(), max(1, len(todo) // 4)))):
                file.writelines(json.dumps({"episode": len(writer), **row}) + "\n" for row in rows)
                file.flush()  # the words first: an episode that counts has them
                writer.append(episode)
                if progress:
                    progress(len(writer), len(scenes))
    return load_dataset(path)


def agreed(path: Path, config: DemonstrationConfig) -> None:
    """Keep what is recorded here; ValueError where it was something else. More episodes of the same are welcome."""
    mine = {name: value for name, value in json.loads(json.dumps(asdict(config))).items() if name != "episodes"}
    file = path / SETTINGS
    if not file.exists():
        file.write_text(json.dumps(mine, indent=1) + "\n", encoding="utf-8")
    known = json.loads(file.read_text(encoding="utf-8"))
    if other := [name for name in mine if mine[name] != known.get(name)]:
        name = other[0]
        raise ValueError(
            f"{path} was recorded with {name} {known.get(name)!r}, not {mine[name]!r}; choose a new folder"
        )


def written(path: Path, episodes: int) -> list[str]:
    """Lines of the episodes that count; those of one that was cut off are dropped."""
    file = path / STEPS
    if not file.exists():
        return []
    kept = []
    for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
        if not line.endswith("\n") or json.loads(line)["episode"] >= episodes:
            break
        kept.append(line)
    return kept


def steps(data: str | Path) -> list[dict[str, Any]]:
    """The rows of a recorded data set, in order."""
    path = Path(data) / STEPS
    if not path.exists():
        raise FileNotFoundError(f"{path} is missing: {data} holds no demonstrations of long tasks")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def closing(found: Iterator[tuple[Episode, list[dict[str, Any]]]]) -> Iterator[tuple[Episode, list[dict[str, Any]]]]:
    """The same; environments that this process opened are closed at the end."""
    try:
        yield from found
    finally:
        for env in _opened.values():
            env.close()
        _opened.clear()


def recorder(path: Path, config: DemonstrationConfig) -> Recorder:
    """A recorder that continues the data set at `path`, or begins it."""
    spec = opened(config, config.named[0]).spec_
    if (path / "meta" / "info.json").exists():
        return open_recorder(path, spec)
    return create_dataset(path, spec, extra=EXTRA, robot_type=spec.robot)


def failures(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """How many actions failed, by cause."""
    count: dict[str, int] = {}
    for row in rows:
        if row["cause"]:
            count[row["cause"]] = count.get(row["cause"], 0) + 1
    return count
