"""A vision-language model as a teacher: pictures and a goal in, a judgement out, several questions at a time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from embodied import plugins
from embodied.backoff import Backoff
from embodied.concurrently import concurrently
from embodied.feedback import Answer, Question
from embodied.models import Decider, Model, ModelError, Picture, Usage, generate, roughly
from embodied.prices import Cost, Prices, Terms
from rewards.prompts import OPTIONS, VERSIONS, Analysis, Rated, Style, Verdict, answer, decided, prompt, rated, second
from rewards.views import Kind, View

AT_ONCE = 32  # questions whose frames are in memory together
WRITTEN = 90  # tokens of a judgement, about


@dataclass(frozen=True, eq=False)
class VisionLanguage:
    """Asks `chat` about what `view` shows, `terms.concurrency` questions at a time.

    `style` "one-call" has it analyse and judge at once, "two-stage" first analyse and then judge its own words in a
    fresh conversation, "decide" reads the probability of each answer off a `Decider`, "rating" rates single moments.
    "same" is a tie, "unsure" an abstention, and whatever went wrong a failure. Before use, the caller says where the
    pictures go (`destination`) and has that confirmed.
    """

    dataset: Any
    chat: Model
    view: View
    style: Style = "one-call"
    terms: Terms = field(default_factory=Terms)
    source: str = "vlm"

    def __post_init__(self) -> None:
        plugins.find(VERSIONS, self.style, "style")
        if self.view.camera not in self.dataset.cameras:
            offers = ", ".join(self.dataset.cameras) or "no pictures at all"
            raise ValueError(f"no camera {self.view.camera!r} to show a model; the data set has {offers}")
        if self.terms.concurrency < 1:
            raise ValueError(f"concurrency is {self.terms.concurrency}; ask at least one question at a time")
        if self.style == "decide" and not isinstance(self.chat, Decider):
            raise ValueError(
                f"{self.chat.name} writes answers but tells no probability of them; leave out style=decide, "
                "or give folder=PATH of a local model"
            )

    @property
    def model(self) -> str:
        return self.chat.name

    @property
    def prompt_version(self) -> str:
        return VERSIONS[self.style]

    @property
    def asks(self) -> Literal["pairs", "ratings"]:
        return "ratings" if self.style == "rating" else "pairs"

    @property
    def destination(self) -> str:
        return self.chat.destination

    @property
    def shows(self) -> str:
        return self.view.camera

    @property
    def prices(self) -> Prices | None:
        return self.terms.prices

    @property
    def parameters(self) -> Mapping[str, Any]:
        greedy = {"temperature": 0.0} if self.style == "decide" else {}
        return {**self.chat.parameters, **greedy, **self.view.settings}

    def identify(self, moments: np.ndarray) -> list[str]:
        """The hash of what is shown of each (episode, frame)."""
        return self.view.hashes(self.dataset, moments)

    def cost(self, question: Question) -> Cost:
        """What one question takes, judged by the length of the words and the size of the pictures."""
        (_, pictures) = next(self._shown([question]))
        tokens = roughly(prompt(question.goal, pictures, self.style, self.view.words))
        calls = 2 if self.style == "two-stage" else 1
        more = roughly(second(question.goal, Analysis(left="", right="", difference=""))) + WRITTEN if calls == 2 else 0
        basis = "a fourth of a token per character and one per 28 x 28 pixels, as nothing was asked yet"
        return Cost(tokens + more, 0 if self.style == "decide" else calls * WRITTEN, None, calls, basis)

    def ask(self, questions: Sequence[Question]) -> Iterator[tuple[int, Answer]]:
        """Answers in order of arrival; a question that cannot be answered is answered "failed"."""
        return concurrently(self._one, self._shown(questions), self.terms.concurrency)

    def _shown(self, questions: Sequence[Question]) -> Iterator[tuple[str, tuple[Picture, Picture]]]:
        for start in range(0, len(questions), AT_ONCE):
            some = questions[start : start + AT_ONCE]
            moments = np.array([(s.episode, s.start) for q in some for s in q.pair], np.int64)
            pictures = self.view.pictures(self.dataset, moments)
            for k, question in enumerate(some):
                yield question.goal, (pictures[2 * k], pictures[2 * k + 1])

    def _one(self, shown: tuple[str, tuple[Picture, Picture]]) -> Answer:
        goal, pictures = shown
        first = prompt(goal, pictures, self.style, self.view.words)
        try:
            if self.style == "rating":
                return rated(*generate(self.chat, first, Rated))
            if self.style == "decide":
                return self._decided(first)
            if self.style == "two-stage":
                return answer(*self._in_two_stages(goal, first))
            return answer(*generate(self.chat, first, Verdict))
        except ModelError as error:
            spent = error.usage
            text = "refusal" if error.kind == "refusal" else f"{error.kind}: {error}"
            return Answer("failed", None, None, spent.raw, spent.tokens_in, spent.tokens_out, spent.latency, text)

    def _in_two_stages(self, goal: str, first: Sequence[Any]) -> tuple[Verdict, Usage]:
        """The verdict on the model's own analysis, and what both took; the text of both is kept."""
        analysis, before = generate(self.chat, first, Analysis)
        try:
            verdict, after = generate(self.chat, second(goal, analysis), Verdict)
        except ModelError as error:
            raise ModelError(error.kind, str(error), _both(before, error.usage)) from error
        return verdict, _both(before, after)

    def _decided(self, messages: Sequence[Any]) -> Answer:
        if not isinstance(self.chat, Decider):
            raise TypeError("checked on construction")
        probability, usage = self.chat.decide(messages, OPTIONS)
        text = json.dumps({option: round(p, 6) for option, p in probability.items()})
        return decided(probability, replace(usage, raw=text))


