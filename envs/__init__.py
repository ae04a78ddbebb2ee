"""Environments: tables of names, loaded when asked for; importing this makes them known to gymnasium, if installed."""

from importlib.util import find_spec

TASKS = {
    "put_in_bowl": "envs.tabletop.tasks.put_in_bowl:TASK",
    "push_to_zone": "envs.tabletop.tasks.push_to_zone:TASK",
    "stack": "envs.tabletop.tasks.stack:TASK",
}
"""Tasks of the tabletop."""

LONG_TASKS = {
    name: f"envs.tabletop.tasks.{place}"
    for name, place in {
        "pick-and-place-primitive": "picking:PLAIN",
        "pick-and-place-primitive-with-size": "picking:WITH_SIZE",
        "pick-and-place-primitive-with-absolute-position": "picking:BY_AREA",
        "pick-and-place-primitive-with-relative-position": "picking:BY_SIDE",
        "put-block-into-matching-bowl": "bowls:MATCHING",
        "put-blocks-into-matching-bowls-with-details": "bowls:IN_DETAIL",
        "put-block-into-mismatching-bowl": "bowls:MISMATCHING",
        "put-all-block-in-a-bowl": "bowls:ALL_IN_ONE",
        "put-hidden-block-into-matching-bowl": "hidden:ONE",
        "put-hidden-blocks-in-two-layer-towers-into-matching-bowls": "hidden:TWO",
        "put-hidden-blocks-in-three-layer-towers-into-matching-bowls": "hidden:THREE",
        "put-hidden-blocks-in-pyramid-into-matching-bowls": "hidden:PYRAMID",
        "stack-all-blocks-on-a-zone": "towers:EVERYTHING",
        "stack-all-blocks-on-a-zone-with-details": "towers:IN_DETAIL",
        "stack-blocks-of-same-color": "towers:SAME_COLOUR",
        "stack-blocks-by-color": "towers:BY_GROUP",
        "stack-blocks-by-color-and-size": "towers:BY_GROUP_AND_SIZE",
        "stack-blocks-by-color-in-size-order": "towers:IN_ORDER",
        "stack-blocks-of-same-size": "towers:BY_SIZE",
        "stack-blocks-with-alternate-color": "towers:ALTERNATING",
        "stack-blocks-by-relative-position-and-color": "places:BESIDE",
        "stack-blocks-by-relative-position-and-color-and-size": "places:BESIDE_BY_SIZE",
        "stack-blocks-by-absolute-position-and-color-in-size-order": "places:IN_ORDER",
        "stack-blocks-by-absolute-position-and-color-and-size": "places:BY_SIZE",
        "stack-block-in-absolute-area": "places:THERE",
        "stack-smaller-over-bigger-with-same-color": "pairs:PAIRED",
        "stack-smaller-over-bigger-with-same-color-in-same-color-zone": "pairs:IN_ZONES",
        "put-even-blocks-in-same-color-zone": "counting:EVEN",
        "move-blocks-between-absolute-positions": "moving:EVERYTHING",
        "move-blocks-between-absolute-positions-by-size": "moving:BY_SIZE",
        "move-blocks-between-absolute-positions-by-color": "moving:BY_COLOUR",
        "move-blocks-between-absolute-positions-by-size-and-color": "moving:BY_BOTH",
        "put-all-block-on-corner": "moving:TO_CORNER",
        "stack-block-pyramid-without-seq": "pyramid:BUILT",
    }.items()
}
"""Long tasks of the tabletop, by their published names."""

TABLETOP = "envs.tabletop.environment:Tabletop"

DRESSING = "envs.dressing.environment:Dressing"

PLANAR = "envs.planar.environment:Planar"

LONG = "envs.tabletop.rearrangement:Rearrangement"

