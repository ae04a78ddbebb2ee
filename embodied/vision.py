"""Image encoders small enough to train on a laptop's cores."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

SHARPNESS = 4.0  # log; a softmax that begins flat points everywhere at once and learns three times slower


class SpatialSoftmaxEncoder(nn.Module):
    """Where each of 32 learned patterns is, and how strongly it is there: (n, C, H, W) in [0, 1] -> (n, 96).

    Two strided convolutions, then per channel the expected position under a softmax over the picture
    (Levine et al. 2016, learned temperature) and the strongest activation.
    """

    def __init__(self, channels: int = 3, patterns: int = 32) -> None:
        super().__init__()
        self.stem = nn.Conv2d(channels, 16, 5, stride=2, padding=2)
        self.patterns = nn.Conv2d(16, patterns, 3, stride=2, padding=1)
        self.log_temperature = nn.Parameter(torch.tensor(SHARPNESS))
        self.features = 3 * patterns

    def forward(self, image: Float[Tensor, "n c h w"]) -> Float[Tensor, "n f"]:
        activation = self.patterns(torch.relu(self.stem(image - 0.5)))
        n, _, height, width = activation.shape
        flat = activation.flatten(2)
        weight = torch.softmax(flat * self.log_temperature.exp(), dim=2).view(n, -1, height, width)
        x = torch.linspace(-1, 1, width, device=image.device)
        y = torch.linspace(-1, 1, height, device=image.device)
        return torch.cat([weight.sum(2) @ x, weight.sum(3) @ y, flat.amax(2)], dim=1)


def to_float(frames: Tensor, size: int | None = None) -> Float[Tensor, "n c h w"]:
    """Stored frames (n, H, W, C) of bytes as (n, C, h, w) in [0, 1], averaged down to `size` pixels if given."""
    image = frames.permute(0, 3, 1, 2).float() / 255.0
    if size is not None and image.shape[-1] != size:
        image = nn.functional.interpolate(image, size=(size, size), mode="area")
    return image


def shifted(image: Float[Tensor, "n c h w"], pixels: int, generator: torch.Generator) -> Float[Tensor, "n c h w"]:
    """Every picture moved by up to so many pixels, edges repeated (random shifts, Kostrikov et al. 2021)."""
    if pixels == 0:
        return image
    n, _, height, width = image.shape
    padded = nn.functional.pad(image, (pixels,) * 4, mode="replicate")
    offset = torch.randint(0, 2 * pixels + 1, (2, n), generator=generator).to(image.device)
    rows = offset[0, :, None] + torch.arange(height, device=image.device)
    columns = offset[1, :, None] + torch.arange(width, device=image.device)
    index = torch.arange(n, device=image.device)[:, None, None]
    return padded.permute(0, 2, 3, 1)[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
