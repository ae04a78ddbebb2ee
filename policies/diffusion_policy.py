"""The saved diffusion policy: observations in, a chunk of actions in the robot's units out.

Its noise is a function of its seed and of what it sees: the same observations give the same actions, whatever else is
in the batch, and different ones draw independently.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32, Shaped
from safetensors.torch import load_file
from torch import Tensor, nn

from embodied.batches import Normaliser, device_of
from embodied.config import from_plain
from embodied.graphs import Recorded
from embodied.spec import Spec
from embodied.training import prefixed, seeded, under, write_json, write_tensors
from policies.actor import Interface, as_tensors, digest
from policies.denoisers import Shape
from policies.denoising import Kind, Steps, kept_signal
from policies.encoders import trunk
from policies.pointcloud import Cloud

SCHEMA = 1


@dataclass(frozen=True)
class Chunking:
    """How chunks are drawn and carried out."""

    observed: int = 1
    executed: int = 8
    horizon: int = 16
    levels: int = 100
    sampler: Kind = "ddim"
    sampling_steps: int = 10


class Chunker(nn.Module):
    """Inputs of the observed frames and a noisy chunk -> the noise in it."""

    def __init__(self, eye: nn.Module | None, network: nn.Module, observed: int) -> None:
        super().__init__()
        self.eye, self.network, self.observed = eye, network, observed

    @classmethod
    def of(
        cls, interface: Interface, chunking: Chunking, shape: Shape, hidden: Sequence[int], points: Sequence[int]
    ) -> "Chunker":
        """The network for these inputs; a bare state goes to the denoiser as it is. ValueError for pictures so."""
        shapes = list(interface.shapes)
        first, *others = shapes
        if not hidden and (others or len(first) != 1):
            raise ValueError(f"inputs of shapes {shapes} are read through layers; give `hidden` widths, as 128")
        eye = trunk(shapes, hidden, points) if hidden else None
        features = hidden[-1] if hidden else int(np.prod(first))
        actions = interface.spec.action.shape[0]
        return cls(eye, shape.build(actions, features, chunking.observed, chunking.horizon), chunking.observed)

    def look(self, inputs: Sequence[Tensor]) -> Tensor:
        """Inputs, frame by frame (n * o, ...) -> what the denoiser takes of them."""
        features = inputs[0] if self.eye is None else self.eye(list(inputs))
        return self.network.seen(features.unflatten(0, (-1, self.observed)))  # type: ignore[operator]

    def noise_in(self, x: Tensor, level: Tensor, inputs: Sequence[Tensor]) -> Tensor:
        """The guessed noise in chunks (n, h, a), each at its own noise level (n,)."""
        return self.network(x, self.network.levels(level), self.look(inputs))  # type: ignore[operator]


class DiffusionPolicy:
    """A `Policy` that answers with chunks; with more than one observed frame it remembers, and answers step by step."""

    def __init__(
        self, interface: Interface, network: Chunker, about: Mapping[str, Any], device: str = "cpu", *,
        chunking: Chunking, shape: Shape, hidden: Sequence[int] = (), points: Sequence[int] = (), seed: int = 0,
    ) -> None:  # fmt: skip
        self.device = device_of(device)
        self.interface, self.network = interface.to(self.device), network.to(self.device).eval()
        self.about, self.chunking, self.shape, self.seed = dict(about), chunking, shape, seed
        self.hidden, self.points = tuple(hidden), tuple(points)
        kept = kept_signal(chunking.levels)
        self.steps = Steps.of(kept, chunking.sampler, chunking.sampling_steps).to(self.device)
        self._low = torch.tensor(interface.spec.action.low, dtype=torch.float32, device=self.device)
        self._high = torch.tensor(interface.spec.action.high, dtype=torch.float32, device=self.device)
        with torch.no_grad():
            self._levels = self.network.network.levels(self.steps.at)  # type: ignore[operator]
        self._loops: dict[tuple[int, ...], Recorded] = {}
        self.reset("")

    @property
    def spec(self) -> Spec:
        """What it needs to see, and what it gives."""
        return self.interface.spec

    def reset(self, task: str) -> None:
        """Forget what was seen."""
        self._seen: list[tuple[Tensor, ...]] = []
        self._left: list[np.ndarray] = []

    def act(self, obs: Mapping[str, Shaped[np.ndarray, "n ..."]]) -> Float32[np.ndarray, "n h a"]:
        """A chunk for every row, or with a memory its next action; inside the spec's bounds."""
        inputs = self.interface.inputs(as_tensors(self.spec, obs, self.device))
        if self.chunking.observed == 1:
            return self._drawn(inputs, obs)
        if self._seen and len(self._seen[-1][0]) != len(inputs[0]):
            raise ValueError(f"{len(inputs[0])} rows after {len(self._seen[-1][0])}; reset a policy that remembers")
        self._seen = [*(self._seen or [inputs] * self.chunking.observed), inputs][-self.chunking.observed :]
        if not self._left:
            joined = tuple(torch.stack(frames, dim=1).flatten(0, 1) for frames in zip(*self._seen, strict=True))
            self._left = list(self._drawn(joined, obs).swapaxes(0, 1))
        return self._left.pop(0)[:, None]

    def _drawn(self, inputs: tuple[Tensor, ...], obs: Mapping[str, np.ndarray]) -> np.ndarray:
        return self.sample(inputs, self.noise(obs)).cpu().numpy()

    def with_network(self, network: Chunker, about: Mapping[str, Any]) -> "DiffusionPolicy":
        """The same policy with other weights."""
        return DiffusionPolicy(
            self.interface, network, about, str(self.device), chunking=self.chunking, shape=self.shape,
            hidden=self.hidden, points=self.points, seed=self.seed,
        )  # fmt: skip

    @torch.no_grad()
    def sample(self, inputs: Sequence[Tensor], noise: Tensor) -> Float32[Tensor, "n h a"]:
        """The executed part of chunks in the robot's units, for inputs (n * o, ...), from noise (draws, n, h, a)."""
        first = self.chunking.observed - 1
        chunk = self.denoise(self.network.look(inputs), noise)[:, first : first + self.chunking.executed]
        return torch.clamp(self.interface.action.invert(chunk), self._low, self._high)

    def denoise(self, seen: Tensor, noise: Tensor) -> Tensor:
        """Normalised chunks, by one recorded graph a shape where there is a GPU."""
        noise_size, key = noise.numel(), (*seen.shape, *noise.shape)

        def loop(rows: Tensor) -> Tensor:
            start, looked = rows[:noise_size].view(noise.shape), rows[noise_size:].view(seen.shape)
            return self.steps.run(lambda x, k: self.network.network(x, self._levels[k : k + 1], looked), start)

        recorded = self._loops.setdefault(key, Recorded(loop))
        return recorded(torch.cat([noise.flatten(), seen.flatten()]))

    def noise(self, obs: Mapping[str, np.ndarray], each: int = 1) -> Float32[Tensor, "d m h a"]:
        """Noise for `each` chunks of every row, its own from what it sees."""
        arrays = [np.ascontiguousarray(obs[name]) for name in self.spec.obs]
        shape = (self.steps.draws, each, self.chunking.horizon, self.spec.action.shape[0])
        drawn = []
        for row in zip(*arrays, strict=True):
            content = 0
            for array in row:
                content = zlib.crc32(array.tobytes(), content)
            rng = np.random.Generator(np.random.Philox(key=[self.seed, content]))
            drawn.append(rng.standard_normal(shape, np.float32))
        return torch.from_numpy(np.concatenate(drawn, axis=1)).to(self.device)

    def save(self, folder: Path) -> None:
        """`policy.safetensors`, then `policy.json`, which says that the policy is complete."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "policy.safetensors"
        face = self.interface
        write_tensors(path, {
            **prefixed("network", self.network.state_dict()),
            **prefixed("state", face.state.tensors()),
            **prefixed("action", face.action.tensors()),
        })  # fmt: skip
        head = {
            "schema": SCHEMA, "kind": "diffusion", "spec": face.spec.to_json(), "size": face.size,
            "cloud": asdict(face.cloud) if face.cloud else None, "chunking": asdict(self.chunking),
            "shape": asdict(self.shape), "hidden": self.hidden, "points": self.points, "seed": self.seed,
        }  # fmt: skip
        write_json(folder / "policy.json", {**head, "sha256": digest(path), "trained": self.about})


def load(folder: Path, device: str = "cpu") -> DiffusionPolicy:
    """The inverse of `DiffusionPolicy.save`."""
    head = json.loads((folder / "policy.json").read_text())
    if head.get("schema") != SCHEMA:
        raise ValueError(f"{folder}/policy.json has schema {head.get('schema')}, this program reads {SCHEMA}")
    path = folder / "policy.safetensors"
    if digest(path) != head["sha256"]:
        raise ValueError(f"{path} is not the file that policy.json describes; it was changed or cut; train again")
    tensors = load_file(path)
    state, action = (Normaliser.from_tensors(under(name, tensors)) for name in ("state", "action"))
    cloud = Cloud(**head["cloud"]) if head["cloud"] else None
    interface = Interface(Spec.from_json(head["spec"]), state, action, head["size"], cloud)
    chunking = Chunking(**head["chunking"])
    shape = from_plain(Shape, head["shape"])
    with seeded(0):  # what it starts from is overwritten
        network = Chunker.of(interface, chunking, shape, head["hidden"], head["points"])
    network.load_state_dict(under("network", tensors))
    return DiffusionPolicy(
        interface, network, head["trained"], device, chunking=chunking, shape=shape, hidden=head["hidden"],
        points=head["points"], seed=head["seed"],
    )  # fmt: skip
