"""What a language-model planner is told: the rules, the scene, what was done so far; and the form of its answer."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from embodied.models import Message, Picture
from embodied.pursuit import Report
from embodied.scenery import View
from embodied.skills import AnyStep

LONGEST = 12
"""So many steps a program of an answer may have."""


class Answer(BaseModel):
    """What a model says: why, whether the task is done, and else the next steps."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    why: Annotated[str, Field(max_length=600)] = ""
    done: bool = False
    steps: Annotated[tuple[AnyStep, ...], Field(max_length=LONGEST)] = ()

    @model_validator(mode="after")
    def one_of_both(self) -> "Answer":
        if self.done and self.steps:
            raise ValueError("done is true and there are steps; it is one or the other")
        if not self.done and not self.steps:
            raise ValueError("done is false and there are no steps; give the next steps, or say that it is done")
        return self


SYSTEM = f"""You plan for a robot arm with one gripper over a table. Reply with one JSON object and nothing else:
{{"why": one sentence, "done": true or false, "steps": [steps]}}.

Steps, each an object with "skill" and its arguments:
{{"skill": "pick", "object": name}}: take a block from above and lift it; nothing may lie on it, the hand is empty.
{{"skill": "place", "on": name}}: put down what is held on or in a thing; or with "at": [x, y] instead of "on", at a
point of the table in metres. "offset": [x, y] moves it from the middle of the thing.
{{"skill": "push", "object": name, "by": [x, y]}} and {{"skill": "pull", "object": name, "by": [x, y]}}: on the table.
{{"skill": "move to", "at": [x, y, z]}}, {{"skill": "move by", "by": [x, y, z]}}, {{"skill": "rotate", "by": radians}},
{{"skill": "open"}}, {{"skill": "close"}}, {{"skill": "wait", "seconds": s}}, {{"skill": "home"}}.

Rules:
- Use the names of things exactly as they are given, and no others.
- x grows away from the robot, which is up in a picture from above; y grows to the left. The table reaches from
  x = 0.28 to 0.68 and from y = -0.42 to 0.42. The top left area is its quarter with large x and large y, and so on.
- Cool colours: blue, green, cyan, purple, navy, lime. Warm: red, orange, yellow, pink, maroon. Primary: blue, red,
  yellow. Secondary: orange, green, purple.
- What lies under another block cannot be seen: put the upper block aside on free table first, then look at the new
  scene. A block keeps its name.
- Build towers from below, one block on another. Give at most {LONGEST} steps; you are asked again afterwards.
- "Blocks in the top left area" are those that were there at first.
- Say "done": true, with no steps, only when the scene as described shows that the task is done."""


def conversation(
    sentence: str, report: Report, first: Report, past: Sequence[str], picture: Picture | None
) -> list[Message]:
    """What a model is asked: the rules, then the task, the scene at first and now, and how the steps before went."""
    parts = [f"The task: {sentence}"]
    if past:
        parts += [f"The scene at the beginning:\n{first.text}", "What was done since:\n" + "\n".join(past)]
    parts.append(f"The scene now:\n{report.text}")
    text = "\n\n".join((*parts, "What are the next steps, or is it done?"))
    return [
        Message("system", (SYSTEM,)),
        Message("user", (text,) if picture is None else (text, "The scene from above:", picture)),
    ]


def checked(answer: Answer, view: View) -> Answer:
    """The answer, if it names only what is seen; ValueError says what it names and what there is."""
    for i, step in enumerate(answer.steps):
        for key in ("object", "on"):
            name = getattr(step, key, None)
            if name and name not in view:
                raise ValueError(f"steps.{i}.{key}: nothing is called {name!r}; there are {', '.join(view.by_name)}")
            if key == "object" and name and view[name].kind != "block":
                raise ValueError(f"steps.{i}.object: the {name} cannot be moved, only blocks can")
    return answer


def correction(said: str, problem: str) -> tuple[Message, Message]:
    """An answer that will not do, and what is wrong with it, to be asked again."""
    again = f"That cannot be used: {problem}\nReply again with one JSON object as described, and nothing else."
    return Message("assistant", (said[:2000],)), Message("user", (again,))
