"""The mathematics of the methods: pure functions, tensors in, tensors out."""

from collections.abc import Sequence
from itertools import combinations

import torch
from torch import Tensor

from limbeck.modalities import Batch


def squared_gap(real: Tensor, synthetic: Tensor) -> Tensor:
    """Distribution matching of one modality: squared Euclidean distance, (...), of mean embeddings, (..., dim)."""
    return (real - synthetic).square().sum(-1)


def cross_modal_gap(real: Batch, synthetic: Batch, *, joint_weight: float, gap_weight: float) -> Tensor:
    """The loss of audio-visual dataset distillation: per modality, jointly, and across modalities.

    Joint matching (the paper's implicit cross-matching) compares two modalities' summed means, modality-gap matching
    each modality's real mean plus the other's synthetic one.

    With d_a and d_v the real-minus-synthetic gaps, the joint term is ``|d_a + d_v|^2`` and the gap term
    ``|d_a - d_v|^2``; they add to twice the plain loss. Equal weights w therefore give exactly ``1 + 2 w`` times
    plain distribution matching: a factor on the learning rate and no more. Unequal weights couple the modalities by
    ``2 (joint_weight - gap_weight) <d_a, d_v>``. Of more than two modalities, every two have both terms.

    Args:
        real: Mean embedding of the real clips by modality, (..., dim).
        synthetic: Of the synthetic samples, same shapes.
        joint_weight: The paper's lambda_ICM, >= 0.
        gap_weight: The paper's lambda_CGM, >= 0.

    Example:
        >>> import torch
        >>> real, none = {"audio": torch.tensor([1.0, 2.0]), "image": torch.tensor([0.0, 3.0])}, torch.zeros(2)
        >>> cross_modal_gap(real, {"audio": none, "image": none}, joint_weight=10, gap_weight=10)   # 21 * (5 + 9)
        tensor(294.)
    """
    first, *others = (squared_gap(real[m], synthetic[m]) for m in real)
    loss = sum(others, first)
    for one, other in combinations(real, 2):
        if joint_weight:
            loss = loss + joint_weight * squared_gap(real[one] + real[other], synthetic[one] + synthetic[other])
        if gap_weight:
            loss = loss + gap_weight * squared_gap(real[one] + synthetic[other], real[other] + synthetic[one])
    return loss


def gradient_distance(real: Sequence[Tensor], synthetic: Sequence[Tensor]) -> Tensor:
    """Distance of two networks' weight gradients: the matching loss of dataset condensation (DC and DSA).

    For every tensor, the sum over output rows of one minus the cosine of the rows; tensors of one dimension (biases,
    norm weights) count nothing. Source: Zhao et al., "Dataset Condensation with Gradient Matching", ICLR 2021, eq. 9.

    Gradients on `real` and `synthetic` clips are one tensor a weight: (out, in, height, width), (out, in) or (out,).
    The distance is (), >= 0.
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

    Weights, (weight,), are those that the student `reached` on synthetic clips, the expert's some epochs on, its
    `target`, and those from which both `departed`. The ratio of squared distances is (), >= 0.
    """
    return (reached - target).square().sum() / (departed - target).square().sum()


def squared_distances(x: Tensor) -> Tensor:
    """Squared Euclidean distance, (row, row), of every row of (row, dim) from every row; zeros on the diagonal.

    Example:
        >>> squared_distances(torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
        tensor([[ 0., 25.],
                [25.,  0.]])
    """
    # Distances are those between centred rows, too, and there less is lost to rounding.
    centred = x - x.detach().mean(0)
    norms = centred.square().sum(1)
    apart = (norms[:, None] + norms[None] - 2 * centred @ centred.T).clamp(min=0)
    return apart * (1 - torch.eye(len(x), dtype=x.dtype, device=x.device))


def gaussian_kernels(x: Tensor, count: int = 5, factor: float = 2.0) -> Tensor:
    """Sum of Gaussian kernels whose widths are powers of a factor around the rows' mean squared distance.

    Source: Zhang et al., "M3D: Dataset Condensation by Minimizing Maximum Mean Discrepancy", AAAI 2024.

    Of so many, `count`, an odd number, the middle one has the mean squared distance b of different rows as its width,
    exp(-distance² / b), and neighbouring widths differ by a `factor`. No gradient goes through b. From (row, dim) to
    (row, row), 0..count.
    """
    apart = squared_distances(x)
    width = apart.detach().sum() / max(len(x) * (len(x) - 1), 1)
    powers = torch.arange(count, dtype=x.dtype, device=x.device) - count // 2
    widths = (width * factor**powers).clamp(min=torch.finfo(x.dtype).tiny)
    return torch.exp(-apart / widths[:, None, None]).sum(0)


def geodesic_kernel(x: Tensor, width: float) -> Tensor:
    """Gaussian kernel of the angle between rows of length one.

    Source: Jeong et al., "Multimodal Distribution Matching for Vision-Language Dataset Distillation", CVPR 2026.

    From rows of norm 1, (row, dim), to exp(-angle² / (2 width²)), (row, row); the width is in radian.
    """
    # The angle has no derivative at 0 and pi; its square has.
    cosine = (x @ x.T).clamp(-1 + 1e-6, 1 - 1e-6)
    return torch.exp(-torch.acos(cosine).square() / (2 * width**2))


