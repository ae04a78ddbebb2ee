"""CLIP models through open_clip: pictures and sentences as unit vectors of one space (Radford et al. 2021)."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from embodied import plugins
from embodied.features import FeatureCache, default_cache, picture_keys

ARCHITECTURE, WEIGHTS = "ViT-B-32", "laion2b_s34b_b79k"
BATCH = 64


class ClipEncoder:
    """A CLIP model with its tokenizer and its way of preparing pictures; `digest` names weights and preparation.

    Pictures pass a cache by content, so that what was encoded once, by these weights, is not encoded again.
    """

    def __init__(self, model: Any, prepare: Any, tokenize: Any, name: str, device: str, cache: FeatureCache) -> None:
        self.name, self.device, self.cache = name, torch.device(device), cache
        self._model, self._prepare, self._tokenize = model.eval().to(self.device), prepare, tokenize
        self.digest = digest_of(model, repr(prepare))

    def images(self, frames: UInt8[np.ndarray, "n H W C"]) -> Float32[np.ndarray, "n d"]:
        """A unit vector for each picture, from its pixels alone."""
        return self.cache.through(self.digest, picture_keys(frames), lambda places: self._encoded(frames, places))

    @torch.no_grad()
    def texts(self, sentences: Sequence[str]) -> Float32[np.ndarray, "k d"]:
        """A unit vector for each sentence."""
        tokens = self._tokenize(list(sentences)).to(self.device)
        return self._model.encode_text(tokens, normalize=True).float().cpu().numpy()

    @torch.no_grad()
    def _encoded(self, frames: np.ndarray, places: list[int]) -> Float32[np.ndarray, "m d"]:
        from PIL import Image

        found = []
        for start in range(0, len(places), BATCH):
            shown = [Image.fromarray(_rgb(frames[i])) for i in places[start : start + BATCH]]
            batch = torch.stack([self._prepare(picture) for picture in shown]).to(self.device)
            found.append(self._model.encode_image(batch, normalize=True).float().cpu())
        return torch.cat(found).numpy()


def load_clip(
    model: str = ARCHITECTURE, pretrained: str = WEIGHTS, *, device: str = "auto", cache: str = "auto"
) -> ClipEncoder:
    """A pretrained model: an architecture of open_clip with one of its tags or a weights file; or a folder with both.

    A folder holds open_clip_config.json and the weights, as open_clip saves them. A tag is downloaded unless it was
    before. `cache` is a file for features, "auto" for the user's, "none" for none. Raises ValueError that names what
    is missing, ModuleNotFoundError without open_clip.
    """
    create = plugins.load("open_clip:create_model_from_pretrained")
    tokenizer = plugins.load("open_clip:get_tokenizer")
    if Path(model).is_dir():
        place, weights, name = f"local-dir:{model}", None, Path(model).resolve().name
        if not (Path(model) / "open_clip_config.json").is_file():
            raise ValueError(f"{model} has no open_clip_config.json; name a folder that open_clip saved a model to")
    else:
        check_weights(model, pretrained)
        place, weights = model, pretrained or None
        name = f"{model} {Path(pretrained).name}".strip()
    try:
        made, prepare = create(place, pretrained=weights, device="cpu")
        words = tokenizer(place)
    except Exception as error:  # whatever a hub, a disk or an unpickler found wrong
        raise ValueError(
            f"the CLIP weights {pretrained if weights else model!r} cannot be loaded ({first_line(error)}); without a "
            f"network, give a weights file as pretrained, or a folder with open_clip_config.json and weights as model"
        ) from error
    chosen = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    kept = FeatureCache({"auto": default_cache(), "none": None}.get(cache, cache))
    return ClipEncoder(made, prepare, words, name, chosen, kept)


def check_weights(model: str, pretrained: str) -> None:
    """Refuse an architecture that open_clip does not have and weights that are neither a file nor one of its tags."""
    if ":" in model:  # hf-hub:NAME or local-dir:FOLDER
        return
    if model not in (there := plugins.load("open_clip:list_models")()):
        raise plugins.unknown("CLIP architecture or folder", model, there)
    tags = plugins.load("open_clip:list_pretrained_tags_by_model")(model)
    if pretrained not in tags and not Path(pretrained).is_file():
        raise ValueError(
            f"no weights {pretrained!r} for {model}: neither a file nor one of its tags ({', '.join(tags) or 'none'})"
        )


def digest_of(model: torch.nn.Module, preparation: str) -> str:
    """sha256 of all weights and of how pictures are prepared."""
    digest = hashlib.sha256(json.dumps([type(model).__name__, preparation]).encode())
    for name, weight in sorted(model.state_dict().items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
        digest.update(weight.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def first_line(error: Exception) -> str:
    """What went wrong, briefly."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _rgb(frame: UInt8[np.ndarray, "H W C"]) -> UInt8[np.ndarray, "H W 3"]:
    if frame.shape[-1] not in (1, 3, 4):
        raise ValueError(f"a picture of {frame.shape[-1]} channels is neither grey nor coloured")
    return np.ascontiguousarray(np.repeat(frame, 3, axis=-1) if frame.shape[-1] == 1 else frame[..., :3])
