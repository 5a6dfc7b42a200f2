"""The mathematics of the methods: pure functions, tensors in, tensors out."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor


def squared_gap(real: Tensor, synthetic: Tensor) -> Tensor:
    """Squared Euclidean distance of mean embeddings: distribution matching of one modality.

    Args:
        real: Mean embedding of the real clips, (..., dim).
        synthetic: Mean embedding of the synthetic clips, same shape.

    Returns:
        (...): the sum over dim of the squared differences.
    """
    return (real - synthetic).square().sum(-1)


def joint_gap(real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor) -> Tensor:
    """Joint matching (the paper's implicit cross-matching): distance of the summed sound and picture means.

    Args:
        real_audio: Mean sound embedding of the real clips, (..., dim).
        real_image: Mean picture embedding of the real clips, same shape.
        audio: Mean sound embedding of the synthetic clips, same shape.
        image: Mean picture embedding of the synthetic clips, same shape.

    Returns:
        (...): the squared distance.
    """
    return squared_gap(real_audio + real_image, audio + image)


def modality_gap(real_audio: Tensor, real_image: Tensor, audio: Tensor, image: Tensor) -> Tensor:
    """Modality-gap matching: distance of real sound with synthetic picture from real picture with synthetic sound.

    Args:
        real_audio: Mean sound embedding of the real clips, (..., dim).
        real_image: Mean picture embedding of the real clips, same shape.
        audio: Mean sound embedding of the synthetic clips, same shape.
        image: Mean picture embedding of the synthetic clips, same shape.

    Returns:
        (...): the squared distance.
    """
    return squared_gap(real_audio + image, real_image + audio)


def audio_visual_gap(
    real_audio: Tensor,
    real_image: Tensor,
    audio: Tensor,
    image: Tensor,
    *,
    joint_weight: float,
    gap_weight: float,
) -> Tensor:
    """The loss of audio-visual dataset distillation: per modality, jointly, and across modalities.

    With d_a and d_v the real-minus-synthetic gaps, the joint term is ``|d_a + d_v|^2`` and the gap term
    ``|d_a - d_v|^2``; they add to twice the plain loss. Equal weights w therefore give exactly ``1 + 2 w`` times
    plain distribution matching: a factor on the learning rate and no more. Unequal weights couple the modalities by
    ``2 (joint_weight - gap_weight) <d_a, d_v>``.

    Args:
        real_audio: Mean sound embedding of the real clips, (..., dim).
        real_image: Mean picture embedding of the real clips, same shape.
        audio: Mean sound embedding of the synthetic clips, same shape.
        image: Mean picture embedding of the synthetic clips, same shape.
        joint_weight: The paper's lambda_ICM, >= 0.
        gap_weight: The paper's lambda_CGM, >= 0.

    Returns:
        (...): the weighted sum.

    Example:
        >>> import torch
        >>> a, v, zero = torch.tensor([1.0, 2.0]), torch.tensor([0.0, 3.0]), torch.zeros(2)
        >>> audio_visual_gap(a, v, zero, zero, joint_weight=10, gap_weight=10)   # 21 * (5 + 9)
        tensor(294.)
    """
    loss = squared_gap(real_audio, audio) + squared_gap(real_image, image)
    if joint_weight:
        loss = loss + joint_weight * joint_gap(real_audio, real_image, audio, image)
    if gap_weight:
        loss = loss + gap_weight * modality_gap(real_audio, real_image, audio, image)
    return loss


def gradient_distance(real: Sequence[Tensor], synthetic: Sequence[Tensor]) -> Tensor:
    """Distance of two networks' weight gradients: the matching loss of dataset condensation (DC and DSA).

    For every tensor, the sum over output rows of one minus the cosine of the rows; tensors of one dimension (biases,
    norm weights) count nothing. Source: Zhao et al., "Dataset Condensation with Gradient Matching", ICLR 2021, eq. 9.

    Args:
        real: Gradients on real clips, one tensor a weight: (out, in, height, width), (out, in) or (out,).
        synthetic: Gradients on synthetic clips, same shapes.

    Returns:
        (): the distance, >= 0.
    """
    total = synthetic[0].new_zeros(())
    for r, s in zip(real, synthetic, strict=True):
        if r.ndim < 2:
            continue
        a, b = r.flatten(1), s.flatten(1)
        # 1e-6 in the denominator as in the published code: rows without gradient count 1, not NaN.
        cosine = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1) + 1e-6)
        total = total + (1 - cosine).sum()
    return total


def trajectory_distance(reached: Tensor, target: Tensor, departed: Tensor) -> Tensor:
    """How far a student ended from an expert, relative to how far the expert went: the loss of MTT.

    Source: Cazenavette et al., "Dataset Distillation by Matching Training Trajectories", CVPR 2022, eq. 2.

    Args:
        reached: Student weights after training on synthetic clips, (weight,).
        target: Expert weights some epochs on, (weight,).
        departed: Expert weights both started from, (weight,).

    Returns:
        (): the ratio of squared distances, >= 0.
    """
    return (reached - target).square().sum() / (departed - target).square().sum()
