"""Run by interop.py in an environment of its own: what the real LeRobotDataset reads and writes."""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false
# The library lives in an environment of its own.

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset

CAMERA = "observation.images.front"
DELTAS = {"observation.state": [-0.1, 0.0], "action": [0.0, 0.1, 0.2]}


def picture(tensor):
    """(C, H, W) in [0, 1] to (H, W, C) bytes."""
    return np.rint(tensor.numpy() * 255).astype(np.uint8).transpose(1, 2, 0)


def load(root, most):
    """The first frames of a data set, and the same with neighbours in time."""
    plain = LeRobotDataset("local/set", root=root, video_backend="pyav")
    windows = LeRobotDataset("local/set", root=root, video_backend="pyav", delta_timestamps=DELTAS)
    count = min(most, len(plain))
    items, wide = [plain[i] for i in range(count)], [windows[i] for i in range(count)]
    arrays: dict[str, Any] = {
        "state": np.stack([item["observation.state"].numpy() for item in items]),
        "action": np.stack([item["action"].numpy() for item in items]),
        "front": np.stack([picture(item[CAMERA]) for item in items]),
        "valid": np.array([bool(item["action_valid"]) for item in items]),
        "episode": np.array([int(item["episode_index"]) for item in items]),
        "frame": np.array([int(item["frame_index"]) for item in items]),
        "states": np.stack([item["observation.state"].numpy() for item in wide]),
        "actions": np.stack([item["action"].numpy() for item in wide]),
        "padded": np.stack([item["action_is_pad"].numpy() for item in wide]),
    }
    last = plain[len(plain) - 1]
    about = {
        "frames": len(plain),
        "episodes": plain.num_episodes,
        "tasks": [item["task"] for item in items],
        "last_task": last["task"],
        "fps": plain.fps,
        "mean": plain.meta.stats["observation.state"]["mean"].tolist(),
        "mean_shape": list(plain.meta.stats[CAMERA]["mean"].shape),
        "second_episode": len(LeRobotDataset("local/set", root=root, video_backend="pyav", episodes=[1])),
    }
    return arrays, about


def make(root, film):
    """Three episodes as LeRobot writes them; the arrays that went in, and the pictures as it reads them back."""
    rng = np.random.default_rng(1)
    features = {
        "observation.state": {"dtype": "float32", "shape": (3,), "names": None},
        "observation.environment_state": {"dtype": "float32", "shape": (2,), "names": None},
        "action": {"dtype": "float32", "shape": (2,), "names": None},
        "next.reward": {"dtype": "float32", "shape": (1,), "names": None},
        "next.done": {"dtype": "bool", "shape": (1,), "names": None},
        CAMERA: {"dtype": "video" if film else "image", "shape": (64, 80, 3), "names": ["height", "width", "channels"]},
    }
    data = LeRobotDataset.create("local/made", 10, features, root=root, use_videos=film)
    kept = {name: [] for name in ("state", "environment_state", "action", "reward", "episode")}
    for episode, frames in enumerate((6, 9, 4)):
        for frame in range(frames):
            front = np.full((64, 80, 3), 40 + 20 * frame, np.uint8)
            front[10:30, 5 * frame : 5 * frame + 20] = (200, 60 + 40 * episode, 30)
            state, around, action = (rng.random(n).astype(np.float32) for n in (3, 2, 2))
            reward = rng.random(1).astype(np.float32)
            done = np.array([frame == frames - 1 and episode == 1])
            data.add_frame(
                {
                    "observation.state": state,
                    "observation.environment_state": around,
                    "action": action,
                    "next.reward": reward,
                    "next.done": done,
                    CAMERA: front,
                    "task": f"task {episode % 2}",
                }
            )
            for name, value in zip(kept, (state, around, action, reward[0], episode), strict=True):
                kept[name].append(value)
        data.save_episode()
    data.finalize()
    again = LeRobotDataset("local/made", root=root, video_backend="pyav")
    return {name: np.stack(values) for name, values in kept.items()} | {
        "front": np.stack([picture(again[i][CAMERA]) for i in range(len(again))])
    }


def main():
    """`load OUT ROOT...` or `make OUT ROOT image|video`; arrays go to OUT, words to standard output."""
    job, out, *rest = sys.argv[1:]
    about = {"version": version("lerobot"), "python": sys.version.split()[0], "sets": {}}
    if job == "make":
        np.savez(out, allow_pickle=False, **make(Path(rest[0]), rest[1] == "video"))
    else:
        for number, root in enumerate(rest):
            arrays, about["sets"][root] = load(Path(root), 60)
            np.savez(f"{out}.{number}.npz", **arrays)
    print("RESULT " + json.dumps(about))


if __name__ == "__main__":
    main()
