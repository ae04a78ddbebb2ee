"""Run by interop.py in an environment of its own: what the real Minari reads and writes."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# The library lives in an environment of its own.

import json
import sys
from importlib.metadata import version

import gymnasium
import minari
import numpy as np
from minari.data_collector import EpisodeBuffer


def load(name, out):
    """Every array of every episode."""
    data = minari.load_dataset(name)
    arrays = {}
    for episode in data.iterate_episodes():
        for key, array in episode.observations.items():
            arrays[f"{episode.id}/{key}"] = array
        arrays[f"{episode.id}/actions"], arrays[f"{episode.id}/rewards"] = episode.actions, episode.rewards
        arrays[f"{episode.id}/terminations"], arrays[f"{episode.id}/truncations"] = (
            episode.terminations,
            episode.truncations,
        )
        arrays[f"{episode.id}/progress"] = episode.infos["progress"]
    np.savez(out, **arrays)
    high = float(data.action_space.high[0])
    return {"episodes": int(data.total_episodes), "steps": int(data.total_steps), "action_high": high}


def make(name, out):
    """Two episodes as Minari writes them, pictures as JPEG; and as it reads them back."""
    rng = np.random.default_rng(2)
    box = gymnasium.spaces.Box
    space = gymnasium.spaces.Dict(
        {"robot": gymnasium.spaces.Dict({"joints": box(-9, 9, (3,))}), "front": box(0, 255, (48, 64, 3), np.uint8)}
    )
    buffers = []
    for number, steps in enumerate((5, 3)):
        front = np.repeat(np.linspace(0, 200, steps + 1).astype(np.uint8), 48 * 64 * 3).reshape(steps + 1, 48, 64, 3)
        buffers.append(
            EpisodeBuffer(
                id=None,
                observations={"robot": {"joints": rng.random((steps + 1, 3)).astype(np.float32)}, "front": front},
                actions=rng.random((steps, 2)).astype(np.float32),
                rewards=rng.random(steps).tolist(),
                terminations=[number == 1 and t == steps - 1 for t in range(steps)],
                truncations=[number == 0 and t == steps - 1 for t in range(steps)],
            )
        )
    data = minari.create_dataset_from_buffers(
        name, buffers, observation_space=space, action_space=box(-1, 1, (2,)), algorithm_name="none"
    )
    arrays = {}
    for episode in data.iterate_episodes():
        arrays[f"{episode.id}/robot.joints"] = episode.observations["robot"]["joints"]
        arrays[f"{episode.id}/front"] = episode.observations["front"]
        arrays[f"{episode.id}/actions"], arrays[f"{episode.id}/rewards"] = episode.actions, episode.rewards
    np.savez(out, **arrays)
    return {"episodes": int(data.total_episodes)}


def main():
    """`load|make NAME OUT`, under MINARI_DATASETS_PATH."""
    job, name, out = sys.argv[1:]
    about = {"load": load, "make": make}[job](name, out)
    print("RESULT " + json.dumps({"version": version("minari"), "gymnasium": gymnasium.__version__} | about))


if __name__ == "__main__":
    main()