def kernel_discrepancy(kernel: Tensor, real: int) -> Tensor:
    """Squared maximum mean discrepancy of real and synthetic rows: the distance of their means where the kernel lives.

    Source: Gretton et al., "A Kernel Two-Sample Test", JMLR 2012, eq. 5 (the estimator that is never negative).

    Of a kernel of every row with every row, (row, row), so many `real` rows first, it is the mean over real pairs plus
    the mean over synthetic pairs minus twice the mean over mixed pairs, ().

    Example:
        >>> x = torch.tensor([[1.0, 0.0], [3.0, 0.0], [2.0, 1.0]])   # means (2, 0) and (2, 1)
        >>> kernel_discrepancy(x @ x.T, real=2)
        tensor(1.)
    """
    return kernel[:real, :real].mean() + kernel[real:, real:].mean() - 2 * kernel[:real, real:].mean()


def characteristic_gap(real: Tensor, synthetic: Tensor, amplitude_weight: float = 0.5) -> Tensor:
    """Distance of two empirical characteristic functions, the mean over frequencies.

    At a frequency t the function is phi(t) = mean exp(i <t, x>) over the samples x. The published distance is the root
    of ``w (|phi_r| - |phi_s|)^2 + (1 - w) 2 (|phi_r| |phi_s| - Re(phi_r conj phi_s))``, of amplitude and of phase. The
    two brackets add to ``|phi_r - phi_s|^2``, which is how it is computed: what is 0 stays 0.

    Source: Wang et al., "Dataset Distillation with Neural Characteristic Function", CVPR 2025
    (https://arxiv.org/abs/2502.20653).

    Args:
        real: <t, x> of real samples, radian, (real, frequency).
        synthetic: <t, x> of synthetic samples, radian, (synthetic, frequency).
        amplitude_weight: w, 0..1; at 1/2 the distance, 0..sqrt(2), is ``|phi_r - phi_s| / sqrt(2)``.

    Example:
        >>> characteristic_gap(torch.zeros(1, 1), torch.full((1, 1), torch.pi))   # 1 against -1
        tensor(1.4142)
    """
    (re_r, im_r), (re_s, im_s) = ((x.cos().mean(0), x.sin().mean(0)) for x in (real, synthetic))
    apart = (re_r - re_s).square() + (im_r - im_s).square()
    amplitudes = [(re.square() + im.square()).clamp(min=1e-12).sqrt() for re, im in ((re_r, im_r), (re_s, im_s))]
    amplitude = (amplitudes[0] - amplitudes[1]).square()
    squared = (1 - amplitude_weight) * apart + (2 * amplitude_weight - 1) * amplitude
    return root(squared).mean()


def root(x: Tensor) -> Tensor:
    """Square root of values >= 0 that is 0 with gradient 0 at (and by rounding below) zero."""
    positive = x > 1e-12
    return torch.where(positive, x.where(positive, torch.ones_like(x)).sqrt(), torch.zeros_like(x))


def cross_covariance_gap(one: tuple[Tensor, Tensor], other: tuple[Tensor, Tensor]) -> Tensor:
    """Squared distance of the synthetic cross-covariance of two modalities from the real one, in parts of its square.

    Of each modality there are real features, (clip, dim), and synthetic ones, (sample, dim); rows of the two modalities
    belong together. Each side loses its own mean. The matrices, as large as one modality's features are many times the
    other's, are never made: for rows x, y with weights w, ``|sum w x y'|^2`` is ``w' (X X' * Y Y') w``.

    Example:
        >>> x = torch.tensor([[1.0], [-1.0]])
        >>> float(cross_covariance_gap((x, x), (x, x))), float(cross_covariance_gap((x, 2 * x), (x, x)))
        (0.0, 1.0)
    """
    real, synthetic = one[0], one[1]
    centred = [torch.cat([rows - rows.mean(0) for rows in side]) for side in (one, other)]
    inner = (centred[0] @ centred[0].T) * (centred[1] @ centred[1].T)
    weights = torch.cat(
        [real.new_full((len(real),), 1 / len(real)), real.new_full((len(synthetic),), -1 / len(synthetic))]
    )
    n = len(real)
    whole = weights[:n] @ inner[:n, :n] @ weights[:n]
    return weights @ inner @ weights / whole.clamp_min(torch.finfo(whole.dtype).tiny)


def mean_gap(real: Tensor, synthetic: Tensor) -> Tensor:
    """Squared distance of the means of features, (clip, dim) and (sample, dim), in parts of the real ones' variance.

    Example:
        >>> float(mean_gap(torch.tensor([[1.0], [-1.0]]), torch.tensor([[2.0]])))
        4.0
    """
    variance = real.var(0, correction=0).sum()
    return (real.mean(0) - synthetic.mean(0)).square().sum() / variance.clamp_min(torch.finfo(variance.dtype).tiny)
