"""Small episodes and data sets for tests."""

import numpy as np

from embodied.recorder import create_dataset
from embodied.spec import ArraySpec, Spec
from embodied.types import Episode

EXTRA = {"progress": ArraySpec(()), "success": ArraySpec((), "bool"), "clock": ArraySpec((), "int64", unit="ns")}


def small_spec(cameras=("front",), hz=20.0, size=(16, 16, 3)) -> Spec:
    """State, a matrix, and cameras."""
    obs = {"state": ArraySpec((5,)), "pose": ArraySpec((2, 3))}
    return Spec(obs | {name: ArraySpec(size, "uint8") for name in cameras}, ArraySpec((2,), "float32", -1, 1), hz)


def small_episode(rng, steps=6, spec=None, reward=True, task="", terminated=False) -> Episode:
    """Random in everything."""
    spec = spec or small_spec()
    obs = {n: np.stack([a.generate(rng) for _ in range(steps + 1)]) for n, a in spec.obs.items()}
    return Episode(
        action=rng.uniform(-1, 1, (steps, *spec.action.shape)).astype(np.float32),
        obs=obs,
        reward={"recorded": rng.normal(size=steps).astype(np.float32)} if reward else {},
        extra={
            "progress": rng.random(steps + 1).astype(np.float32),
            "success": rng.random(steps + 1) < 0.5,
            "clock": rng.integers(0, 2**62, steps + 1),
        },
        task=task,
        terminated=terminated,
        truncated=not terminated,
        human=rng.random(steps) < 0.3,
    )


def record(path, episodes, spec=None, **options):
    """A data set of these episodes; the path."""
    with create_dataset(path, spec or small_spec(), extra=EXTRA, **options) as recorder:
        for episode in episodes:
            recorder.append(episode)
    return path


def same(a: Episode, b: Episode, besides=()) -> bool:
    """Whether two episodes hold the same, bit for bit, whatever their ids."""
    groups = [(a.obs, b.obs), (a.extra, b.extra), (a.reward, b.reward)]
    return (
        np.array_equal(a.action, b.action)
        and np.array_equal(a.human, b.human)
        and (a.task, a.terminated, a.truncated) == (b.task, b.terminated, b.truncated)
        and all(set(x) - set(besides) == set(y) - set(besides) for x, y in groups)
        and all(
            x[name].dtype == y[name].dtype and np.array_equal(x[name], y[name])
            for x, y in groups
            for name in set(x) - set(besides)
        )
    )
