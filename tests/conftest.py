"""Array shapes named in annotations are checked while testing; a loaded machine's slowness is no failure."""

from hypothesis import settings
from jaxtyping import install_import_hook

settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# Not real_robot: its loops keep time, which checking every call would cost them.
hook = install_import_hook(["embodied", "rewards", "policies", "envs"], "checked.checked")

from measured_again import pytest_runtest_protocol, pytest_terminal_summary  # noqa: E402, F401 - once the hook is in
