"""Making a labeler by its name in the table."""

from collections.abc import Mapping
from typing import Any

from embodied.config import unknown
from embodied.feedback import Labeler
from embodied.plugins import load
from rewards import LABELERS


def make(name: str, dataset: Any, **options: Any) -> Labeler:
    """The labeler `name` for a data set, e.g. `make("noisy", dataset, preset="rope", seed=1)`.

    Raises ValueError for an unknown name or options that make no sense, ModuleNotFoundError that names the extra to
    install.
    """
    return load(look_up("labeler", name, LABELERS))(dataset, **options)


def look_up(kind: str, name: str, table: Mapping[str, Any]) -> Any:
    """An entry of a table; ValueError that says what was probably meant if there is none."""
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]
