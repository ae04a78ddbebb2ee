"""Pretrained backbones of other libraries as frozen encoders, in evaluation mode, with their own preparation."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, UInt8
from torch import Tensor, nn

from embodied import plugins
from embodied.batches import device_of
from embodied.openclip import digest_of as digest_of_model

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Backbone:
    """A network (n, 3, s, s) -> (n, f) behind resizing and normalisation."""

    def __init__(self, model: nn.Module, size: int, mean: Any, std: Any, device: str) -> None:
        self.device, self.size = device_of(device), size
        self.model = model.eval().requires_grad_(False).to(self.device)
        self.mean, self.std = (torch.tensor(v, device=self.device).view(1, 3, 1, 1) for v in (mean, std))
        self.digest = digest_of_model(model, repr((size, tuple(mean), tuple(std))))

    @torch.no_grad()
    def encode(self, frames: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n f"]:
        """One row per picture, pooled."""
        x = torch.tensor(frames, device=self.device).permute(0, 3, 1, 2).float() / 255.0
        x = nn.functional.interpolate(x, size=(self.size, self.size), mode="bicubic", antialias=True).clamp(0, 1)
        found: Tensor = self.model((x - self.mean) / self.std)
        return found.flatten(1).float().cpu().numpy()


def from_timm(name: str, device: str = "auto") -> Backbone:
    """A model of timm by name, pooled, without its classifier. Its weights are downloaded unless they were before."""
    create: Callable[..., Any] = plugins.load("timm:create_model")
    model = create(name, pretrained=True, num_classes=0)
    size, mean, std = (model.pretrained_cfg[key] for key in ("input_size", "mean", "std"))
    return Backbone(model, size[-1], mean, std, device)


def from_torchvision(name: str, device: str = "auto") -> Backbone:
    """A classification model of torchvision by name, without its classifier."""
    create: Callable[..., Any] = plugins.load("torchvision.models:get_model")
    return Backbone(headless(create(name, weights="DEFAULT")), 224, MEAN, STD, device)


def headless(model: nn.Module) -> nn.Module:
    """The same model giving its features; ValueError for one whose classifier is not where they usually are."""
    for last in ("fc", "classifier", "heads", "head"):
        if hasattr(model, last):
            setattr(model, last, nn.Identity())
            return model
    raise ValueError(f"no classifier found in {type(model).__name__}; take a model of timm, which gives its features")


def from_open_clip(name: str, device: str = "auto") -> Any:
    """A CLIP model's picture tower, as ARCHITECTURE/TAG or a folder that open_clip saved a model to."""
    from embodied.openclip import load_clip

    model, _, tag = name.rpartition("/") if "/" in name else (name, "", "")
    return ClipFrames(load_clip(model or name, tag, device=device, cache="none"))


class ClipFrames:
    """A CLIP encoder under this package's name for what it does."""

    def __init__(self, clip: Any) -> None:
        self.clip, self.digest = clip, clip.digest

    def encode(self, frames: UInt8[np.ndarray, "n h w 3"]) -> Float32[np.ndarray, "n f"]:
        """A unit vector per picture."""
        return self.clip.images(frames)
