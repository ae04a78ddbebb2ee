"""A vision-language model as a teacher: two pictures and a goal in one call, several calls at a time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from jaxtyping import UInt8
from pydantic import BaseModel, ConfigDict, Field

from embodied.backoff import Backoff
from embodied.concurrently import concurrently
from embodied.feedback import Answer, Question
from embodied.models import Message, Model, ModelError, Usage, generate
from embodied.models_openai import Endpoint, OpenAIModel

PROMPT_VERSION = "pair-1"
SYSTEM = (
    "You judge how far a robot has come with its task by looking at pictures of its workspace. "
    "You are shown two moments, called left and right, and say in which of them the task is closer to done."
)
QUESTION = (
    "The task: {goal}\n"
    "Look at what the task is about in each picture: where the things stand, how they lie, what the robot holds. "
    "Judge only what can be seen to matter for this task; ignore light, noise and the pose of the arm where it "
    "makes no difference.\n"
    'Reply with a JSON object of three fields. "analysis": what differs between the two moments with respect to '
    'the task, in one or two sentences. "answer": "left" or "right" for the moment that is closer to done, '
    '"same" if both are equally close, "unsure" if the pictures do not let you tell. '
    '"confidence": how likely your answer is right, from 0 to 1.'
)
AT_ONCE = 32  # questions whose frames are in memory together


class Verdict(BaseModel):
    """What the model is asked for."""

    model_config = ConfigDict(extra="forbid")

    analysis: str
    answer: Literal["left", "right", "same", "unsure"]
    confidence: float = Field(ge=0, le=1)


@dataclass(frozen=True, eq=False)
class VisionLanguage:
    """Asks `chat` about frames of one camera, `concurrency` questions at a time.

    "same" is a tie, "unsure" an abstention, and whatever went wrong a failure. Before use, the caller says where
    the pictures go (`destination`) and has that confirmed. `enlarge` repeats pixels: small frames are read better.
    """

    dataset: Any
    chat: Model
    camera: str
    concurrency: int = 8
    enlarge: int = 1
    source: str = "vlm"
    prompt_version: str = PROMPT_VERSION

    def __post_init__(self) -> None:
        if self.camera not in self.dataset.cameras:
            offers = ", ".join(self.dataset.cameras) or "no pictures at all"
            raise ValueError(f"no camera {self.camera!r} to show a model; the data set has {offers}")
        if self.concurrency < 1 or self.enlarge < 1:
            raise ValueError(f"concurrency is {self.concurrency} and enlarge {self.enlarge}; both are at least 1")

    @property
    def model(self) -> str:
        return self.chat.name

    @property
    def destination(self) -> str:
        return self.chat.destination

    @property
    def shows(self) -> str:
        return self.camera

    @property
    def parameters(self) -> Mapping[str, Any]:
        return {**self.chat.parameters, "enlarge": self.enlarge}

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answers in order of arrival; a question that cannot be answered is answered "failed"."""
        return concurrently(self._one, self._shown(questions), self.concurrency)

    def _shown(self, questions: Sequence[Question]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        for start in range(0, len(questions), AT_ONCE):
            some = questions[start : start + AT_ONCE]
            moments = np.array([(s.episode, s.start) for q in some for s in q.pair], np.int64)
            frames = np.asarray(self.dataset.frames(self.camera, moments))
            for k, question in enumerate(some):
                yield question.goal, frames[2 * k], frames[2 * k + 1]

    def _one(self, shown: tuple[str, np.ndarray, np.ndarray]) -> Answer:
        goal, left, right = shown
        try:
            verdict, usage = generate(self.chat, prompt(goal, self._large(left), self._large(right)), Verdict)
        except ModelError as error:
            spent = error.usage
            text = "refusal" if error.kind == "refusal" else f"{error.kind}: {error}"
            return Answer("failed", None, None, spent.raw, spent.tokens_in, spent.tokens_out, spent.latency, text)
        return answer(verdict, usage)

    def _large(self, frame: UInt8[np.ndarray, "h w c"]) -> UInt8[np.ndarray, "H W c"]:
        return frame.repeat(self.enlarge, axis=0).repeat(self.enlarge, axis=1)


def prompt(goal: str, left: UInt8[np.ndarray, "h w c"], right: UInt8[np.ndarray, "h w c"]) -> list[Message]:
    """What the model is told about a pair of pictures."""
    parts = ("The left moment:", left, "The right moment:", right, QUESTION.format(goal=goal))
    return [Message("system", (SYSTEM,)), Message("user", parts)]


def answer(verdict: Verdict, usage: Usage) -> Answer:
    """A verdict as it is stored."""
    outcome, p_left = {
        "left": ("preferred", 1.0),
        "right": ("preferred", 0.0),
        "same": ("tie", 0.5),
        "unsure": ("abstained", None),
    }[verdict.answer]
    return Answer(
        outcome, p_left, verdict.confidence, usage.raw, usage.tokens_in, usage.tokens_out, usage.latency
    )  # fmt: skip


def make(
    dataset: Any,
    *,
    base_url: str = "",
    model: str = "",
    camera: str = "",
    key_env: str = "",
    concurrency: int = 8,
    enlarge: int = 1,
    temperature: float | None = 0.0,
    max_tokens: int = 800,
    timeout: float = 60.0,
    retries: int = 5,
) -> VisionLanguage:
    """A teacher behind an OpenAI-compatible endpoint; `key_env` names the environment variable with its key."""
    if not base_url or not model:
        raise ValueError(
            "a vision-language teacher needs base_url and model, for example base_url=http://127.0.0.1:8000/v1 "
            "model=Qwen/Qwen2.5-VL-7B-Instruct; the 'oracle', 'noisy' and 'time' teachers need neither"
        )
    if not camera:
        if len(dataset.cameras) != 1:
            offers = ", ".join(dataset.cameras) or "none: it has no pictures to show"
            raise ValueError(f"name one camera of the data set to show the model; there are {offers}")
        camera = dataset.cameras[0]
    endpoint = Endpoint(base_url, model, key_env, temperature, max_tokens, timeout, Backoff(retries))
    return VisionLanguage(dataset, OpenAIModel(endpoint), camera, concurrency, enlarge)
