"""What an environment measures besides progress and success: declared by name, summed up, estimated over episodes.

An environment says it in the metadata of its class,

    metadata = {"measures": {"force": "mean", "snag": "ever"}, "units": {"force": "N"}, "limits": {"force": 15.0}}

and every info of it then holds a number or a truth under each name, that of a reset included. As with the best
progress, what is summed up is what follows the actions, not the start.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from statistics import fmean
from typing import Any, Self

import numpy as np

from embodied.plugins import find, unknown
from embodied.records import EpisodeRecord, column
from embodied.statistics import bootstrap, paired_difference, wilson

SUMMARIES: dict[str, Callable[[Sequence[float]], float]] = {
    "last": lambda values: values[-1],
    "max": max,
    "ever": lambda values: float(any(values)),
    "mean": fmean,
}
"""How the values of an episode become one; "ever" is for what is true or not."""

IN_WORDS = {"last": "at the end", "max": "highest", "ever": "ever", "mean": "on average"}


@dataclass(frozen=True)
class Measures:
    """How each measure is summed up, by name; the units and limits of those that have one."""

    summaries: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, how in self.summaries.items():
            if how not in SUMMARIES:
                raise ValueError(f"measure {name!r}: {unknown('summary', how, SUMMARIES)}")
            if name in {one.name for one in fields(EpisodeRecord)}:
                raise ValueError(f"measure {name!r} has a name that every record has; rename it")
        for name, limit in self.limits.items():
            find(self.summaries, name, "measure")
            if not np.isfinite(limit):
                raise ValueError(f"the limit of {name!r} is {limit}; leave it out where there is none")

    @classmethod
    def of(cls, metadata: Mapping[str, Any]) -> Self:
        """As an environment's metadata declare them, or the header of a file of records."""
        summaries = metadata.get("measures", {})
        if not isinstance(summaries, Mapping):
            raise ValueError(f"measures are {summaries!r}, wanted a table of names and summaries")
        units = {name: unit for name, unit in metadata.get("units", {}).items() if name in summaries}
        return cls(summaries, units, metadata.get("limits", {}))

    @property
    def header(self) -> dict[str, Any]:
        """What a file of records says of them: nothing where nothing is measured."""
        return {"measures": dict(self.summaries), "units": dict(self.units)} if self.summaries else {}

    def read(self, info: Mapping[str, Any], where: str) -> dict[str, float]:
        """The values in one info; ValueError names the measure that is missing or no finite number, and `where`."""
        for name in self.summaries:
            if name not in info:
                raise ValueError(
                    f"info lacks the measure {name!r} at {where}; name it in every info, or take it out of the "
                    "environment's metadata['measures']"
                )
            value = np.asarray(info[name])
            if value.ndim or value.dtype.kind not in "biuf" or not np.isfinite(value):
                raise ValueError(f"the measure {name!r} is {info[name]} at {where}; wanted a finite number or a truth")
        return {name: float(info[name]) for name in self.summaries}

    def summed(self, values: Sequence[Mapping[str, float]]) -> dict[str, float]:
        """One number per measure from the values after each action."""
        return {name: float(SUMMARIES[how]([one[name] for one in values])) for name, how in self.summaries.items()}


def estimates(
    rows: Sequence[EpisodeRecord], measures: Measures, own: Sequence[EpisodeRecord] | None = None
) -> dict[str, dict[str, Any]]:
    """Every measure over episodes, as plain data, with 95 % intervals.

    What is "ever" so has its 'share' (Wilson); a number has its 'mean' (bootstrap) and 'p95', the 95th percentile of
    these episodes. With `own`, the records of the same starts by another policy, 'own_minus_this' is the paired
    difference of the means or shares.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, how in measures.summaries.items():
        values = column(rows, name)
        about: dict[str, Any] = {"how": how}
        if name in measures.units:
            about["unit"] = measures.units[name]
        if how == "ever":
            about["share"] = asdict(wilson(int(values.sum()), len(values)))
        else:
            about["mean"] = asdict(bootstrap(values, np.random.default_rng(0)))
            about["p95"] = float(np.quantile(values, 0.95))
        if own is not None:
            difference = paired_difference(column(own, name)[None], values[None], np.random.default_rng(0))
            about["own_minus_this"] = asdict(difference)
        found[name] = about
    return found
