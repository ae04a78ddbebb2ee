"""The demo's policy leaves the simulator: the same bits through `sim`, then a simulated UR, its data, and training on.

    make demo && python benchmarks/deployed.py --policy runs/demo/arms/... [--lerobot .interop/lerobot/bin/python]

Without limits, the policy through `sim` must record what it does in the environment itself, to the bit. With them, it
drives a simulated UR5e through the vendor's client, while a twin of the table follows the tool; what that wrote is
loaded by the real LeRobotDataset (where its Python is given), and behaviour cloning goes on from it.
"""

import json
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tyro

from embodied.batches import CONSTANT
from embodied.collecting import make, rollout
from embodied.dataset import load_dataset
from embodied.steps import train
from policies import load
from real_robot import evidence
from real_robot.deploy import DeployConfig, deploy
from real_robot.description import load as robot_of
from real_robot.rehearsal import Rehearsal

ENV, SEED, HOST = "envs:embodied/PutBlockInBowl-v0", 700_000_000, "127.77.1.1"
SIM = 'id = "simulated"\nkind = "sim"\n[world]\nenv = "{env}"\noptions = {{ cameras = ["front"] }}\n'
UR = """
id = "ur5e-rehearsed"
kind = "ur"
model = "ur5e"
host = "{host}"
tool = {{ xyz = [0.0, 0.0, 0.16] }}
workspace = {{ low = [-0.75, -0.45, 0.02], high = [-0.25, 0.35, 0.60] }}
[world]
env = "{env}"
options = {{ cameras = ["front"] }}
frame = {{ xyz = [0.0, -0.1, 0.02], rotation = [0.0, 0.0, 3.14159265] }}
"""
LEROBOT = """
import json, sys
from importlib.metadata import version
import numpy as np
from lerobot.datasets.lerobot_dataset import LeRobotDataset
data = LeRobotDataset("local/set", root=sys.argv[1], video_backend="pyav")
rows = [data[i] for i in range(len(data))]
actions = np.stack([row["action"].numpy() for row in rows])
print(json.dumps({"lerobot": version("lerobot"), "episodes": data.num_episodes, "frames": len(data),
                  "keys": sorted(rows[0]), "action sum": float(actions.sum(dtype=np.float64))}))
"""


@dataclass(frozen=True)
class Options:
    """What is driven."""

    policy: Path
    episodes: int = 3
    lerobot: Path | None = None
    out: Path = Path("benchmarks/results/deployed.json")


def same_bits(policy: Path, place: Path) -> dict[str, Any]:
    """One episode through `sim` without limits beside the environment itself."""
    (place / "sim.toml").write_text(SIM.format(env=ENV))
    deploy(DeployConfig(place / "sim.toml", policy, place / "sim", start=SEED, limits=False, person=False))
    (one,) = load_dataset(place / "sim")
    chosen, left = load(policy), list[np.ndarray]()

    def act(obs: Any, info: Any) -> np.ndarray:
        if not left:
            left.extend(chosen.act({name: obs[name][None] for name in chosen.spec.obs})[0])
        return left.pop(0)

    env = make(ENV, {"cameras": ["front"]})
    chosen.reset("")
    other = rollout(env, act, SEED)
    env.close()
    same = {name: bool(np.array_equal(one.obs[name], other.obs[name])) for name in other.obs}
    return {"steps": len(other.action), "actions": bool(np.array_equal(one.action, other.action)), **same}


def on_the_arm(policy: Path, place: Path, episodes: int) -> dict[str, Any]:
    """Episodes on the simulated UR, and what its controller's journal says of the limits."""
    file = place / "ur.toml"
    file.write_text(UR.format(env=ENV, host=HOST))
    with Rehearsal("ur", place / "journal", host=HOST) as rehearsal:
        begun = time.monotonic()
        found = deploy(DeployConfig(file, policy, place / "arm", episodes, start=SEED, person=False))
        seconds = time.monotonic() - begun
    kept = evidence.limits_kept(rehearsal.seen(), robot_of(file))
    data = load_dataset(place / "arm")
    return {
        "exit": found["exit"], "episodes": len(data), "steps": int(data.lengths.sum()), "seconds": round(seconds, 1),
        "success": [bool(each.extra["success"][-1]) for each in data],
        "largest joint speed [rad/s]": round(float(np.abs(rehearsal.seen().group("qd")).max()), 3),
        "limits broken": {name: each.violations for name, each in kept.items() if each.violations},
        "largest drift of the twin [m]": round(float(max(each.extra["drift"].max() for each in data)), 4),
    }  # fmt: skip


def main(options: Options) -> None:
    """All of it, in a temporary folder; exit status 1 where something is not as promised."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        found: dict[str, Any] = {"same bits": same_bits(options.policy, place)}
        found["on the arm"] = on_the_arm(options.policy, place, options.episodes)
        data = load_dataset(place / "arm")
        if options.lerobot:
            told = subprocess.run(
                [options.lerobot, "-c", LEROBOT, place / "arm"], check=True, capture_output=True, text=True
            )  # fmt: skip
            read = json.loads(told.stdout.strip().splitlines()[-1])
            wanted = float(
                sum(each.action.sum(dtype=np.float64) + each.action[-1].sum(dtype=np.float64) for each in data)
            )
            same = abs(read.pop("action sum") - wanted) < 1e-3
            found["lerobot"] = {**read, "as written": same}
        train(data, place / "on", policy="bc", reward=CONSTANT, config={"steps": 300, "log_every": 100})
        losses = [json.loads(line)["loss"] for line in (place / "on" / "metrics.jsonl").read_text().splitlines()]
        found["training on"] = {"policy": "bc", "updates": 300, "loss": [round(x, 3) for x in losses]}
    text = json.dumps(found, indent=1)
    options.out.write_text(text + "\n")
    print(text)
    fine = all(v for k, v in found["same bits"].items() if k != "steps") and found["on the arm"]["exit"] == 0
    raise SystemExit(0 if fine and not found["on the arm"]["limits broken"] else 1)


if __name__ == "__main__":
    main(tyro.cli(Options))
