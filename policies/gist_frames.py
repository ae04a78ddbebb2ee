"""What a sentence may want, by the concepts that occur in it: a table of frames, of which one must fit.

A frame says which concepts it needs and which it forbids, and whether its slots are there; what it means is built from
those, and OutOfScope says which slot is missing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from embodied.goals import Goal
from embodied.scenery import View
from policies import gist_places, gist_towers
from policies.gist_slots import Mention, Said
from policies.hidden import Search, raised


@dataclass(frozen=True)
class Frame:
    """`needs` are tags that must occur, `forbids` those that must not; `fits` looks at the slots and the scene."""

    name: str
    needs: frozenset[str]
    forbids: frozenset[str]
    fits: Callable[[Said, View], bool]
    means: Callable[[Said, View], Goal | Search]


def frame(name: str, needs: str, forbids: str, fits: Callable[[Said, View], bool],
          means: Callable[[Said, View], Goal | Search]) -> Frame:  # fmt: skip
    """A frame, its tags in words."""
    return Frame(name, frozenset(needs.split()), frozenset(forbids.split()), fits, means)


def blocks(said: Said) -> list[Mention]:
    """The coloured blocks that are named, but for the one at whose side something lies."""
    return [m for m in said.of("block") if not said.is_reference(m)]


def free(said: Said) -> bool:
    """No block is named by its colour, and no colour stands alone."""
    return not blocks(said) and not said.loose


def alike(said: Said) -> bool:
    """The colours of things are compared."""
    return said.has("same", "differ") or (said.has("hue") and not said.has("group"))


def covers(said: Said, view: View) -> bool:
    """Something may be hidden here, and what is said may be about that."""
    below = said.has("hidden", "under", "below", "carry", "rests", "low", "touches", "layers", "stack")
    below |= crowned(said) or said.has("pronouned", "removes")
    return below and any(map(raised, view.blocks)) and not any(said.of("zone"))


def one_named(said: Said) -> bool:
    """One block is named."""
    return len(blocks(said)) == 1 and blocks(said)[0].single and not said.loose


def zones(said: Said, number: int) -> bool:
    """So many zones are named."""
    return len(said.of("zone")) == number and all(len(m.colours) == 1 for m in said.of("zone"))


def both_sizes(said: Said) -> bool:
    """Big and small."""
    return {size for _, size in said.sizes} == {"big", "small"}


def by_colour(said: Said) -> bool:
    """Colours decide, and no thing is named."""
    return free(said) and not said.mentions and alike(said)


def tower(said: Said, view: View) -> bool:
    """A tower on one zone, of blocks that are not named one by one."""
    named = [m for m in blocks(said) if m.single]
    return zones(said, 1) and not named and not said.loose and (said.has("group") or not said.has("same"))


def placing(said: Said, view: View) -> bool:
    """Every block that is named is one, and where it goes is named too."""
    named = blocks(said)
    alone = said.has("same") and not said.of("bowl") and not said.of("zone")
    return bool(named) and all(m.single for m in named) and not said.loose and not alone and said.reference is None


def areas_named(said: Said, number: int) -> bool:
    """So many areas are named, as areas."""
    return len(said.values("area")) == number


FRAMES: Sequence[Frame] = (
    frame("a pyramid", "pyramid zone", "bowl neg even", lambda s, _: zones(s, 1), gist_towers.pyramid),
    frame("below a pyramid", "pyramid bowl", "zone neg differ", lambda s, v: free(s) and covers(s, v),
          gist_places.below_pyramid),
    frame("below one", "bowl", "zone pyramid neg differ",
          lambda s, v: one_named(s) and alike(s) | bool(s.of("bowl")) and covers(s, v)
          and s.has("hidden", "under", "below", "carry", "rests", "low", "removes"), gist_places.below_one),
    frame("below others", "bowl", "zone pyramid neg differ", lambda s, v: free(s) and alike(s) and covers(s, v),
          gist_places.below_others),
    frame("in bowls by colour", "bowl", "zone pyramid area side even",
          lambda s, v: by_colour(s) and not (covers(s, v) and hidden(s)) and not s.sizes, gist_places.in_bowls),
    frame("one to its colour", "same", "pyramid differ neg area side even stack hidden under removes if",
          lambda s, v: one_named(s) and not s.of("bowl") and not s.of("zone") and not (covers(s, v) and hidden(s)),
          gist_places.to_its_colour),
    frame("all in one bowl", "bowl", "zone same differ neg side pyramid even stack hidden under if area",
          lambda s, _: free(s) and len(s.of("bowl")) == 1, gist_places.in_one_bowl),
    frame("even numbers", "even zone", "bowl differ pyramid size side area group",
          lambda s, _: not s.mentions and not s.loose, gist_places.even),
    frame("by turns", "zone", "bowl pyramid even side area size if", lambda s, _: zones(s, 1) and turns(s),
          gist_towers.by_turns),
    frame("two sizes on two zones", "zone size", "bowl pyramid even alternate differ neg side area group",
          lambda s, _: zones(s, 2) and both_sizes(s) and free(s), gist_towers.two_sizes),
    frame("small on big", "size", "bowl pyramid even alternate differ side area group",
          lambda s, _: both_sizes(s) and by_colour(s), gist_towers.small_on_big),
    frame("towers by colour", "zone", "bowl pyramid even alternate differ neg side area group size",
          lambda s, _: by_colour(s), gist_towers.by_colour),
    frame("a tower", "zone", "bowl pyramid even alternate differ", tower, gist_towers.on_zone),
    frame("a tower in an area", "area stack", "zone bowl pyramid even alternate differ neg side",
          lambda s, _: areas_named(s, 1) and not any(m.single for m in blocks(s)) and not s.loose,
          gist_towers.in_area),
    frame("from area to area", "area", "zone bowl pyramid even alternate differ neg side stack hidden under",
          lambda s, _: areas_named(s, 2) and not s.loose, gist_places.between_areas),
    frame("to an area", "area", "zone bowl pyramid even alternate differ neg side stack hidden under same if",
          lambda s, _: areas_named(s, 1) and not s.loose, gist_places.to_area),
    frame("beside", "", "zone bowl pyramid even alternate differ neg stack hidden under same if area all",
          lambda s, _: s.reference is not None and one_named(s), gist_places.beside),
    frame("one on another", "", "pyramid even alternate differ neg side area hidden if some", placing,
          gist_places.placing),
)  # fmt: skip
"""All of them; which one it is does not depend on their order."""


def hidden(said: Said) -> bool:
    """What is said is about things that others stand on, and not only about where things go."""
    return said.has("hidden", "under", "below", "carry", "layers", "touches", "low", "rests", "pronouned") or crowned(
        said
    )


def crowned(said: Said) -> bool:
    """Something is said to be on top of something."""
    return any("top of" in c.text for c in said.concepts)


def turns(said: Said) -> bool:
    """Two colours, by turns: said, or shown by naming them more than once."""
    zone = {i for m in said.mentions if m.kind == "zone" for i in range(m.start, m.end)}
    named = [c.value for i, c in enumerate(said.concepts) if c.tag == "colour" and i not in zone]
    shown = len(named) > 2 and all(named[i] == named[i % 2] for i in range(len(named))) and not said.has("bowl")
    step = any(c.text == "then" for c in said.concepts) and len([m for m in blocks(said) if m.single]) > 1
    return len(set(named)) == 2 and (said.has("alternate") or (shown and not step))
