"""The command that records an expert on the long tasks."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embodied.arguments import shown


@dataclass
class Demonstrate:
    """Record an expert on the tabletop's long tasks, every step with its sentence, its facts and its fault."""

    out: Path
    """Where the data set goes; an unfinished one is continued."""
    tasks: tuple[str, ...] = ()
    """Published names; all if none is given."""
    split: str = "train"
    """train, unseen-colours, unseen-compositions, held-out-wording, hard, all-new, or several joined by +."""
    episodes: int = 10
    """Of every task."""
    drop: float = 0.0
    """Chance per second that a held block falls."""
    jitter: float = 0.0
    """How far off a block is put down [m], standard deviation."""
    workers: int | None = None
    """Processes; all cores if not given."""
    json: bool = False
    """Print the result as JSON."""

    def __call__(self) -> dict[str, Any]:
        from embodied.about import describe
        from embodied.demonstrations import DemonstrationConfig, demonstrate, failures, steps

        config = DemonstrationConfig(self.tasks, self.split, self.episodes, self.drop, self.jitter)
        with shown(self.json, "episodes") as tell:
            data = demonstrate(config, self.out, workers=self.workers, progress=tell)
        return describe(data) | {"failed steps": failures(steps(self.out))}
