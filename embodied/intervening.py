"""A policy acts, and a person who watches takes over where it goes wrong: what both did is recorded.

An episode's `human` marks the actions that were the person's. `rewards.takeovers` reads preferences out of them, BC
with `who person` clones them, and any learner has them among its data.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from embodied import plugins
from embodied.collecting import CollectConfig, make, recorder, rollout
from embodied.dataset import Dataset, load_dataset
from embodied.evaluation import check_drivable
from embodied.types import Episode, Policy

STARTS = 500_000_000
"""The first start, far above those of recorded behaviours and below those of evaluation."""

SENT = "sent"
"""Under this name an overseer's info has the action before, zeros at the beginning."""

Overseer = Callable[[Mapping[str, np.ndarray], Mapping[str, Any]], np.ndarray | None]
"""(obs, info) -> the person's action, or None while they let the policy act; made anew for each episode."""


@dataclass(frozen=True)
class InterveneConfig:
    """Who is watched where, by whom."""

    env: str = "envs:embodied/PutBlockInBowl-v0"
    """A gymnasium id."""
    person: str = "scripted"
    """A line of the table of overseers."""
    episodes: int = 60
    start: int = STARTS
    """The first start seed."""
    env_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.episodes < 1:
            raise ValueError(f"episodes is {self.episodes}; watch at least one")


def watched(policy: Policy, env: Any, overseer: Overseer, seed: int) -> Episode:
    """One episode of a policy under somebody's eyes. What is left of a chunk when they take over is dropped."""
    human: list[bool] = []
    waiting: list[np.ndarray] = []
    sent = np.zeros(env.action_space.shape, np.float32)

    def act(obs: Mapping[str, np.ndarray], info: Mapping[str, Any]) -> np.ndarray:
        nonlocal waiting, sent
        if not human:
            policy.reset(str(info.get("task", "")))
        theirs = overseer(obs, {**info, SENT: sent})
        if theirs is not None:
            waiting = []
        elif not waiting:
            waiting = list(policy.act({name: obs[name][None] for name in policy.spec.obs})[0])
        human.append(theirs is not None)
        sent = np.asarray(waiting.pop(0) if theirs is None else theirs, np.float32)
        return sent

    episode = rollout(env, act, seed)
    return replace(episode, human=np.array(human, bool))


def intervene(
    policy: Policy | str | Path,
    out: str | Path,
    config: InterveneConfig | None = None,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Dataset:
    """Append watched episodes to the data set `out`, which is begun if there is none; stopped and started again, it
    goes on. ValueError where the policy cannot drive the environment or `out` holds something else.

    The sidecar `interventions.jsonl` tells what was recorded: no start is watched twice of the same policy and person.
    """
    config, path = config or InterveneConfig(), Path(out)
    loaded = plugins.load("policies:load")(policy) if isinstance(policy, str | Path) else policy
    make_overseer = plugins.load(plugins.find(plugins.load("envs:OVERSEERS"), config.person, "person"))
    env = make(config.env, config.env_options)
    try:
        check_drivable(loaded, env)
        with recorder(path, CollectConfig(config.env, env_options=config.env_options)) as writer:
            done = Log(path, len(writer), identity(policy), config.person)
            for count in range(config.episodes):
                seed = config.start + count
                if seed not in done.starts:
                    with present(make_overseer(env, np.random.default_rng([seed, 2]))) as overseer:
                        episode = watched(loaded, env, overseer, seed)
                    done.note(len(writer), seed, episode)  # the words first: what counts has them
                    writer.append(episode)
                if progress:
                    progress(count + 1, config.episodes)
    finally:
        env.close()
    return load_dataset(path)


def present(overseer: Any) -> AbstractContextManager[Overseer]:
    """The overseer for one episode; one that holds a terminal lets go of it afterwards."""
    return overseer if isinstance(overseer, AbstractContextManager) else nullcontext(overseer)


def identity(policy: Policy | str | Path) -> str:
    """What tells two policies apart: a hash of the saved weights, or the name of the class."""
    if not isinstance(policy, str | Path):
        return type(policy).__name__
    return hashlib.sha256((Path(policy) / "policy.safetensors").read_bytes()).hexdigest()[:16]


class Log:
    """`interventions.jsonl` beside the episodes: a line per watched episode; lines of episodes that do not count yet
    (the recorder was killed between the two) are dropped."""

    def __init__(self, path: Path, episodes: int, policy: str, person: str) -> None:
        self.file, self.about = path / "interventions.jsonl", {"policy": policy, "person": person}
        lines = self.file.read_text(encoding="utf-8").splitlines() if self.file.exists() else []
        rows = []
        for line in lines:
            try:
                rows.append(json.loads(line))
            except ValueError:  # cut off by a kill
                break
        rows = [row for row in rows if row["episode"] < episodes]
        self.starts = {row["start"] for row in rows if self.about.items() <= row.items()}
        self.file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def note(self, number: int, start: int, episode: Episode) -> None:
        """The line of an episode that is about to be recorded."""
        runs = episode.human_segments()
        row = {"episode": number, "start": start, **self.about, "takeovers": len(runs), "steps": len(episode),
               "human_steps": sum(len(run) - 1 for run in runs)}  # fmt: skip
        with self.file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
