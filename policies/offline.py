"""d3rlpy's IQL (its networks, losses and optimisers), updated without waiting for the device."""

import contextlib
import io
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from policies.bc import gaussian_nll
from policies.encoders import trunk
from policies.fitting import Rows
from policies.pointcloud import CloudTrunk


@contextlib.contextmanager
def without_gym_notice() -> Iterator[None]:
    """d3rlpy imports the old gym, which prints four lines about itself; everything else is passed on."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield
    finally:
        text = said.getvalue()
        start, end = text.find("Gym has been unmaintained"), text.rfind("migration_guide/ for additional information.")
        if 0 <= start < end:
            text = text[:start] + text[text.index("\n", end) + 1 :]
        sys.stderr.write(text)


try:
    with without_gym_notice():
        from d3rlpy.algos import IQL as D3IQL
        from d3rlpy.algos import IQLConfig as D3IQLConfig
        from d3rlpy.algos.qlearning.torch.iql_impl import IQLImpl, IQLModules
        from d3rlpy.models.encoders import EncoderFactory, VectorEncoderFactory
        from d3rlpy.models.torch import ContinuousMeanQFunction
        from d3rlpy.optimizers import AdamFactory, OptimizerWrapper
        from d3rlpy.torch_utility import TorchMiniBatch
except ImportError as error:
    raise ImportError("IQL needs d3rlpy: pip install 'embodied-feedback[offline]'") from error


class FusedAdamFactory(AdamFactory):
    """d3rlpy's Adam with all parameters updated by one kernel, and recordable on a GPU."""

    @staticmethod
    def get_type() -> str:
        return "fused_adam"

    def create_optimizer(self, named_modules: Iterable[tuple[str, nn.Module]], lr: float) -> torch.optim.Adam:
        parameters = list({id(p): p for _, module in named_modules for p in module.parameters()}.values())
        on_gpu = parameters[0].is_cuda
        rate = torch.tensor(lr, device=parameters[0].device) if on_gpu else lr
        return torch.optim.Adam(
            parameters, rate, self.betas, self.eps, self.weight_decay, self.amsgrad, fused=True, capturable=on_gpu
        )


@dataclass()
class TrunkFactory(EncoderFactory):
    """d3rlpy's networks over a state vector and pictures, or vectors and a cloud."""

    hidden: Sequence[int] = (128, 128)
    points: Sequence[int] = ()

    @staticmethod
    def get_type() -> str:
        return "trunk"

    def create(self, observation_shape: Any) -> Any:
        return trunk(observation_shape, self.hidden, self.points)

    def create_with_action(self, observation_shape: Any, action_size: int, discrete_action: bool = False) -> Any:
        return trunk(observation_shape, self.hidden, self.points, action_size)


class RunningScale:
    """The standard deviation of a stream: over all of it at first, then over about its last hundred batches."""

    def __init__(self, device: torch.device) -> None:
        self.variance = torch.zeros((), device=device)
        self.batches = torch.zeros((), device=device)

    def __call__(self, x: Tensor) -> Tensor:
        """The deviation, this batch included. In place, so that it can be recorded."""
        self.batches += 1
        self.variance.lerp_(x.var(correction=0), torch.clamp(1 / self.batches, min=0.01))
        return self.variance.sqrt()

    def tensors(self) -> dict[str, Tensor]:
        return {"variance": self.variance, "batches": self.batches}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self.variance.copy_(tensors["variance"])
        self.batches.copy_(tensors["batches"])


class DeviceIQLImpl(IQLImpl):
    """d3rlpy's update, target values computed once instead of twice, losses left on the device.

    With `scale`, the advantage is divided by its running standard deviation, but never by less than `FLOOR` (in
    units of the reward, which is z-scored): the noise of a reward that says nothing must not be amplified, or the
    constant-reward control does worse than the cloning it amounts to.
    """

    FLOOR = 0.05
    scale: RunningScale | None = None

    @property
    def parts(self) -> IQLModules:
        """Networks and optimisers."""
        return self._modules

    def update_on_device(self, batch: TorchMiniBatch) -> dict[str, Tensor]:
        """One update of critics, value, actor and targets; its losses as scalars on the device."""
        with torch.no_grad():
            q_target = self._q_target(batch)
            target = self.compute_target(batch)
        q_loss = self._q_loss(batch, target)
        v_loss = self._v_loss(batch, q_target)
        _descend(q_loss + v_loss, self._modules.critic_optim)
        actor_loss = self._actor_loss(batch, q_target)
        _descend(actor_loss, self._modules.actor_optim)
        ema = get_ema_multi_avg_fn(1 - self._tau)
        ema(list(self._modules.targ_q_funcs.parameters()), list(self._modules.q_funcs.parameters()), 0)
        return {"q_loss": q_loss.detach(), "v_loss": v_loss.detach(), "actor_loss": actor_loss.detach()}

    def _q_target(self, batch: TorchMiniBatch) -> Tensor:
        return self._targ_q_func_forwarder.compute_expected_q(batch.observations, batch.actions, "min")

    def _q_loss(self, batch: TorchMiniBatch, target: Tensor) -> Tensor:
        losses = [
            forwarder.compute_error(
                batch.observations, batch.actions, batch.rewards, target, batch.terminals, self._gamma
            )
            for forwarder in self._q_func_forwarder.forwarders
        ]
        return torch.stack(losses).sum()

    def _v_loss(self, batch: TorchMiniBatch, q_target: Tensor) -> Tensor:
        difference = q_target - self._modules.value_func(batch.observations)
        weight = (self._expectile - (difference.detach() < 0.0).float()).abs()
        return (weight * difference.square()).mean()

    def _actor_loss(self, batch: TorchMiniBatch, q_target: Tensor) -> Tensor:
        with torch.no_grad():
            advantage = q_target - self._modules.value_func(batch.observations)
            if self.scale is not None:
                advantage = advantage / torch.clamp(self.scale(advantage), min=self.FLOOR)
            weight = (self._weight_temp * advantage).exp().clamp(max=self._max_weight)
        action = self._modules.policy(batch.observations)
        assert action.logstd is not None
        return (weight * gaussian_nll(batch.actions - action.squashed_mu, action.logstd)).mean()


