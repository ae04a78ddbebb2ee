"""Rollouts of a policy over many seeds: one record per episode, the same whatever batch it ran in.

Environments step in lock step so that the policy sees one batch; a chunk of h actions is executed fully before the
next is asked for. Episodes of one batch that carry different tasks run one task after the other, because a policy is
reset to a single task. A finished episode keeps its row in the batch, so that a policy with a memory keeps its rows.
"""

import importlib
import inspect
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float32, UInt8

from embodied.measures import Measures
from embodied.records import EpisodeRecord, RecordFile
from embodied.spec import Spec
from embodied.types import Policy
from embodied.video import Video, encode

LONGEST = 100_000


def evaluate(
    policy: Policy,
    env_id: str,
    seeds: Iterable[int],
    *,
    out: Path | None = None,
    env_kwargs: Mapping[str, Any] | None = None,
    task: str | None = None,
    batch: int = 10,
    horizon: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    identity: str = "",
) -> list[EpisodeRecord]:
    """One record per seed, in the order of `seeds`.

    `task` None takes the task that the environment names in its info. With `out`, every episode is appended to that
    JSON Lines file as it ends and what the file holds is not run again; a file of another policy, environment, task
    or horizon is refused. `identity` names the policy there (a hash of its weights); without it, its answers to
    made-up observations do, if it is deterministic. `progress` is called with (episodes done, episodes in all).

    Raises ValueError if the policy cannot drive the environment, or acts in a wrong shape or not finitely, or if info
    lacks a measure that the environment declares.
    """
    wanted = _distinct(seeds)
    if batch < 1:
        raise ValueError(f"batch is {batch}; run at least one environment")
    if horizon is not None and horizon < 1:
        raise ValueError(f"horizon is {horizon}; an episode has at least one step")
    kwargs = {**_cameras(policy, env_id), **(env_kwargs or {})}
    measures = measures_of(env_id, kwargs)
    with ExitStack() as stack:
        file = None
        done: dict[int, EpisodeRecord] = {}
        if out is not None:
            about = {"env": env_id, "env_kwargs": kwargs, "task": task, "horizon": horizon, **measures.header}
            file = stack.enter_context(RecordFile(Path(out), about, _identity(policy, task, identity)))
            done = {seed: record for seed, record in file.records.items() if seed in set(wanted)}
        left = [seed for seed in wanted if seed not in done]
        envs = [stack.enter_context(_open(env_id, kwargs)) for _ in range(min(batch, len(left)))]
        if envs:
            check_drivable(policy, envs[0])
        for start in range(0, len(left), max(1, len(envs))):
            for record in _episodes(policy, envs, left[start : start + batch], task, horizon, measures):
                done[record.seed] = record
                if file is not None:
                    file.append(record)
                if progress is not None:
                    progress(len(done), len(wanted))
    return [done[seed] for seed in wanted]


@dataclass(frozen=True, eq=False)
class Film:
    """One filmed episode: its record, its video, and a picture and an info per frame, one more than it has steps."""

    record: EpisodeRecord
    video: Video
    frames: UInt8[np.ndarray, "frames h w 3"]
    infos: Sequence[Mapping[str, Any]]


def record_video(
    policy: Policy,
    env_id: str,
    seed: int,
    path: Path | None = None,
    *,
    env_kwargs: Mapping[str, Any] | None = None,
    task: str | None = None,
    horizon: int | None = None,
    camera: str | None = None,
) -> Film:
    """One episode as it was seen; its video is also written to `path` if given.

    Frames are the observation `camera`; without it what the environment renders, or else its first camera.
    """
    kwargs = {**(env_kwargs or {})}
    if camera is None:
        kwargs = {**_cameras(policy, env_id), **_rendering(env_id), **kwargs}
    elif _accepts(env_id, "cameras"):
        kwargs.setdefault("cameras", tuple(dict.fromkeys((camera, *policy.spec.cameras))))
    frames: list[np.ndarray] = []
    infos: list[Mapping[str, Any]] = []
    with _open(env_id, kwargs) as env:
        offered = check_drivable(policy, env)
        source = camera or (None if env.render_mode == "rgb_array" else next(iter(offered.cameras), None))
        if source is None and env.render_mode != "rgb_array":
            raise ValueError(
                f"environment {env_id!r} renders nothing; it needs the render mode 'rgb_array' or a camera"
            )
        if source is not None and source not in offered.cameras:
            raise ValueError(f"no camera {source!r}; environment {env_id!r} offers {list(offered.cameras)}")

        def watch(row: "_Row") -> None:
            picture = row.env.render() if source is None else row.obs[source]
            frames.append(np.array(picture, np.uint8)[..., :3])
            infos.append(dict(row.info))

        (record,) = _episodes(policy, [env], [seed], task, horizon, measures_of(env_id, kwargs), watch=watch)
    pictures = np.stack(frames)
    video = encode(pictures, offered.hz)
    if path is not None:
        Path(path).write_bytes(video.data)
    return Film(record, video, pictures, infos)


