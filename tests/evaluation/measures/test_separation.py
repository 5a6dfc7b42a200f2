"""Mixtures of two classes at one level, masks and ratios as they should be, and that what is learnt takes apart."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torchmetrics.functional.audio import (
    scale_invariant_signal_distortion_ratio,
    signal_distortion_ratio,
)

from limbeck.datasets import LabelledClips
from limbeck.errors import InputError
from limbeck.evaluation import Protocol, Subject
from limbeck.evaluation.measures import _sources as sources
from limbeck.evaluation.measures._unet import UNet, drawn
from limbeck.evaluation.measures.separation import (
    IDEAL,
    IMPROVED,
    LOUDER,
    MIXTURE,
    NEARER,
    SILENT,
    USED,
    WRONG,
    Mixtures,
    Separation,
    mask_loss,
    shifted,
)
from limbeck.media import ClipRecipe, MelRecipe, RawClip
from limbeck.modalities.spectrum import Spectrum
from limbeck.networks import Architecture
from limbeck.testing import toy_clips

MEL = MelRecipe(sample_rate_hz=4000, clip_seconds=0.4, mels=16, fft_samples=126, hop_samples=63)
SPECTRUM = Spectrum(ClipRecipe(tracks=("audio",), mel=MEL))
HERTZ = (300.0, 700.0, 1300.0)


def draw(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tones(per_class: int, seed: int) -> list[np.ndarray]:
    """Sounds of three classes: tones of a drawn phase and loudness near a frequency of their own."""
    rng, time_s = np.random.default_rng(seed), np.arange(MEL.samples) / MEL.sample_rate_hz
    waves = [
        rng.uniform(0.1, 0.9) * np.sin(2 * np.pi * (f * rng.uniform(0.9, 1.1) * time_s + rng.random()))
        for f in HERTZ
        for _ in range(per_class)
    ]
    return [wave.astype(np.float32) for wave in waves]


def clips(sounds: list[np.ndarray], per_class: int) -> LabelledClips:
    raws = [RawClip(sound, None) for sound in sounds]
    arrays = torch.stack([torch.from_numpy(SPECTRUM.array(raw)) for raw in raws])
    labels = torch.arange(len(HERTZ)).repeat_interleave(per_class)
    return LabelledClips.from_arrays(
        {"spectrum": arrays}, labels, ["low", "middle", "high"], recipe=SPECTRUM.recipe, recordings=raws
    )


def subject(test: LabelledClips | None = None) -> Subject:
    protocol = Protocol(augment=None)
    return Subject.of(clips(tones(8, 1), 8), test or clips(tones(4, 2), 4), protocol=protocol)


def test_si_sdr_is_that_of_loops_and_of_torchmetrics() -> None:
    reference = torch.rand(5, 200, generator=draw()) - 0.3
    estimate = 0.3 * reference + 0.1 * torch.rand(5, 200, generator=draw(1)) + 2.0
    found = sources.si_sdr(estimate, reference)
    for value, e, s in zip(found.tolist(), estimate.tolist(), reference.tolist(), strict=True):
        e, s = ([x - sum(v) / len(v) for x in v] for v in (e, s))
        scale = sum(x * y for x, y in zip(e, s, strict=True)) / sum(y * y for y in s)
        signal = sum((scale * y) ** 2 for y in s)
        rest = sum((x - scale * y) ** 2 for x, y in zip(e, s, strict=True))
        assert value == pytest.approx(10 * np.log10(signal / rest), abs=1e-6)
    expected = scale_invariant_signal_distortion_ratio(estimate, reference, zero_mean=True)
    torch.testing.assert_close(found.float(), expected, atol=1e-3, rtol=0)


def test_si_sdr_heeds_no_loudness_and_stays_within_a_hundred_decibels() -> None:
    reference, rest = torch.tensor([1.0, -1.0, 1.0, -1.0]), torch.tensor([1.0, 1.0, -1.0, -1.0])
    assert sources.si_sdr(3 * reference + rest, reference) == pytest.approx(20 * np.log10(3))
    assert sources.si_sdr(-30 * reference + 10 * rest, reference) == pytest.approx(20 * np.log10(3))
    assert sources.si_sdr(7 * reference, reference) == 100
    assert sources.si_sdr(rest, reference) == -100


def test_the_sdr_of_torchmetrics_is_that_of_mir_eval() -> None:
    mir_eval = pytest.importorskip("mir_eval")
    reference = torch.randn(2, 2000, generator=draw())
    estimate = reference + 0.5 * reference.flip(0) + 0.1 * torch.randn(2, 2000, generator=draw(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is to be removed from mir_eval
        expected, *_ = mir_eval.separation.bss_eval_sources(reference.numpy(), estimate.numpy(), False)
    np.testing.assert_allclose(signal_distortion_ratio(estimate, reference), expected, atol=0.01)


def test_pairs_go_through_all_samples_and_join_two_classes() -> None:
    labels = torch.tensor([0, 0, 0, 1, 2])
    pairs = sources.drawn_pairs(labels, 12, draw())
    assert (labels[pairs[:, 0]] != labels[pairs[:, 1]]).all()
    assert torch.bincount(pairs[:10, 0]).tolist() == [2] * 5
    assert torch.equal(pairs, sources.drawn_pairs(labels, 12, draw()))
    assert not torch.equal(pairs, sources.drawn_pairs(labels, 12, draw(1)))


def test_magnitudes_are_added_as_those_of_waveforms_are_on_average() -> None:
    one, other = torch.randn(2, 8000, generator=draw()) * torch.tensor([[0.3], [0.1]])
    spectrum = Spectrum(ClipRecipe(mel=MelRecipe(sample_rate_hz=8000, fft_samples=126, hop_samples=63)))
    apart = spectrum.transform(torch.stack([one, other])).abs()
    together = spectrum.transform(one + other).abs()
    found = sources.mixed_magnitudes(apart, draw(1))
    assert float(found.square().mean() / together.square().mean()) == pytest.approx(1, abs=0.02)
    assert float(found.mean() / together.mean()) == pytest.approx(1, abs=0.02)
    assert (found <= apart.sum(0) + 1e-6).all()
    assert (found >= (apart[0] - apart[1]).abs() - 1e-4).all()


def test_ideal_masks_share_the_power_and_are_nought_where_nothing_is() -> None:
    magnitudes = torch.tensor([[3.0, 0.0, 0.0], [4.0, 2.0, 0.0]]).view(2, 1, 3)
    expected = [[9 / 25, 0.0, 0.0], [16 / 25, 1.0, 0.0]]
    torch.testing.assert_close(sources.ideal_masks(magnitudes)[:, 0], torch.tensor(expected))


def test_loss_is_least_for_the_ideal_masks_and_loud_places_count_more() -> None:
    apart = torch.rand(3, 2, 8, 5, generator=draw()) + 0.1
    ideal, mixture = sources.ideal_masks(apart), apart.sum(1)
    logits = ideal.logit()
    least = mask_loss(logits, apart, mixture)
    assert all(mask_loss(logits + d, apart, mixture) > least for d in (-0.5, 0.5))
    wrong = logits.clone()
    wrong[0, 0, 0, 0] += 3
    louder = mixture.clone()
    louder[0, 0, 0] = 20
    rise = [mask_loss(wrong, apart, m) - mask_loss(logits, apart, m) for m in (mixture, louder)]
    assert float(rise[1] / rise[0]) == pytest.approx(np.log1p(20) / np.log1p(float(mixture[0, 0, 0])), rel=1e-3)


def test_shifted_spectra_hold_the_same_frames_in_a_circle() -> None:
    x = torch.arange(6.0).expand(40, 2, 6)
    found = shifted(x, draw())
    starts = found[:, 0, 0].long()
    assert set(starts.tolist()) == set(range(6))
    for row, start in zip(found, starts, strict=True):
        assert torch.equal(row, x[0].roll(-int(start), 1))


def test_a_unet_sees_any_size_and_its_weights_come_from_the_generator() -> None:
    before = torch.get_rng_state()
    one, same, other = (drawn(lambda: UNet(width=4, depth=3, maps=5), draw(seed)) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    x = torch.rand(2, 1, 13, 9, generator=draw())
    assert one(x).shape == (2, 5, 13, 9)
    assert torch.equal(one(x), same(x))
    assert not torch.equal(one(x), other(x))
    torch.testing.assert_close(one(x)[1:], one(x[1:]))


def test_what_is_learnt_takes_out_what_was_asked_for() -> None:
    small = {"steps": 120, "batch": 4, "lr": 0.02, "width": 4, "depth": 3, "mixtures": 12}
    found = Separation(query="class", **small).take(subject(), seed=0)
    assert found[IMPROVED] > 8
    assert found[NEARER] > 80
    assert found[WRONG] < -8
    assert found[IDEAL] > found[IMPROVED]
    assert found[LOUDER] < 0
    assert found[MIXTURE] == pytest.approx(0, abs=1)
    assert (found[USED], found[SILENT]) == (12, 0)


def test_mixtures_are_the_same_whatever_is_measured_at_one_level_and_the_silent_are_counted() -> None:
    sounds = tones(4, 2)
    whole = Mixtures.of(clips(sounds, 4), 30)
    torch.testing.assert_close(whole.sources.square().mean(2), torch.ones(30, 2))
    assert torch.equal(whole.pairs, Mixtures.of(clips(tones(4, 3), 4), 30).pairs)
    sounds[5] = np.zeros_like(sounds[5])
    some = Mixtures.of(clips(sounds, 4), 30)
    assert some.silent == int((whole.pairs == 5).any(1).sum()) > 0
    assert len(some.pairs) == 30 - some.silent
    assert not (some.pairs == 5).any()
    with pytest.raises(InputError, match="Every mixture of test clips has a silent sound"):
        Mixtures.of(clips([np.zeros_like(s) for s in sounds], 4), 30)


def test_what_cannot_be_separated_is_refused_with_what_to_do() -> None:
    network = Architecture(options={"width": 4})
    seen = Subject.of(toy_clips(2, 4), toy_clips(2, 4, seed=1), network=network)
    with pytest.raises(InputError, match=r"students see audio, image alone.*--modality spectrum,image"):
        Separation().take(seen, seed=0)
    with pytest.raises(InputError, match=r"students see spectrum alone.*measure.query=class"):
        Separation(steps=1).take(subject(), seed=0)
    one = subject(clips(tones(4, 2), 4).take(torch.arange(4)))
    with pytest.raises(InputError, match="The test split has samples of one class only"):
        Separation(query="class").take(one, seed=0)
    bare = toy_clips(2, 4, modalities=("audio", "image"))
    with pytest.raises(InputError, match="without recordings behind them"):
        bare.originals()
    with pytest.raises(InputError, match="Recordings are of each clip, but 1 came with 8"):
        LabelledClips.from_arrays(
            {"audio": bare.array("audio")},
            bare.labels,
            bare.classes,
            recipe=bare.recipe,
            recordings=[RawClip(None, None)],
        )