Adopted = TypeVar("Adopted", bound=DeviceIQLImpl)


class CloudIQLImpl(DeviceIQLImpl):
    """The same where the critics share what they make of the points: a cloud goes through it once for both."""

    def _q_target(self, batch: TorchMiniBatch) -> Tensor:
        return self._values(self._modules.targ_q_funcs, batch).amin(0)

    def _q_loss(self, batch: TorchMiniBatch, target: Tensor) -> Tensor:
        wanted = batch.rewards + self._gamma * target * (1 - batch.terminals)
        return (self._values(self._modules.q_funcs, batch) - wanted).square().mean(dim=(1, 2)).sum()

    def _values(self, functions: nn.ModuleList, batch: TorchMiniBatch) -> Tensor:
        """(critics, n, 1)."""
        bodies, seen = _bodies(functions), batch.observations
        features = bodies[0].encode(seen, batch.actions)
        answers = [cast(ContinuousMeanQFunction, function)._fc for function in functions]
        return torch.stack([fc(body.head(features, seen)) for fc, body in zip(answers, bodies, strict=True)])


def _bodies(functions: nn.ModuleList) -> list[CloudTrunk]:
    return [cast(CloudTrunk, cast(ContinuousMeanQFunction, function).encoder) for function in functions]


def _descend(loss: Tensor, optimiser: OptimizerWrapper) -> None:
    optimiser.optim.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def make_impl(
    shapes: Sequence[tuple[int, ...]],
    actions: int,
    hidden: Sequence[int],
    settings: Mapping[str, Any],
    device: str,
    points: Sequence[int] = (),
) -> DeviceIQLImpl:
    """d3rlpy's IQL of those settings over inputs of those shapes, as an implementation we update."""
    plain = len(shapes) == 1 and len(shapes[0]) == 1
    encoder = VectorEncoderFactory(list(hidden)) if plain else TrunkFactory(tuple(hidden), tuple(points))
    config = D3IQLConfig(
        actor_optim_factory=FusedAdamFactory(),
        critic_optim_factory=FusedAdamFactory(),
        actor_encoder_factory=encoder,
        critic_encoder_factory=encoder,
        value_encoder_factory=encoder,
        **settings,
    )
    algorithm = config.create(device=device)
    algorithm.create_impl(shapes[0] if plain else shapes, actions)
    return share(algorithm) if len(shapes[-1]) == 2 else adopt(algorithm)


def share(algorithm: D3IQL) -> CloudIQLImpl:
    """The networks of a built d3rlpy IQL over clouds, the second critic seeing points as the first does."""
    made, config = algorithm.impl, algorithm.config
    assert made is not None
    parts = made._modules
    for functions in (parts.q_funcs, parts.targ_q_funcs):
        first, *others = _bodies(functions)
        for other in others:
            other.points = first.points
    trained = [*parts.q_funcs.named_modules(), *parts.value_func.named_modules()]
    optimiser = config.critic_optim_factory.create(trained, lr=config.critic_learning_rate, compiled=False)
    made._modules = replace(parts, critic_optim=optimiser)
    return adopt(algorithm, CloudIQLImpl)


def adopt(algorithm: D3IQL, kind: type[Adopted] = DeviceIQLImpl) -> Adopted:
    """The networks and optimisers of a built d3rlpy IQL, updated our way."""
    made, config = algorithm.impl, algorithm.config
    assert made is not None
    return kind(
        observation_shape=made.observation_shape,
        action_size=made.action_size,
        modules=made._modules,
        q_func_forwarder=made._q_func_forwarder,
        targ_q_func_forwarder=made._targ_q_func_forwarder,
        gamma=config.gamma,
        tau=config.tau,
        expectile=config.expectile,
        weight_temp=config.weight_temp,
        max_weight=config.max_weight,
        compiled=False,
        device=made.device,
    )


def mini_batch(rows: Rows, index: Tensor, device: str) -> TorchMiniBatch:
    """Those rows as d3rlpy takes them, gathered on the device."""
    frames = rows.at[index]
    now = [x[frames] for x in rows.inputs]
    after = [x[frames + rows.stride] for x in rows.inputs]
    plain = len(now) == 1 and now[0].ndim == 2
    reward = rows.reward[index]
    action = rows.action[index]
    return TorchMiniBatch(
        observations=now[0] if plain else now,
        actions=action,
        rewards=reward,
        next_observations=after[0] if plain else after,
        next_actions=action,  # IQL reads neither this nor the return
        returns_to_go=reward,
        terminals=rows.terminal[index],
        intervals=torch.ones_like(reward),
        device=device,
    )
