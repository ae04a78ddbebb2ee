"""The vocabulary of feedback learning: types, data sets, feedback, training, and the commands over them.

Everything a command does is a call with the same name: `embodied.collect`, `embodied.demonstrate`, `embodied.label`,
`embodied.feedback_stats`, `embodied.fit_reward`, `embodied.relabel`, `embodied.train`, `embodied.evaluate`,
`embodied.run`, `embodied.report`, `embodied.info`.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embodied.about import info
    from embodied.collecting import CollectConfig, collect
    from embodied.columns import attach_columns
    from embodied.dataset import Dataset, load_dataset
    from embodied.demonstrations import DemonstrationConfig, demonstrate
    from embodied.evaluation import evaluate
    from embodied.labels import read_labels
    from embodied.machine import doctor
    from embodied.pipeline import run
    from embodied.presets import RunConfig, preset
    from embodied.recorder import create_dataset, open_recorder
    from embodied.reporting import report
    from embodied.spec import ArraySpec, Spec
    from embodied.steps import LabelConfig, feedback_stats, fit_reward, label, relabel, train
    from embodied.types import Episode, Preference, Ranking, Rating, Segment, moment

HOME = {
    "collecting": ("CollectConfig", "collect"),
    "columns": ("attach_columns",),
    "dataset": ("Dataset", "load_dataset"),
    "demonstrations": ("DemonstrationConfig", "demonstrate"),
    "machine": ("doctor",),
    "evaluation": ("evaluate",),
    "about": ("info",),
    "labels": ("read_labels",),
    "pipeline": ("run",),
    "presets": ("RunConfig", "preset"),
    "recorder": ("create_dataset", "open_recorder"),
    "reporting": ("report",),
    "spec": ("ArraySpec", "Spec"),
    "steps": ("LabelConfig", "feedback_stats", "fit_reward", "label", "relabel", "train"),
    "types": ("Episode", "Preference", "Ranking", "Rating", "Segment", "moment"),
}
"""Module -> what it gives to this package; loaded when first asked for, so that an import costs nothing."""

WHERE = {name: module for module, names in HOME.items() for name in names}


def __dir__() -> list[str]:
    return sorted({*globals(), *WHERE})


def __getattr__(name: str) -> Any:
    if name not in WHERE:
        raise AttributeError(f"module 'embodied' has no attribute {name!r}")
    value = getattr(import_module(f"embodied.{WHERE[name]}"), name)
    globals()[name] = value
    return value
