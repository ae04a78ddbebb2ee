"""The command that lets a policy drive a robot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embodied.arguments import shown


@dataclass
class Deploy:
    """Run a policy on the robot that a file describes: a simulation, an arm's rehearsal, or a real arm.

    Space, escape, q or Ctrl-C stop it. Exit code 130 or 143 where a person or a signal stopped it, 1 after a fault.
    """

    robot: Path
    """A robot file; `embodied robots --example ur` prints one."""
    policy: Path
    """Folder made by `embodied train`."""
    out: Path | None = None
    """A data set that the episodes are appended to; begun if there is none."""
    episodes: int = 1
    start: int = 700_000_000
    """The first start seed; only what is simulated has one."""
    task: str = ""
    """The sentence; the world's own where it is not given."""
    horizon: int | None = None
    """The most steps of an episode."""
    dry_run: bool = False
    """Do everything but moving: the checks, the first action, and which limits it would touch."""
    real: bool = False
    """Needed for a real arm, whose id is then asked for."""
    limits: bool = True
    """A simulation can do without; an arm never."""
    keyboard: bool = True
    """Listen to keys and words; without it only signals stop it."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        import sys

        from embodied import plugins

        config = plugins.load("real_robot.deploy:DeployConfig")(
            self.robot, self.policy, self.out, self.episodes, self.start, self.task, self.horizon, self.dry_run,
            self.real, self.limits, self.keyboard,
        )  # fmt: skip
        with shown(self.json, "episodes") as progress:
            return plugins.load("real_robot.deploy:deploy")(
                config, tell=lambda text: print(text, file=sys.stderr, flush=True), progress=progress
            )
