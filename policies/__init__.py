"""Policies: how to fit one to a reward column, and how to load one."""

from pathlib import Path
from typing import TYPE_CHECKING

from embodied import plugins

if TYPE_CHECKING:
    from embodied.types import Policy

POLICIES = {
    "iql": "policies.iql:fit",
    "bc": "policies.bc:fit",
    "filtered-bc": "policies.bc:fit_filtered",
    "diffusion": "policies.diffusion:fit",
}
"""name -> fit(dataset, reward, config, out, *, seed, device, progress) -> Policy"""

CONFIGS = {
    "iql": "policies.iql:IQLConfig",
    "bc": "policies.bc:BCConfig",
    "filtered-bc": "policies.bc:FilteredBCConfig",
    "diffusion": "policies.diffusion:DiffusionConfig",
}

KINDS = {
    "actor": "policies.actor:load",
    "diffusion": "policies.diffusion_policy:load",
    "best-of": "policies.best_of:load",
}
"""kind of a saved policy -> load(folder, device) -> Policy"""

PLANNERS = {
    "grammar": "policies.grammar:GrammarPlanner",
    "model": "policies.model_planner:ModelPlanner",
}
"""name -> a planner's class (see `embodied.pursuit.Planner`)"""

REPORTERS = {
    "truth": "policies.reporters:TruthReporter",
    "noisy": "policies.reporters:NoisyReporter",
}
"""name -> a reporter's class (see `embodied.pursuit.Reporter`)"""


def load(folder: str | Path, device: str = "cpu") -> "Policy":
    """The policy saved in a folder; it acts the same on any device. FileNotFoundError where there is none."""
    import json

    path = Path(folder) / "policy.json"
    if not path.exists():
        raise FileNotFoundError(f"no policy in {folder}: {path.name} is missing; train one into it")
    kind = json.loads(path.read_text()).get("kind")
    return plugins.load(plugins.find(KINDS, kind, "kind of policy"))(Path(folder), device)
