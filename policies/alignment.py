"""What preferences say about a denoiser's errors: the losses of preference fine-tuning.

A policy makes a chunk likely where its denoising error there is small. With the change of that error against the
frozen policy before, Delta = D - D_before, a pair of episodes has the margin m = mean Delta(winner) - mean
Delta(loser), and preferring the winner means m < 0 (Diffusion-DPO, Wallace et al. 2023, over a segment's chunks).
"""

import torch
from jaxtyping import Float32
from torch import Tensor
from torch.nn.functional import logsigmoid


def preferred(
    margin: Float32[Tensor, " b"], weight: Float32[Tensor, " b"], sharpness: float, smoothing: float
) -> Float32[Tensor, ""]:
    """-w [(1 - d) log sigmoid(-B m) + d log sigmoid(B m)]: a share d of the answers may be the wrong way round."""
    right, wrong = logsigmoid(-sharpness * margin), logsigmoid(sharpness * margin)
    return -(weight * ((1 - smoothing) * right + smoothing * wrong)).sum() / weight.sum().clamp_min(1e-6)


def liked(
    change: Float32[Tensor, " b"], good: Float32[Tensor, " b"], weight: Float32[Tensor, " b"], sharpness: float
) -> Float32[Tensor, ""]:
    """KTO (Ethayarajh et al. 2024) on the error's change: each episode for itself, against the batch's mean.

    1 - sigmoid(+-(r - z)), r = -B Delta; z, the batch's mean r where positive, is not followed by the gradient.
    """
    r = -sharpness * change
    z = r.mean().clamp_min(0.0).detach()
    return (weight * (1 - torch.sigmoid(good * (r - z)))).sum() / weight.sum().clamp_min(1e-6)


def weights_of_scores(score: Float32[Tensor, " e"], temperature: float) -> Float32[Tensor, " e"]:
    """Reward-weighted regression: exp(score / temperature) of standardised scores, 1 on average, 20 at most."""
    spread = score.std(correction=0).clamp_min(1e-6)
    weight = torch.exp((score - score.mean()) / spread / temperature).clamp_max(20.0)
    return weight / weight.mean()


def accuracy(margin: Float32[Tensor, " b"]) -> float:
    """Implicit accuracy: the share of pairs whose winner became likelier than its loser; ties are half."""
    return float(((margin < 0).float() + 0.5 * (margin == 0).float()).mean())
