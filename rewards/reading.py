"""An encoder taught, without any label, to read recorded low-dimensional observations off the picture.

Preferences are few and noisy; what a camera and the robot's own recording say of the same moment is plentiful. A net
that has learned to read the second off the first leaves the reward a dozen numbers to weigh instead of pixels. It
sees only pixels afterwards. Only what is recorded can be read: use it where the recording covers what matters.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from embodied.dataset import Dataset
from embodied.vision import SpatialSoftmaxEncoder, to_float

MOST = 24_000  # frames that are learned from, whatever the size of the data
BATCH = 128


class Reader(nn.Module):
    """Pictures (n, C, h, w) in [0, 1] -> what is read, standardised (n, d)."""

    def __init__(self, channels: int, read: int, hidden: int = 128) -> None:
        super().__init__()
        self.encoder = SpatialSoftmaxEncoder(channels)
        self.head = nn.Sequential(nn.Linear(self.encoder.features, hidden), nn.ReLU(), nn.Linear(hidden, read))

    def forward(self, picture: Tensor) -> Tensor:
        return self.head(self.encoder(picture))


def sample(dataset: Dataset, rng: np.random.Generator) -> np.ndarray:
    """(m, 2) moments: every frame of the data, or MOST random ones."""
    length = dataset.lengths + 1
    moments = np.stack([np.repeat(dataset.ids, length), np.concatenate([np.arange(n) for n in length])], axis=1)
    return moments if len(moments) <= MOST else moments[np.sort(rng.choice(len(moments), MOST, replace=False))]


def fit_reader(
    pictures: Tensor,
    target: Tensor,
    *,
    epochs: int,
    seed: int,
    device: torch.device,
    out: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Reader, float]:
    """Teach (n, h, w, C) bytes -> (n, d) standardised; returns the reader and R^2 on a tenth that it did not see.

    With `out`, a finished reader is kept there and only loaded when asked for again.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        reader = Reader(pictures.shape[-1], target.shape[1]).to(device)
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(pictures))
    test, train = torch.from_numpy(order[: len(order) // 10 + 1]), order[len(order) // 10 + 1 :]
    if out is not None and out.exists():
        reader.load_state_dict(load_file(out))
    else:
        _train(reader, pictures, target, train, epochs, rng, device, progress)
        if out is not None:
            out.parent.mkdir(parents=True, exist_ok=True)
            save_file(reader.state_dict(), out.with_suffix(".tmp"))
            out.with_suffix(".tmp").rename(out)
    error = ((read(reader, pictures[test], device) - target[test]) ** 2).mean()
    return reader.eval(), float(1 - error / target[test].var(0).mean())


def _train(
    reader: Reader,
    pictures: Tensor,
    target: Tensor,
    rows: np.ndarray,
    epochs: int,
    rng: np.random.Generator,
    device: torch.device,
    progress: Callable[[int, int], None] | None,
) -> None:
    optimiser = torch.optim.AdamW(reader.parameters(), lr=2e-3, weight_decay=1e-4)
    steps = -(-len(rows) // BATCH) * epochs
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 2e-3, total_steps=steps)
    for epoch in range(epochs):
        for part in np.array_split(rng.permutation(rows), -(-len(rows) // BATCH)):
            index = torch.from_numpy(part)
            found = reader(to_float(pictures[index].to(device)))
            loss = nn.functional.smooth_l1_loss(found, target[index].to(device), beta=0.1)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
        if progress:
            progress(epoch + 1, epochs)


@torch.no_grad()
def read(reader: Reader, pictures: Tensor, device: torch.device) -> Tensor:
    """What is read off (n, h, w, C) bytes, (n, d) standardised."""
    return torch.cat([reader(to_float(part.to(device))).cpu() for part in pictures.split(512)])
