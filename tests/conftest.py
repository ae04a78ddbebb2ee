"""Array shapes named in annotations are checked while testing."""

from jaxtyping import install_import_hook

hook = install_import_hook(["embodied", "rewards", "policies", "envs"], "checked.checked")