ENVIRONMENTS: dict[str, tuple[str, dict[str, object]]] = {
    "embodied/PutBlockInBowl-v0": (TABLETOP, {"task": "put_in_bowl"}),
    "embodied/PushBlockToZone-v0": (TABLETOP, {"task": "push_to_zone"}),
    "embodied/StackBlocks-v0": (TABLETOP, {"task": "stack"}),
    "embodied/Dressing-v0": (DRESSING, {}),
    "embodied/DressingEasy-v0": (DRESSING, {"level": "easy"}),
    "embodied/DressingHard-v0": (DRESSING, {"level": "hard"}),
    "embodied/DressingMoving-v0": (DRESSING, {"level": "moving"}),
    "embodied/DressingGown-v0": (DRESSING, {"garments": {"gown": 1.0}}),
    "embodied/DressingJacket-v0": (DRESSING, {"garments": {"jacket": 1.0}}),
    "embodied/DressingKnit-v0": (DRESSING, {"garments": {"knit": 1.0}}),
    "embodied/PlanarGrouping-v0": (PLANAR, {"task": "grouping"}),
    "embodied/PlanarAvoiding-v0": (PLANAR, {"task": "avoiding"}),
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
"""Ways to act on the tabletop that are scripted, good and bad."""

DRESSING_BEHAVIOURS = {
    "expert": "envs.dressing.behaviours:dresser",
    "noisy-expert": "envs.dressing.behaviours:noisy",
    "straight": "envs.dressing.behaviours:straight",
    "straight-exactly": "envs.dressing.behaviours:straight_exactly",
    "wrong-turn": "envs.dressing.behaviours:wrong_turn",
    "stopping": "envs.dressing.behaviours:stopping",
    "turning-back": "envs.dressing.behaviours:turning_back",
    "offset": "envs.dressing.behaviours:offset",
    "random": "envs.dressing.behaviours:wandering",
    "uniform": "envs.dressing.behaviours:uniform",
}
"""Ways to dress that are scripted, good and bad."""

PLANAR_BEHAVIOURS = {
    "as-wanted": "envs.planar.behaviours:as_wanted",
    "task-only": "envs.planar.behaviours:task_only",
    "failed": "envs.planar.behaviours:failed",
    "there-and-back": "envs.planar.behaviours:there_and_back",
    "random": "envs.planar.behaviours:random",
}
"""Ways to push in the plane that are scripted, good and bad."""

WAYS = {"tabletop": BEHAVIOURS, "dressing": DRESSING_BEHAVIOURS, "planar": PLANAR_BEHAVIOURS}
"""World, as an environment's `ways` names it -> its behaviours; an environment that names none is of the tabletop."""

OVERSEERS: dict[str, str] = {
    "scripted": "envs.overseeing:Watcher",
    "keyboard": "embodied.piloting:Pilot",
    "nobody": "envs.overseeing:nobody",
}
"""Who watches a policy and may take over: made of an environment and a generator, (obs, info) -> action or None."""

MIXES: dict[str, dict[str, float]] = {
    "mixed": {"random": 0.2, "noisy-expert": 0.2, "quitting": 0.2, "wrong": 0.2, "switching": 0.2},
    "expert": {"expert": 1.0},
    "noisy": {"noisy-expert": 1.0},
    "clumsy": {"noisy-expert": 0.3, "quitting": 0.3, "random": 0.4},
    "misled": {"noisy-expert": 0.4, "wrong": 0.3, "switching": 0.3},
    "random": {"random": 1.0},
    "dressing": {
        "noisy-expert": 0.1,
        "offset": 0.05,
        "wrong-turn": 0.25,
        "turning-back": 0.15,
        "stopping": 0.35,
        "random": 0.1,
    },
    "planar": {"as-wanted": 0.2, "task-only": 0.2, "failed": 0.2, "there-and-back": 0.2, "random": 0.2},
    "two-manners": {"as-wanted": 0.5, "task-only": 0.5},
}
"""Whose episodes a data set is made of: the share of each behaviour, adding up to 1."""


def register() -> None:
    """Make the environments known to gymnasium; doing so twice is harmless."""
    import gymnasium

    for name, (entry, keywords) in ENVIRONMENTS.items():
        if name not in gymnasium.registry:
            gymnasium.register(name, entry_point=entry, kwargs=dict(keywords))
    for task in LONG_TASKS:
        if (name := f"embodied/{task}-v0") not in gymnasium.registry:
            gymnasium.register(name, entry_point=LONG, kwargs={"task": task})
    if EXTERNAL[0] not in gymnasium.registry:
        gymnasium.register(EXTERNAL[0], entry_point=EXTERNAL[1])


if find_spec("gymnasium") is not None:
    register()

BODIES: dict[str, str] = {
    "tabletop": "envs.household.rewinding:body",
    "dressing": "envs.dressing.body:body",
}
"""What the console moves: name -> a body, made of a task's name, a split and a seed"""