def measures_of(env_id: str, env_kwargs: Mapping[str, Any] | None = None) -> Measures:
    """What an environment measures besides progress and success, as the metadata of its class declare it."""
    creator = _creator(env_id)
    if isinstance(creator, type):
        return Measures.of(getattr(creator, "metadata", {}))
    with _open(env_id, env_kwargs or {}) as env:
        return Measures.of(env.metadata)


def environment_spec(env: Any, hz: float) -> Spec:
    """What an environment offers; its rate is metadata['render_fps'], or `hz` if it names none."""
    return Spec.from_space(env.observation_space, env.action_space, float(env.metadata.get("render_fps") or hz))


def check_drivable(policy: Policy, env: Any) -> Spec:
    """What the environment offers, once it is known that the policy can drive it."""
    offered = environment_spec(env, policy.spec.hz)
    if found := policy.spec.differences(offered):
        raise ValueError(f"this policy cannot drive this environment: {'; '.join(found)}")
    return offered


@dataclass(eq=False)
class _Row:
    """One running episode of the batch."""

    env: Any
    seed: int
    task: str
    obs: dict[str, np.ndarray]
    info: Mapping[str, Any]
    measures: Measures
    steps: int = 0
    returned: float = 0.0
    seconds: float = 0.0
    success: list[bool] = field(default_factory=list)
    progress: list[float] = field(default_factory=list)
    measured: list[dict[str, float]] = field(default_factory=list)
    done: bool = False

    @classmethod
    def start(cls, env: Any, seed: int, task: str | None, measures: Measures) -> "_Row":
        began = time.perf_counter()
        obs, info = env.reset(seed=seed)
        named = str(info.get("task", "")) if task is None else task
        measures.read(info, f"the reset of seed {seed}")
        return cls(env, seed, named, _named(obs), info, measures, seconds=time.perf_counter() - began)

    def step(self, action: Float32[np.ndarray, " a"], horizon: int | None) -> None:
        began = time.perf_counter()
        obs, reward, terminated, truncated, info = self.env.step(action.astype(self.env.action_space.dtype))
        self.obs, self.info = _named(obs), info
        self.steps += 1
        self.returned += float(reward)
        if "success" in info or "is_success" in info:
            self.success.append(bool(info["success"] if "success" in info else info["is_success"]))
        self.progress.append(float(info.get("progress", self.returned)))
        self.measured.append(self.measures.read(info, f"step {self.steps} of seed {self.seed}"))
        self.done = bool(terminated or truncated or self.steps == horizon)
        self.seconds += time.perf_counter() - began
        if not self.done and self.steps == LONGEST:
            raise ValueError(f"the episode of seed {self.seed} did not end within {LONGEST} steps; give a horizon")

    def record(self) -> EpisodeRecord:
        return EpisodeRecord(
            seed=self.seed,
            success=self.success[-1] if self.success else None,
            success_ever=any(self.success) if self.success else None,
            progress=self.progress[-1],
            progress_max=max(self.progress),
            steps=self.steps,
            return_=self.returned,
            task=self.task,
            seconds=self.seconds,
            measures=self.measures.summed(self.measured),
        )


def _episodes(
    policy: Policy,
    envs: Sequence[Any],
    seeds: Sequence[int],
    task: str | None,
    horizon: int | None,
    measures: Measures,
    *,
    watch: Callable[[_Row], None] | None = None,
) -> Iterator[EpisodeRecord]:
    """The records of up to len(envs) seeds, as the episodes end."""
    rows = [_Row.start(env, seed, task, measures) for env, seed in zip(envs, seeds, strict=False)]
    for name in dict.fromkeys(row.task for row in rows):
        policy.reset(name)
        yield from _lock_step(policy, [row for row in rows if row.task == name], horizon, watch)


