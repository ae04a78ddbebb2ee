"""The language model that a bench asks: where it is, what it may cost, and whether anybody answers there at all."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embodied import plugins
from embodied.backoff import Backoff
from embodied.models import Model, ModelError, Usage


@dataclass(frozen=True)
class ModelOptions:
    """A language model behind an endpoint or in a folder; `pictures` shows it the table from above, too."""

    base_url: str = ""
    model: str = ""
    folder: str = ""
    key_env: str = ""
    pictures: bool = False
    tries: int = 3
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    price_in: float | None = None
    price_out: float | None = None
    temperature: float | None = 0.0
    max_tokens: int = 1500
    timeout: float = 60.0
    retries: int = 5
    device: str = "auto"
    dtype: str = "auto"

    def __post_init__(self) -> None:
        if bool(self.folder) == bool(self.base_url and self.model):
            raise ValueError(
                "the agent model needs --options base_url and model, for example base_url http://127.0.0.1:8000/v1 "
                "model NAME, or the folder of a local model instead"
            )
        if (self.price_in is None) != (self.price_out is None):
            raise ValueError(
                f"price_in is {self.price_in} and price_out {self.price_out}; give both, per million tokens, or none"
            )

    def endpoint(self, share: int = 1) -> Any:
        """Where it is served; of the limits per minute, the part of one of `share` processes."""
        per_minute = (None if v is None else v / share for v in (self.requests_per_minute, self.tokens_per_minute))
        return plugins.load("embodied.models_openai:Endpoint")(
            self.base_url, self.model, self.key_env, self.temperature, self.max_tokens, self.timeout,
            Backoff(self.retries), *per_minute,
        )  # fmt: skip

    @property
    def identity(self) -> dict[str, Any]:
        """What its answers depend on; not what it may cost, how fast it is asked, or with whose key."""
        means = ("key_env", "requests_per_minute", "tokens_per_minute", "price_in", "price_out", "timeout", "retries",
                 "device")  # fmt: skip
        return {name: value for name, value in vars(self).items() if name not in means}

    @property
    def destination(self) -> str:
        """The host that sees what it is told, or "this machine"."""
        return "this machine" if self.folder else self.endpoint().destination

    def made(self, share: int = 1) -> Model:
        """The model itself."""
        if self.folder:
            return plugins.load("embodied.models_local:LocalModel")(
                self.folder, device=self.device, dtype=self.dtype, temperature=self.temperature or 0.0,
                max_tokens=self.max_tokens,
            )  # fmt: skip
        return plugins.load("embodied.models_openai:OpenAIModel")(self.endpoint(share))


class Unavailable(RuntimeError):
    """The model does not answer at all: what follows would measure the network, so the bench stops and keeps."""


class Listening:
    """A model whose last trouble is remembered, to tell a bad planner from one that nobody reaches."""

    def __init__(self, model: Model) -> None:
        self.model, self.trouble, self.answers = model, None, 0

    @property
    def name(self) -> str:
        return self.model.name

    @property
    def destination(self) -> str:
        return self.model.destination

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.model.parameters

    def complete(self, messages: Any, schema: Any) -> Usage:
        """What the model says."""
        self.trouble: ModelError | None = None
        try:
            usage = self.model.complete(messages, schema)
        except ModelError as error:
            self.trouble = error
            raise
        self.answers += 1
        return usage

    def check(self) -> None:
        """Unavailable where the last question was not answered, or none ever was (a wrong key, a wrong name)."""
        error = self.trouble
        if error and (error.kind == "unavailable" or (error.kind == "rejected" and not self.answers)):
            raise Unavailable(f"{self.name} is no help ({error.kind}): {error}; the same command continues") from error
