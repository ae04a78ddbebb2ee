"""How much of the held-out wordings the grammar planner reads as they are meant, on symbolic scenes. Writes results.

    python benchmarks/wordings.py

Every held-out template of every long task in several scenes. A goal counts as right when the moves that reach it reach
the task's own goal; of hidden objects, taking the sentence for a search counts.
"""

import json
from collections import Counter
from pathlib import Path

import tyro

from embodied.config import commit
from embodied.goals import Goal
from embodied.plans import Unreachable, plan
from embodied.plugins import load
from envs import LONG_TASKS
from envs.tabletop.brief import Brief, templates
from policies.lexicon import OutOfScope
from policies.meaning import understand

RESULT = Path(__file__).parent / "results" / "wordings.json"


def read(brief: Brief) -> str:
    """right, wrong or refused."""
    try:
        goal = understand(brief.sentence, brief.view.without(brief.hidden))
        if not isinstance(goal, Goal):
            return "right" if brief.hidden else "wrong"
        view = brief.view
        for move in plan(goal, view):
            view = move.done(view)
    except OutOfScope:
        return "refused"
    except Unreachable:
        return "wrong"
    return "right" if brief.goal.holds(view) else "wrong"


def main(scenes: int = 3, out: Path = RESULT) -> None:
    """Read everything, print and write the counts per task."""
    found = {}
    for name, target in LONG_TASKS.items():
        forms = [{name: {"held-out": [form]}} for form in templates(name)["held-out"]]
        briefs = (load(target).brief("held-out-wording", seed, form) for form in forms for seed in range(scenes))
        found[name] = Counter(map(read, briefs))
    paper = sum((found[name] for name, target in LONG_TASKS.items() if load(target).paper), Counter())
    report = {
        "project": commit(),
        "scenes": scenes,
        "all": sum(found.values(), Counter()),
        "paper": paper,
        "tasks": found,
    }
    out.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps({key: report[key] for key in ("all", "paper")}))


if __name__ == "__main__":
    tyro.cli(main)
