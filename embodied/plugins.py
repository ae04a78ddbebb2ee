"""Plug-ins are lines in a table, loaded when asked for; a missing extra hurts only whoever wants it."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any, TypeVar

Entry = TypeVar("Entry")

EXTRAS = {
    "pybullet": "sim",
    "mujoco": "dressing",
    "d3rlpy": "offline",
    "openai": "vlm",
    "accelerate": "local",
    "transformers": "local",
    "open_clip": "clip",
    "prompt_toolkit": "terminal",
    "textual_image": "terminal",
    "h5py": "interop",
    "rtde_control": "ur",
    "rtde_receive": "ur",
    "xarm": "xarm",
    "franky": "franka",
    "franky_sim": "rehearse",
    "cv2": "cameras",
    "pyrealsense2": "realsense",
}
"""Libraries that are optional, and the extra that brings each."""


class Unknown(KeyError, ValueError):
    """A name that is in no table; the message says which was probably meant, or which there are."""

    def __str__(self) -> str:
        return str(self.args[0])


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """The choice that was probably meant, if one is close."""
    there = {str(choice).lower(): str(choice) for choice in choices}
    close = get_close_matches(str(name).lower(), list(there), n=1)
    return there[close[0]] if close else None


def unknown(kind: str, name: str, choices: Iterable[str]) -> Unknown:
    """The error for a name that is not there."""
    there = sorted(str(choice) for choice in choices)
    close = nearest(name, there)
    if close is not None:
        return Unknown(f"no {kind} {name!r}; did you mean {close!r}?")
    return Unknown(f"no {kind} {name!r}; there are {', '.join(map(repr, there)) or 'none'}")


def find(table: Mapping[str, Entry], name: str, kind: str) -> Entry:
    """The entry of that name; Unknown says which was probably meant."""
    if name not in table:
        raise unknown(kind, name, table)
    return table[name]


def load(target: str) -> Any:
    """The object that 'package.module:name' stands for; names the extra to install where a library is missing."""
    module, _, name = target.partition(":")
    try:
        return getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        extra = EXTRAS.get((error.name or "").partition(".")[0])
        if extra is None:
            raise
        raise ModuleNotFoundError(
            f"{target} needs {error.name}, which is not installed: pip install 'embodied-feedback[{extra}]'",
            name=error.name,
        ) from error


def plugin(table: str, name: str, kind: str) -> Any:
    """What line `name` of the table 'package:TABLE' stands for, imported."""
    return load(find(load(table), name, kind))
