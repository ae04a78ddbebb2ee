"""Instructions become plans of acts on the things that are there, and a question where they cannot."""

import pytest

from embodied.instructions import instructed
from embodied.situations import Entity, Surroundings


def thing(name, kind, x=0.4, *words):
    return Entity(name, kind, (x, 0.0, 0.0), attributes=frozenset(words))


HERE = Surroundings((
    thing("red mug", "mug", 0.5, "red"), thing("blue mug", "mug", 0.3, "blue", "full"),
    thing("glass", "glass", 0.4, "fragile"), thing("spoon", "spoon"), thing("scissors", "scissors"),
    thing("tray", "tray"), thing("rack", "rack"), thing("drawer", "drawer"), thing("person's hand", "hand", 0.6),
    thing("table", "table"),
))  # fmt: skip


@pytest.mark.parametrize(("sentence", "steps"), [
    ("put the red mug on the tray", ["pick the red mug", "place the red mug on the tray"]),
    ("Could you please place the glass onto the tray?", ["pick the glass", "place the glass on the tray"]),
    ("open the drawer", ["open the drawer"]),
    ("close the drawer, please", ["close the drawer"]),
    ("pick up the spoon", ["pick the spoon"]),
    ("hand me the scissors", ["pick the scissors", "hand over the scissors to person's hand"]),
    ("give me the glass", ["pick the glass", "hand over the glass to person's hand"]),
    ("hang the red mug on the rack", ["pick the red mug", "hang the red mug on the rack"]),
    ("hang the blue mug", ["pick the blue mug", "hang the blue mug on the rack"]),
    ("put all mugs on the tray", ["pick the blue mug", "place the blue mug on the tray",
                                  "pick the red mug", "place the red mug on the tray"]),
    ("put the glass and the red mug on the tray", ["pick the glass", "place the glass on the tray",
                                                   "pick the red mug", "place the red mug on the tray"]),
    ("open the drawer, then put the spoon in the drawer", ["open the drawer", "pick the spoon",
                                                           "place the spoon in the drawer"]),
    ("open the drawer and put the spoon into the drawer", ["open the drawer", "pick the spoon",
                                                           "place the spoon in the drawer"]),
    ("put everything fragile on the tray", ["pick the glass", "place the glass on the tray"]),
    ("put the full mug on the tray", ["pick the blue mug", "place the blue mug on the tray"]),
])  # fmt: skip
def test_a_sentence_becomes_a_plan(sentence, steps):
    program = instructed(sentence, HERE)
    assert [str(step) for step in program.steps] == steps
    assert program.sentence == sentence


@pytest.mark.parametrize(("sentence", "says"), [
    ("put the mug on the tray", "Which mug"),
    ("put the kettle on the tray", "I see no kettle"),
    ("put the red mug", "place the red mug where"),
    ("dance", "I know no such task"),
    ("", "I heard nothing"),
    ("rm -rf / ; import os", "no code"),
    ("open", "open what"),
])  # fmt: skip
def test_what_cannot_be_planned_is_said(sentence, says):
    with pytest.raises(ValueError, match=says):
        instructed(sentence, HERE)
