"""Making a labeler by its name in the table."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from embodied.feedback import Labeler
from rewards import LABELERS


def make(name: str, dataset: Any, **options: Any) -> Labeler:
    """The labeler `name` for a data set, e.g. `make("noisy", dataset, preset="rope", seed=1)`.

    Raises KeyError for an unknown name, ValueError for options the labeler does not take or accept.
    """
    module, _, function = look_up("labeler", name, LABELERS).partition(":")
    return getattr(import_module(module), function)(dataset, **options)


def look_up(kind: str, name: str, table: Mapping[str, Any]) -> Any:
    """An entry of a table; KeyError that names what exists if there is none."""
    if name in table:
        return table[name]
    close = get_close_matches(name, table, 1)
    hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(sorted(table))}"
    raise KeyError(f"no {kind} {name!r}; {hint}")