def _both(before: Usage, after: Usage) -> Usage:
    return replace(before + after, raw=f"{before.raw}\n{after.raw}".strip())


def make(
    dataset: Any,
    *,
    base_url: str = "",
    model: str = "",
    folder: str = "",
    camera: str = "",
    style: Style = "one-call",
    view: Kind = "frame",
    frames: int = 4,
    every: int = 3,
    enlarge: int = 1,
    key_env: str = "",
    concurrency: int | None = None,
    requests_per_minute: float | None = None,
    tokens_per_minute: float | None = None,
    price_in: float | None = None,
    price_out: float | None = None,
    temperature: float | None = 0.0,
    max_tokens: int = 800,
    timeout: float = 60.0,
    retries: int = 5,
    device: str = "auto",
    dtype: str = "auto",
) -> VisionLanguage:
    """A teacher behind an OpenAI-compatible endpoint, or the model in a local `folder` (extra `local`).

    `key_env` names the environment variable with the endpoint's key; prices are per million tokens.
    """
    if bool(folder) == bool(base_url and model):
        raise ValueError(
            "a vision-language teacher needs base_url and model, for example base_url=http://127.0.0.1:8000/v1 "
            "model=Qwen/Qwen2.5-VL-7B-Instruct, or the folder of a local model instead; the 'oracle', 'noisy' and "
            "'time' teachers need neither"
        )
    if (price_in is None) != (price_out is None):
        raise ValueError(f"price_in is {price_in} and price_out {price_out}; give both, per million tokens, or none")
    if not camera:
        if len(dataset.cameras) != 1:
            offers = ", ".join(dataset.cameras) or "none: it has no pictures to show"
            raise ValueError(f"name one camera of the data set to show the model; there are {offers}")
        camera = dataset.cameras[0]
    prices = None if price_in is None or price_out is None else Prices(price_in, price_out)
    at_once = (1 if folder else 8) if concurrency is None else concurrency
    terms = Terms(at_once, requests_per_minute, tokens_per_minute, prices)
    shown = View(camera, view, frames, every, enlarge)
    if camera not in dataset.cameras:  # before a model is loaded for it
        raise ValueError(f"no camera {camera!r} to show a model; the data set has {', '.join(dataset.cameras)}")
    chat: Model
    if folder:
        chat = plugins.load("embodied.models_local:LocalModel")(
            folder, device=device, dtype=dtype, temperature=temperature or 0.0, max_tokens=max_tokens
        )
    else:
        endpoint = plugins.load("embodied.models_openai:Endpoint")(
            base_url, model, key_env, temperature, max_tokens, timeout, Backoff(retries), requests_per_minute,
            tokens_per_minute,
        )  # fmt: skip
        chat = plugins.load("embodied.models_openai:OpenAIModel")(endpoint)
    return VisionLanguage(dataset, chat, shown, style, terms)
