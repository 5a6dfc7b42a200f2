from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck.errors import InputError
from limbeck.networks import Head, heads
from limbeck.networks.heads.ensemble import Ensemble, average


def _head(name: str, audio_dim: int = 6, image_dim: int = 6, seed: int = 0) -> Head:
    return heads.load(name)(audio_dim, image_dim, 4, generator=torch.Generator().manual_seed(seed))


def _features() -> tuple[Tensor, Tensor, Tensor]:
    draw = torch.Generator().manual_seed(1)
    return torch.randn(5, 6, generator=draw), torch.randn(5, 6, generator=draw), torch.tensor([0, 1, 2, 3, 0])


def test_ensemble_agrees_with_the_reference(golden: Path) -> None:
    stored = {k: torch.from_numpy(np.asarray(v)) for k, v in np.load(golden / "eval_rule.npz").items()}
    head = Ensemble(10, 10, 10, generator=torch.Generator())
    head.audio, head.image = nn.Identity(), nn.Identity()  # type: ignore[assignment]
    a, v = stored["out_a"], stored["out_v"]
    scores = head.scores(a, v)
    torch.testing.assert_close(scores["A+V"], stored["probs"], rtol=0, atol=1e-15)
    assert torch.equal(scores["A+V"].argmax(1), stored["pred"])
    assert not torch.equal((a + v).argmax(1), stored["pred"])
    torch.testing.assert_close(head.loss(a, v, stored["gt"]), stored["loss"], rtol=0, atol=1e-14)
    torch.testing.assert_close(scores["A"], a.exp() / a.exp().sum(1, keepdim=True))
    torch.testing.assert_close(average(a, v)["V"], v.softmax(1))


def test_ensemble_modalities_share_no_gradient() -> None:
    audio, image, labels = (t.requires_grad_() if t.is_floating_point() else t for t in _features())
    head = _head("ensemble")
    (both,) = torch.autograd.grad(head.loss(audio, image, labels), audio)
    (alone,) = torch.autograd.grad(F.cross_entropy(head.audio(audio), labels), audio)  # type: ignore[operator]
    torch.testing.assert_close(both, alone)


def test_concat_sum_and_attention_by_hand() -> None:
    audio, image, _ = _features()
    concat, plus, attention = _head("concat"), _head("sum"), _head("attention")
    for head in (concat, plus, attention):
        for p in head.parameters():
            nn.init.normal_(p, generator=torch.Generator().manual_seed(3))
    w = concat.classifier  # type: ignore[assignment]
    logits = audio @ w.weight[:, :6].T + image @ w.weight[:, 6:].T + w.bias  # type: ignore[union-attr,operator,index]
    torch.testing.assert_close(concat.scores(audio, image)["A+V"], logits.softmax(1))
    torch.testing.assert_close(plus.scores(audio, image), plus.scores(image, audio))
    torch.testing.assert_close(
        plus.scores(audio, image)["A+V"],
        (audio @ plus.classifier.weight.T + image @ plus.classifier.weight.T + plus.classifier.bias).softmax(1),  # type: ignore[union-attr,operator]
    )
    for row in range(5):
        a, v = audio[row], image[row]
        score_a, score_v = attention.audio_score(a).exp(), attention.image_score(v).exp()  # type: ignore[operator]
        share = score_a / (score_a + score_v)
        expected = attention.classifier(2 * share * a + 2 * (1 - share) * v).softmax(0)  # type: ignore[operator]
        torch.testing.assert_close(attention.scores(audio, image)["A+V"][row], expected)


def test_attention_starts_as_the_sum() -> None:
    audio, image, _ = _features()
    attention, plus = _head("attention"), _head("sum")
    plus.load_state_dict({k: v for k, v in attention.state_dict().items() if k.startswith("classifier")})
    torch.testing.assert_close(attention.scores(audio, image), plus.scores(audio, image), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["sum", "attention"])
def test_heads_that_add_features_refuse_unequal_lengths(name: str) -> None:
    with pytest.raises(InputError, match=r"6 \(sound\) and 7 \(picture\)"):
        _head(name, 6, 7)


def test_layers_start_as_published() -> None:
    layer = heads.load("audio")(6272, 0, 100, generator=torch.Generator().manual_seed(0)).classifier
    assert abs(float(layer.weight.detach().std()) / 1e-4 - 1) < 0.01  # type: ignore[union-attr,operator]
    assert not layer.bias.any()  # type: ignore[union-attr,operator]
