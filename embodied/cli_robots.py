"""The commands that tell what robots there are and whether one answers, and that run a simulated controller."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro

SIM_CONTROLLER = "sim-controller"


@dataclass
class Robots:
    """List kinds of robots; or check robot files, and with --connect the robots themselves. Nothing ever moves.

    Connecting may set a controller's tool, payload and collision thresholds to the file's; its checks say what was set.
    Exit codes: 0 nothing is refused; 1 something is.
    """

    files: Annotated[tuple[Path, ...], tyro.conf.Positional] = ()
    """Robot files (TOML); none to list what there is."""
    connect: bool = False
    """Open the vendor's link and the cameras, show checks and readings, and close them again."""
    seconds: float = 30.0
    """How long that may take for one robot, and again for its cameras."""
    example: str = ""
    """Print a robot file to begin with: ur, xarm, franka or sim."""
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from embodied import plugins

        if self.example:
            return self._example(plugins.load("real_robot.diagnosing:example")(self.example))
        if not self.files:
            if self.connect:
                raise ValueError("--connect needs robot files; `embodied robots --example ur` prints one")
            self._show(plugins.load("real_robot.diagnosing:told_overview")())
            return {"kinds": plugins.load("real_robot.diagnosing:overview")()}
        if not self.seconds > 0:
            raise ValueError(f"--seconds must be above 0, not {self.seconds:g}")
        diagnose, told = (plugins.load(f"real_robot.diagnosing:{name}") for name in ("diagnose", "told"))
        found = []
        for file in self.files:
            found.append(diagnose(file, connect=self.connect, seconds=self.seconds))
            self._show(told(found[-1]))
        return {"robots": found, "exit": 0 if all(each["ok"] for each in found) else 1}

    def _example(self, text: str) -> dict[str, Any]:
        if self.files or self.connect:
            raise ValueError("--example prints a file and looks at none; leave files and --connect out")
        if not self.json:
            print(text, end="")
        return {"example": text}

    def _show(self, lines: Sequence[str]) -> None:
        if not self.json:
            print("\n".join(lines), flush=True)


@dataclass
class SimController:
    """Run a simulated controller that speaks a vendor's protocol, until Ctrl-C; what follows KIND is its own.

    `embodied sim-controller ur --help` says what that is. It listens on this machine alone unless told otherwise.
    """

    kind: Annotated[str, tyro.conf.Positional]
    """ur, xarm or franka."""
    arguments: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Of that controller, such as --host, --journal and --door."""
    json: bool = False
    """Do not say how to point a robot's file at it (before KIND)."""

    def __call__(self) -> dict[str, Any]:
        from embodied import plugins

        run = plugins.plugin("real_robot.controllers:CONTROLLERS", self.kind, "simulated controller")
        if not self.json:
            for line in plugins.load("real_robot.diagnosing:pointer")(self.kind, self.arguments):
                print(line, file=sys.stderr, flush=True)
        return {"exit": run(list(self.arguments)) or 0}


def passed_on(arguments: Sequence[str]) -> list[str]:
    """The command line with "--" after the kind of a simulated controller, so that what follows reaches it whole."""
    words = list(arguments)
    if words[:1] != [SIM_CONTROLLER]:
        return words
    for i, word in enumerate(words[1:], 1):
        if not word.startswith("-"):
            return words if "--" in words[: i + 2] else [*words[: i + 1], "--", *words[i + 1 :]]
    return words
