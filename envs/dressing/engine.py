"""MuJoCo, of which type checkers know nothing: its names are compiled."""

from importlib import import_module
from typing import Any

try:
    mujoco: Any = import_module("mujoco")
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        "dressing needs mujoco, which is not installed: pip install 'embodied-feedback[dressing]'", name="mujoco"
    ) from error
