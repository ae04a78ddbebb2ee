"""The words a vision-language model is asked in, each set under a version, and what its answers mean.

Changing a word means a new version: the store keeps the answers to each apart.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8
from pydantic import BaseModel, ConfigDict, Field

from embodied.models import Message, Usage
from embodied.store import Answer

Style = Literal["one-call", "two-stage", "decide", "rating"]
VERSIONS: dict[str, str] = {
    "one-call": "pair-1",
    "two-stage": "two-stage-1",
    "decide": "decide-1",
    "rating": "rating-1",
}

SYSTEM = (
    "You judge how far a robot has come with its task by looking at pictures of its workspace. "
    "You are shown two moments, called left and right, and say in which of them the task is closer to done."
)
LOOK = (
    "The task: {goal}\n"
    "Look at what the task is about in each picture: where the things stand, how they lie, what the robot holds. "
    "Judge only what can be seen to matter for this task; ignore light, noise and the pose of the arm where it "
    "makes no difference.\n"
)
CHOICE = (
    '"answer": "left" or "right" for the moment that is closer to done, '
    '"same" if both are equally close, "unsure" if the pictures do not let you tell. '
    '"confidence": how likely your answer is right, from 0 to 1.'
)
ONE_CALL = (
    "Reply with a JSON object of three fields. "
    '"analysis": what differs between the two moments with respect to the task, in one or two sentences. '
)
ANALYSE = (
    "Do not judge yet. Reply with a JSON object of three fields, a sentence or two each. "
    '"left": what the left moment shows of what the task is about; "right": the same for the right moment; '
    '"difference": what differs between them with respect to the task, or that nothing does.'
)
JUDGE_SYSTEM = (
    "You judge how far a robot has come with its task from descriptions of two moments, called left and right, "
    "and say in which of them the task is closer to done."
)
JUDGE = (
    "The task: {goal}\nThe left moment: {left}\nThe right moment: {right}\nHow they differ: {difference}\n"
    'Reply with a JSON object of three fields. "analysis": what decides, in one sentence. '
)
WORD = (
    "In which moment is the task closer to done? Reply with one word alone: left or right; same if both are equally "
    "close; unsure if the pictures do not let you tell."
)
RATING_SYSTEM = (
    "You judge how far a robot has come with its task by looking at a picture of its workspace at one moment."
)
RATE = (
    "Reply with a JSON object of three fields. "
    '"analysis": what the picture shows of what the task is about, in one or two sentences. '
    '"rating": "very bad", "bad", "average", "good" or "very good": from nothing of the task being done, over half of '
    'it, to the task being done; "unsure" if the picture does not let you tell. '
    '"confidence": how likely your rating is right, from 0 to 1.'
)
OPTIONS = ("left", "right", "same", "unsure")
RATINGS = {"very bad": 0.0, "bad": 0.25, "average": 0.5, "good": 0.75, "very good": 1.0}


class Verdict(BaseModel):
    """A judgement of two moments."""

    model_config = ConfigDict(extra="forbid")

    analysis: str
    answer: Literal["left", "right", "same", "unsure"]
    confidence: float = Field(ge=0, le=1)


class Analysis(BaseModel):
    """What two moments show, before they are judged."""

    model_config = ConfigDict(extra="forbid")

    left: str
    right: str
    difference: str


class Rated(BaseModel):
    """A judgement of one moment."""

    model_config = ConfigDict(extra="forbid")

    analysis: str
    rating: Literal["very bad", "bad", "average", "good", "very good", "unsure"]
    confidence: float = Field(ge=0, le=1)


Picture = UInt8[np.ndarray, "h w c"]


def prompt(goal: str, pictures: Sequence[Picture], style: Style = "one-call", words: str = "") -> list[Message]:
    """What the model is told first about the pictures of a pair, or of one moment to rate; `words` say how to read."""
    look = f"{LOOK.format(goal=goal)}{words and words + chr(10)}"
    if style == "rating":
        parts = ("The moment:", pictures[0], look + RATE)
        return [Message("system", (RATING_SYSTEM,)), Message("user", parts)]
    request = {"one-call": ONE_CALL + CHOICE, "two-stage": ANALYSE, "decide": WORD}[style]
    parts = ("The left moment:", pictures[0], "The right moment:", pictures[1], look + request)
    return [Message("system", (SYSTEM,)), Message("user", parts)]


def second(goal: str, analysis: Analysis) -> list[Message]:
    """What the model is told after its analysis: in a fresh conversation, without the pictures."""
    text = JUDGE.format(goal=goal, **analysis.model_dump()) + CHOICE
    return [Message("system", (JUDGE_SYSTEM,)), Message("user", (text,))]


def answer(verdict: Verdict, usage: Usage) -> Answer:
    """A verdict as it is stored: "same" is a tie, "unsure" an abstention."""
    outcome, p_left = {
        "left": ("preferred", 1.0),
        "right": ("preferred", 0.0),
        "same": ("tie", 0.5),
        "unsure": ("abstained", None),
    }[verdict.answer]
    return Answer(outcome, p_left, verdict.confidence, *stored(usage))


def rated(verdict: Rated, usage: Usage) -> Answer:
    """A rating as it is stored."""
    if verdict.rating == "unsure":
        return Answer("abstained", None, verdict.confidence, *stored(usage))
    return Answer("rated", None, verdict.confidence, *stored(usage), value=RATINGS[verdict.rating])


def decided(probability: Mapping[str, float], usage: Usage) -> Answer:
    """Probabilities of `OPTIONS` as a soft label: what is left of "same" goes to both sides in equal parts.

    The most probable option decides whether it is a preference, a tie or an abstention; its probability is the
    confidence.
    """
    likely = max(OPTIONS, key=lambda option: probability[option])
    outcome: Any = {"same": "tie", "unsure": "abstained"}.get(likely, "preferred")
    sure = probability["left"] + probability["right"] + probability["same"]
    p_left = {"tie": 0.5, "abstained": None}.get(
        outcome, min(1.0, (probability["left"] + probability["same"] / 2) / sure if sure else 0.5)
    )
    return Answer(outcome, p_left, min(1.0, probability[likely]), *stored(usage))


def stored(usage: Usage) -> tuple[str, int, int, float]:
    """Raw text, tokens in and out, and seconds, as the store takes them."""
    return usage.raw, usage.tokens_in, usage.tokens_out, usage.latency
