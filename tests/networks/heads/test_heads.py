from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck.errors import InputError
from limbeck.modalities import Batch
from limbeck.networks import Head, heads

LETTERS = {"audio": "A", "image": "V", "echo": "E"}


def _head(name: str, seed: int = 0, classes: int = 4, **dims: int) -> Head:
    dims = dims or {"audio": 6, "image": 6}
    letters = {modality: LETTERS[modality] for modality in dims}
    return heads.load(name)(dims, classes, letters, generator=torch.Generator().manual_seed(seed))


def _features() -> tuple[Batch, Tensor]:
    draw = torch.Generator().manual_seed(1)
    return {m: torch.randn(5, 6, generator=draw) for m in ("audio", "image")}, torch.tensor([0, 1, 2, 3, 0])


def test_ensemble_agrees_with_the_reference(golden: Path) -> None:
    stored = {k: torch.from_numpy(np.asarray(v)) for k, v in np.load(golden / "eval_rule.npz").items()}
    head = _head("ensemble", classes=10, audio=10, image=10)
    head.classifiers = nn.ModuleDict({"audio": nn.Identity(), "image": nn.Identity()})
    a, v = stored["out_a"], stored["out_v"]
    scores = head.scores({"audio": a, "image": v})
    torch.testing.assert_close(scores["A+V"], stored["probs"], rtol=0, atol=1e-15)
    assert torch.equal(scores["A+V"].argmax(1), stored["pred"])
    assert not torch.equal((a + v).argmax(1), stored["pred"])
    torch.testing.assert_close(head.loss({"audio": a, "image": v}, stored["gt"]), stored["loss"], rtol=0, atol=1e-14)
    torch.testing.assert_close(scores["A"], a.exp() / a.exp().sum(1, keepdim=True))
    torch.testing.assert_close(scores["V"], v.softmax(1))


def test_ensemble_modalities_share_no_gradient() -> None:
    features, labels = _features()
    audio = features["audio"].requires_grad_()
    head = _head("ensemble")
    (both,) = torch.autograd.grad(head.loss(features, labels), audio)
    alone = F.cross_entropy(head.classifiers["audio"](audio), labels)  # type: ignore[index,operator]
    torch.testing.assert_close(both, torch.autograd.grad(alone, audio)[0])


def test_an_ensemble_of_three_is_the_mean_of_three() -> None:
    head = _head("ensemble", audio=6, echo=3, image=6)
    for p in head.parameters():
        nn.init.normal_(p, generator=torch.Generator().manual_seed(3))
    features, labels = _features()
    features |= {"echo": torch.randn(5, 3, generator=torch.Generator().manual_seed(2))}
    scores = head.scores(features)
    assert list(scores) == ["A", "E", "V", "A+E+V"]
    torch.testing.assert_close(scores["A+E+V"], (scores["A"] + scores["E"] + scores["V"]) / 3)
    losses = [F.nll_loss(scores[key].log(), labels) for key in "AEV"]
    torch.testing.assert_close(head.loss(features, labels), sum(losses))


def test_an_ensemble_of_one_is_that_modalitys_classifier() -> None:
    head, (features, labels) = _head("ensemble", image=6), _features()
    scores = head.scores(features)
    assert list(scores) == ["V"]
    torch.testing.assert_close(scores["V"], head.classifiers["image"](features["image"]).softmax(1))  # type: ignore[index,operator]
    torch.testing.assert_close(head.loss(features, labels), F.nll_loss(scores["V"].log(), labels))


def test_concat_sum_and_attention_by_hand() -> None:
    features, _ = _features()
    audio, image = features.values()
    concat, plus, attention = _head("concat"), _head("sum"), _head("attention")
    for head in (concat, plus, attention):
        for p in head.parameters():
            nn.init.normal_(p, generator=torch.Generator().manual_seed(3))
    w = concat.classifier  # type: ignore[assignment]
    logits = audio @ w.weight[:, :6].T + image @ w.weight[:, 6:].T + w.bias  # type: ignore[union-attr,operator,index]
    torch.testing.assert_close(concat.scores(features)["A+V"], logits.softmax(1))
    torch.testing.assert_close(plus.scores(features), plus.scores({"audio": image, "image": audio}))
    torch.testing.assert_close(
        plus.scores(features)["A+V"],
        (audio @ plus.classifier.weight.T + image @ plus.classifier.weight.T + plus.classifier.bias).softmax(1),  # type: ignore[union-attr,operator]
    )
    relevance = attention.relevance
    for row in range(5):
        a, v = audio[row], image[row]
        score_a, score_v = relevance["audio"](a).exp(), relevance["image"](v).exp()  # type: ignore[index,operator]
        share = score_a / (score_a + score_v)
        expected = attention.classifier(2 * share * a + 2 * (1 - share) * v).softmax(0)  # type: ignore[operator]
        torch.testing.assert_close(attention.scores(features)["A+V"][row], expected)


def test_attention_starts_as_the_sum() -> None:
    features, _ = _features()
    attention, plus = _head("attention"), _head("sum")
    plus.load_state_dict({k: v for k, v in attention.state_dict().items() if k.startswith("classifier")})
    torch.testing.assert_close(attention.scores(features), plus.scores(features), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["sum", "attention"])
def test_heads_that_add_features_refuse_unequal_lengths(name: str) -> None:
    with pytest.raises(InputError, match=r"6 \(audio\), 7 \(image\)"):
        _head(name, audio=6, image=7)


@pytest.mark.parametrize("name", heads.names())
def test_soft_labels_that_say_one_class_are_that_class(name: str) -> None:
    features, labels = _features()
    head = _head(name)
    certain = F.one_hot(labels, 4).float()
    torch.testing.assert_close(head.loss(features, certain), head.loss(features, labels))
    assert not torch.isclose(head.loss(features, certain.roll(1, 0)), head.loss(features, labels), rtol=0, atol=1e-7)


def test_layers_start_as_published() -> None:
    layer = _head("concat", classes=100, audio=6272).classifier
    assert abs(float(layer.weight.detach().std()) / 1e-4 - 1) < 0.01  # type: ignore[union-attr,operator]
    assert not layer.bias.any()  # type: ignore[union-attr,operator]
