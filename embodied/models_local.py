"""A vision-language model of the `transformers` library, run in this process from a local folder."""

import hashlib
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel
from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor

from embodied.models import Message, ModelError, Usage, instruction, png

HEAD = 1 << 20  # bytes of each weight file that identify it, beside its size


class LocalModel:
    """Completes conversations with the model in `folder`, as `save_pretrained` or a download left it.

    Nothing is fetched from anywhere: ValueError for a folder that is not there, or no vision-language model. One
    conversation runs at a time, whoever asks. `dtype` "auto" is that of the weights, `device` "auto" a GPU if there.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        device: str = "auto",
        dtype: str = "auto",
        temperature: float = 0.0,
        max_tokens: int = 800,
    ) -> None:
        self.folder = Path(folder).expanduser()
        if not (self.folder / "config.json").exists():
            raise ValueError(f"no model in {self.folder}: it has no config.json; download or save one there first")
        if dtype != "auto" and not isinstance(getattr(torch, dtype, None), torch.dtype):
            raise ValueError(f"no dtype {dtype!r}; there are 'auto', 'float32', 'bfloat16' and 'float16'")
        if temperature < 0 or max_tokens < 1:
            raise ValueError(f"temperature is {temperature} and max_tokens {max_tokens}; at least 0 and 1")
        kind = AutoConfig.from_pretrained(self.folder, local_files_only=True).model_type
        try:
            self._model: Any = AutoModelForImageTextToText.from_pretrained(
                self.folder, local_files_only=True, dtype=dtype
            )
            self._processor: Any = AutoProcessor.from_pretrained(self.folder, local_files_only=True)
        except (ValueError, OSError) as error:
            about = str(error).splitlines()[0][:200]
            raise ValueError(f"{self.folder} holds a {kind!r}, not a whole vision-language model ({about})") from error
        if not getattr(self._processor, "image_processor", None):
            raise ValueError(
                f"{self.folder} holds a {kind!r} without a processor of pictures; save its processor there"
            )
        self.device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
        self._model.to(self.device).eval()
        self.temperature, self.max_tokens = temperature, max_tokens
        self._weights = fingerprint(self.folder)
        self._one_at_a_time = threading.Lock()

    def __repr__(self) -> str:
        return f"LocalModel({str(self.folder)!r} on {self.device})"

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @property
    def destination(self) -> str:
        return "this machine"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """What changes an answer."""
        return {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "dtype": str(self._model.dtype).removeprefix("torch."),
            "weights": self._weights,
        }

    def complete(self, messages: Sequence[Message], schema: type[BaseModel]) -> Usage:
        """The model's text, asked in words for the schema; ModelError if there is none."""
        began = time.monotonic()
        inputs = self._inputs(messages, instruction(schema))
        sampling = {"do_sample": True, "temperature": self.temperature} if self.temperature else {"do_sample": False}
        with self._one_at_a_time, torch.inference_mode():
            out = self._model.generate(**inputs, **sampling, max_new_tokens=self.max_tokens)
        prompt = inputs["input_ids"].shape[1]
        text = self._processor.decode(out[0, prompt:], skip_special_tokens=True)
        usage = Usage(prompt, out.shape[1] - prompt, time.monotonic() - began, 1, text)
        if not text.strip():
            raise ModelError("empty", f"{self.name} answered nothing", usage)
        return usage

    def decide(self, messages: Sequence[Message], options: Sequence[str]) -> tuple[dict[str, float], Usage]:
        """How probable each option is as the beginning of the answer, given that it is one of them.

        An option's probability is the product of those of its tokens: one forward pass over the conversation gives
        all first tokens, and each option of several tokens takes another.
        """
        began = time.monotonic()
        inputs = self._inputs(messages)
        ends = {option: self._tokens(option) for option in options}
        for one, other in permutations(options, 2):
            if ends[other][: len(ends[one])] == ends[one]:
                raise ValueError(f"option {other!r} begins as {one!r} does for {self.name}; choose other words")
        with self._one_at_a_time, torch.inference_mode():
            first = self._next(inputs, 1)[0]
            scores = {
                option: float(first[end[0]]) + (self._rest(inputs, end) if len(end) > 1 else 0.0)
                for option, end in ends.items()
            }
        shares = torch.tensor(list(scores.values()), dtype=torch.float64).softmax(0).tolist()
        usage = Usage(inputs["input_ids"].shape[1], 0, time.monotonic() - began, 1)
        return dict(zip(options, shares, strict=True)), usage

    def _rest(self, inputs: Mapping[str, Any], end: list[int]) -> float:
        """The log-probability of an option's tokens after its first one."""
        longer = dict(inputs)
        added = torch.tensor([end[:-1]], device=self.device)
        for name, value in inputs.items():
            if torch.is_tensor(value) and value.shape == inputs["input_ids"].shape:  # one number per token
                fill = {"input_ids": added, "attention_mask": torch.ones_like(added)}.get(name, torch.zeros_like(added))
                longer[name] = torch.cat([value, fill.to(value.dtype)], dim=1)
        found = self._next(longer, len(end) - 1)
        return sum(float(row[token]) for row, token in zip(found, end[1:], strict=True))

    def _next(self, inputs: Mapping[str, Any], last: int) -> torch.Tensor:
        """Log-probabilities of what follows each of the last tokens."""
        logits = self._model(**inputs, use_cache=False, logits_to_keep=last).logits[0, -last:]
        return logits.double().log_softmax(-1).cpu()

    def _tokens(self, option: str) -> list[int]:
        tokens = self._processor.tokenizer(option, add_special_tokens=False)["input_ids"]
        if not tokens:
            raise ValueError(f"option {option!r} is no token of {self.name}; give it letters")
        return tokens

    def _inputs(self, messages: Sequence[Message], last_words: str = "") -> dict[str, Any]:
        """The conversation in the model's own template, up to where it would answer."""
        try:
            inputs = self._processor.apply_chat_template(
                written(messages, last_words), add_generation_prompt=True, tokenize=True, return_dict=True,
                return_tensors="pt",
            )  # fmt: skip
        except ValueError as error:
            raise ModelError("rejected", f"{self.name} takes no such conversation: {error}") from error
        moved = inputs.to(self.device)
        return {
            name: value.to(self._model.dtype) if torch.is_tensor(value) and value.is_floating_point() else value
            for name, value in moved.items()
        }


def written(messages: Sequence[Message], last_words: str) -> list[dict[str, Any]]:
    """Messages as chat templates take them; `last_words` are added to the last one."""
    import io

    from PIL import Image

    found = []
    for message in messages:
        parts: list[dict[str, Any]] = [
            {"type": "text", "text": part}
            if isinstance(part, str)
            else {"type": "image", "image": Image.open(io.BytesIO(png(part))).convert("RGB")}
            for part in message.parts
        ]
        found.append({"role": message.role, "content": parts})
    if last_words:
        found[-1]["content"].append({"type": "text", "text": last_words})
    return found


def fingerprint(folder: Path) -> str:
    """Tells weights apart by their configuration, sizes and beginnings: reading all of them would take minutes."""
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        with path.open("rb") as file:
            digest.update(f"{path.name} {path.stat().st_size}\n".encode() + file.read(HEAD))
    return digest.hexdigest()[:16]
