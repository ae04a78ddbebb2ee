"""How alike two kinds or two sentences are: by spelling always, by a model of sentences where a folder holds one."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float32

SIMILAR = 0.65
"""Of kinds that are called alike ("cup", "mug"), or of which one is a sort of the other ("wine glass", "glass")."""

MOST = 0.7
"""Kinds that are not the same are never more alike, so that the gate asks before it takes one for the other."""

SINGULARS = (
    (r"ies$", "y"),
    (r"(sses|xes|ches|shes)$", None),
    (r"(?<=kni)ves$", "fe"),
    (r"(?<=shel)ves$", "f"),
    (r"(?<=[^s])s$", ""),
)
Alike = Callable[[str, str], float]


@lru_cache(4096)
def normal(words: str) -> str:
    """Lower case, single spaces, and the last word in the singular."""
    plain = " ".join(re.findall(r"[^\W_]+", words.casefold()))
    for ending, single in SINGULARS:
        if re.search(ending, plain):
            return plain[:-2] if single is None else re.sub(ending, single, plain)
    return plain


SYNONYMS = tuple(
    frozenset(map(normal, words.split(", ")))
    for words in (
        "mug, cup, teacup, beaker",
        "glass, tumbler, goblet",
        "bowl, dish, basin",
        "plate, dish, saucer, platter",
        "tray, platter, board",
        "spoon, ladle, scoop",
        "knife, cutter",
        "scissors, shears",
        "bottle, flask, carafe, jug, pitcher",
        "pan, pot, saucepan, skillet",
        "box, carton, crate, container, basket, bin",
        "cloth, towel, napkin, rag",
        "drawer, cupboard, cabinet",
        "rack, shelf, stand",
        "block, cube, brick",
        "person, human, head, face",
    )
)


@lru_cache(4096)
def parts(text: str) -> tuple[Counter[str], float]:
    """How often each word and each run of three letters occurs, and the length of that vector."""
    words = re.findall(r"[^\W_]+", text.casefold())
    counts = Counter(words)
    for word in words:
        counts.update(f" {word} "[i : i + 3] for i in range(len(word)))
    return counts, sqrt(sum(n * n for n in counts.values()))


@lru_cache(65536)
def lexical(a: str, b: str) -> float:
    """Cosine in [0, 1] of the words and letter triples of two texts; 0 where either is empty."""
    (first, long), (second, wide) = parts(a), parts(b)
    shared = sum(n * second[part] for part, n in first.items() if part in second)
    return min(1.0, shared / (long * wide)) if shared else 0.0


@lru_cache(65536)
def kinds_alike(a: str, b: str) -> float:
    """How alike two kinds of things are, in [0, 1]: 1 only for the same one, nothing else above `MOST`."""
    a, b = normal(a), normal(b)
    if a == b:
        return 1.0
    if not (a and b):
        return 0.0
    head, other = a.split()[-1], b.split()[-1]
    if head == other or any({a, b} <= words or {head, other} <= words for words in SYNONYMS):
        return SIMILAR
    return min(MOST, 0.9 * lexical(head, other))  # a block is no clock


class Encoder(Protocol):
    """What makes vectors of texts. `id` names its weights: vectors of different ids are never compared."""

    @property
    def id(self) -> str: ...

    def embed(self, texts: Sequence[str]) -> Float32[np.ndarray, "n d"]: ...


class SentenceEncoder:
    """A sentence model of the `transformers` library in a local folder: means over the tokens, of unit length.

    Nothing is fetched. ValueError for a folder without such a model, ModuleNotFoundError without the library.
    """

    def __init__(self, folder: str | Path, *, device: str = "cpu") -> None:
        from embodied import plugins

        self.folder = Path(folder).expanduser()
        if not (self.folder / "config.json").is_file():
            raise ValueError(f"no sentence model in {self.folder}: it has no config.json; save or download one there")
        try:
            self._tokenizer: Any = plugins.load("transformers:AutoTokenizer").from_pretrained(
                self.folder, local_files_only=True
            )
            self._model: Any = plugins.load("transformers:AutoModel").from_pretrained(
                self.folder, local_files_only=True
            )
        except (ValueError, OSError) as error:
            about = str(error).splitlines()[0][:200]
            raise ValueError(f"{self.folder} holds no whole sentence model ({about})") from error
        self.device = device
        self._model.to(device).eval()
        self._id = f"{self.folder.resolve().name}:{_weights(self.folder)}"

    @property
    def id(self) -> str:
        """The folder's name and a hash of its weights."""
        return self._id

    def embed(self, texts: Sequence[str]) -> Float32[np.ndarray, "n d"]:
        """A unit vector for each text."""
        import torch

        given = self._tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True).to(self.device)
        with torch.no_grad():
            hidden = self._model(
                input_ids=given["input_ids"], attention_mask=given["attention_mask"]
            ).last_hidden_state.float()
        mask = given["attention_mask"].unsqueeze(-1)
        mean = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1)
        return torch.nn.functional.normalize(mean, dim=-1).cpu().numpy()


def _weights(folder: Path) -> str:
    import hashlib

    digest = hashlib.sha256()
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as opened:
            for block in iter(lambda: opened.read(1 << 20), b""):
                digest.update(block)
    return digest.hexdigest()[:16]
