"""The command that records a person's demonstrations on a robot."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from embodied.arguments import shown


@dataclass
class Record:
    """Record demonstrations on the robot that a file describes: moved by hand (freedrive), or by keys.

    Enter begins and ends an episode, x discards it, q ends the session; from a pipe, lines start, end, discard, quit.
    Exit code 130 or 143 where a person or a signal stopped it, 1 after a fault.
    """

    robot: Path
    """A robot file; `embodied robots --example ur` prints one."""
    out: Path
    """A data set that the episodes are appended to; begun if there is none."""
    task: str = ""
    """What is shown, in a sentence; a simulated world has its own."""
    by: Literal["freedrive", "keyboard"] = "freedrive"
    """freedrive: a person moves the arm by hand; keyboard: keys move its tool, within its limits."""
    episodes: int | None = None
    """So many more; until you quit where it is not given."""
    seconds: float = 60.0
    """The longest episode, in recorded time."""
    hz: float | None = None
    """Frames a second; where it is not given, as the robot file says. Policies run at the rate they were shown."""
    real: bool = False
    """Needed for a real arm, whose id is then asked for."""
    json: bool = False
    """Print the result as JSON."""

    def __call__(self) -> dict[str, Any]:
        import sys

        from embodied import plugins

        config = plugins.load("real_robot.record:RecordConfig")(
            self.robot, self.out, self.task, self.by, self.episodes, self.seconds, self.hz, self.real
        )
        with shown(self.json or self.episodes is None, "episodes") as progress:
            return plugins.load("real_robot.record:record")(
                config, tell=lambda text: print(text, file=sys.stderr, flush=True), progress=progress
            )