def _lock_step(
    policy: Policy, rows: Sequence[_Row], horizon: int | None, watch: Callable[[_Row], None] | None
) -> Iterator[EpisodeRecord]:
    if watch is not None:
        for row in rows:
            watch(row)
    while not all(row.done for row in rows):
        began = time.perf_counter()
        chunk = _act(policy, rows)
        share = (time.perf_counter() - began) / len(rows)
        for row in rows:
            row.seconds += 0.0 if row.done else share
        for step in range(chunk.shape[1]):
            for row, action in zip(rows, chunk[:, step], strict=True):
                if row.done:
                    continue
                row.step(action, horizon)
                if watch is not None:
                    watch(row)
                if row.done:
                    yield row.record()


def _act(policy: Policy, rows: Sequence[_Row]) -> Float32[np.ndarray, "n h a"]:
    """The next chunk of every row, within the bounds of the policy's actions."""
    spec = policy.spec
    obs = {name: np.stack([np.asarray(row.obs[name], spec.obs[name].dtype) for row in rows]) for name in spec.obs}
    chunk = np.asarray(policy.act(obs), np.float32)
    if chunk.ndim != 3 or chunk.shape[::2] != (len(rows), *spec.action.shape) or chunk.shape[1] == 0:
        wanted = f"({len(rows)}, h, {spec.action.shape[0]})"
        raise ValueError(f"the policy gave actions of shape {chunk.shape}, wanted {wanted}: a chunk for every row")
    if not np.isfinite(chunk).all():
        row = rows[int(np.argwhere(~np.isfinite(chunk))[0, 0])]
        raise ValueError(f"the policy gave a NaN or infinite action at step {row.steps} of seed {row.seed}")
    return np.clip(chunk, spec.action.low, spec.action.high).astype(np.float32)


def _identity(policy: Policy, task: str | None, identity: str) -> dict[str, Any]:
    """Who the policy is: its name and spec, and `identity` or what it answers to made-up observations."""
    about: dict[str, Any] = {"class": type(policy).__name__, "spec": policy.spec.to_json(), "identity": identity}
    if identity:
        return about
    rng = np.random.default_rng(0)
    made_up = [policy.spec.generate(rng) for _ in range(3)]
    obs = {name: np.stack([one[name] for one in made_up]) for name in policy.spec.obs}
    answers = []
    for _ in range(2):
        policy.reset(task or "")
        answers.append(np.asarray(policy.act(obs), np.float64))
    deterministic = np.allclose(*answers, rtol=1e-4, atol=1e-5)
    return {**about, "answers": answers[0].ravel().tolist() if deterministic else []}


def _open(env_id: str, kwargs: Mapping[str, Any]) -> Any:
    """An environment that closes at the end of a `with` block."""
    import gymnasium

    return gymnasium.make(env_id, disable_env_checker=True, **kwargs)


def _named(obs: Any) -> dict[str, np.ndarray]:
    return dict(obs) if isinstance(obs, Mapping) else {"state": obs}


def _distinct(seeds: Iterable[int]) -> list[int]:
    wanted = [int(seed) for seed in seeds]
    if len(set(wanted)) != len(wanted):
        twice = next(seed for seed in wanted if wanted.count(seed) > 1)
        raise ValueError(f"seed {twice} is given twice; an episode counts once")
    return wanted


def _cameras(policy: Policy, env_id: str) -> dict[str, Any]:
    """Only the cameras that the policy looks at, if the environment lets one choose."""
    return {"cameras": policy.spec.cameras} if _accepts(env_id, "cameras") else {}


def _rendering(env_id: str) -> dict[str, Any]:
    modes = getattr(_creator(env_id), "metadata", {}).get("render_modes", ())
    return {"render_mode": "rgb_array"} if "rgb_array" in modes else {}


def _accepts(env_id: str, keyword: str) -> bool:
    return keyword in inspect.signature(_creator(env_id)).parameters


def _creator(env_id: str) -> Callable[..., Any]:
    """The class or function behind an environment id, which may be prefixed with the module that registers it."""
    import gymnasium
    from gymnasium.envs.registration import load_env_creator

    module, _, name = env_id.rpartition(":")
    if module:
        importlib.import_module(module)
    entry = gymnasium.spec(name).entry_point
    if entry is None:
        raise ValueError(f"environment {env_id!r} has no entry point; register it with one")
    return load_env_creator(entry) if isinstance(entry, str) else entry
