"""Environments: tables of names, loaded when asked for; importing this makes them known to gymnasium, if installed."""

from importlib.util import find_spec

TASKS = {
    "put_in_bowl": "envs.tabletop.tasks.put_in_bowl:TASK",
    "push_to_zone": "envs.tabletop.tasks.push_to_zone:TASK",
    "stack": "envs.tabletop.tasks.stack:TASK",
}
"""Tasks of the tabletop."""

TABLETOP = "envs.tabletop.environment:Tabletop"

ENVIRONMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "embodied/PutBlockInBowl-v0": (TABLETOP, {"task": "put_in_bowl"}),
    "embodied/PushBlockToZone-v0": (TABLETOP, {"task": "push_to_zone"}),
    "embodied/StackBlocks-v0": (TABLETOP, {"task": "stack"}),
}
"""gymnasium ids: entry point and keyword arguments."""

EXTERNAL = ("embodied/External-v0", "envs.external:External")
"""gymnasium id and entry point of the wrapper around anyone's environment; it needs arguments."""

BEHAVIOURS = {
    "expert": "envs.behaviours:expert",
    "noisy-expert": "envs.behaviours:noisy_expert",
    "quitting": "envs.behaviours:quitting",
    "wrong": "envs.behaviours:wrong",
    "switching": "envs.behaviours:switching",
    "random": "envs.behaviours:random",
}
"""Ways to act that are scripted, good and bad."""

MIXES: dict[str, dict[str, float]] = {
    "mixed": {"random": 0.2, "noisy-expert": 0.2, "quitting": 0.2, "wrong": 0.2, "switching": 0.2},
    "expert": {"expert": 1.0},
    "noisy": {"noisy-expert": 1.0},
    "clumsy": {"noisy-expert": 0.3, "quitting": 0.3, "random": 0.4},
    "misled": {"noisy-expert": 0.4, "wrong": 0.3, "switching": 0.3},
    "random": {"random": 1.0},
}
"""Whose episodes a data set is made of: the share of each behaviour, adding up to 1."""


def register() -> None:
    """Make the environments known to gymnasium; doing so twice is harmless."""
    import gymnasium

    for name, (entry, keywords) in ENVIRONMENTS.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, entry_point=entry, kwargs=dict(keywords))
    if EXTERNAL[0] not in gymnasium.registry:
        gymnasium.register(EXTERNAL[0], entry_point=EXTERNAL[1])


if find_spec("gymnasium") is not None:
    register()
