"""The command that rehearses everything that can go wrong with an arm, and writes down what happened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from embodied import plugins


@dataclass
class SafetyReport:
    """Rehearse faults, limits and stops against a simulated controller with the vendor's real client, and write the
    evidence. It is no certified safety function."""

    robot: Literal["ur", "xarm", "franka"]
    out: Path | None = None
    """Where report.html, report.json and the controller's journals go; runs/safety-ROBOT if not given."""
    quick: bool = False
    """Some five minutes instead of half an hour."""
    seed: int = 0
    json: bool = False

    def __call__(self) -> dict[str, Any]:
        from rich.console import Console

        report = plugins.load("real_robot.report:safety_report")
        effort = plugins.load("real_robot.report:QUICK" if self.quick else "real_robot.report:Effort")
        out = self.out or Path("runs") / f"safety-{self.robot}"
        tell = Console(stderr=True)
        found = report(
            self.robot, out, effort if self.quick else effort(), seed=self.seed,
            progress=lambda text: None if self.json else tell.print(text),
        )  # fmt: skip
        bad = [each["case"] for each in found["faults"] if not each["passed"]]
        bad += [name for name in ("random commands", "rates", "real time", "stops") if not found[name]["passed"]]
        told = {"failed": ", ".join(bad)} if bad else {"cases": len(found["faults"])}
        return {"passed": not bad, **told, "report": str(out / "report.html"), "exit": 1 if bad else 0}
