"""BirdNET: what goes in, what comes out of the published network, its names, and what they find in real sounds."""

from __future__ import annotations

import csv
import logging
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.helpers.extras import needs
from tests.helpers.weights_folder import birdnet_folder

from limbeck.encoders._class_names import conse
from limbeck.encoders._weights import file_sha256
from limbeck.encoders.birdnet import LABELS, NETWORK, BirdNet
from limbeck.errors import InputError

pytestmark = needs("ai_edge_litert", "sentence_transformers")


@lru_cache
def _tiny() -> BirdNet:
    return BirdNet.tiny(seed=4)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return birdnet_folder(tmp_path_factory.mktemp("birdnet"))


@pytest.fixture(scope="module")
def birdnet(cache: Path, folder: Path) -> Iterator[BirdNet]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LIMBECK_CACHE", str(cache))
        yield BirdNet.pretrained(folder=folder, offline=True)


def _noise(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(seed))


class TestEncoder:
    def test_of_a_long_sound_the_beginning_is_heard_and_a_short_one_ends_in_silence(self) -> None:
        encoder, sound = _tiny(), _noise(200_000)
        whole, head, short, filled = encoder.logits(
            [sound, sound[:144_000], sound[:1000], torch.cat([sound[:1000], torch.zeros(143_000)])]
        )
        torch.testing.assert_close(whole, head)
        torch.testing.assert_close(short, filled)
        assert not torch.allclose(whole, short)

    def test_the_vector_is_that_of_the_likeliest_names(self) -> None:
        encoder, sound = _tiny(), _noise(30_000)
        scores = 1 / (1 + torch.exp(-encoder.logits([sound])))
        torch.testing.assert_close(encoder.class_scores([sound]), scores)
        names = encoder.embed_text(["Noise", "Dog", "Siren", "Engine", "Raven (Corvus corax)", "Magpie (Pica pica)"])
        torch.testing.assert_close(encoder.embed_audio([sound]).joint, conse(scores, names))

    def test_a_saved_one_loads_without_the_network(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        monkeypatch.setenv("LIMBECK_CACHE", str(tmp_path / "cache"))
        encoder, sound = _tiny(), _noise(30_000)
        encoder.save(tmp_path)
        again = BirdNet.pretrained(folder=tmp_path, offline=True)
        assert again.labels == encoder.labels
        assert again.id.split(":")[2] == encoder.id.split(":")[2]
        torch.testing.assert_close(again.embed_audio([sound]).features, encoder.embed_audio([sound]).features)
        # The licence is said once on a machine.
        BirdNet.pretrained(folder=tmp_path, offline=True)
        said = [record.message for record in caplog.records if record.levelno == logging.WARNING]
        assert len(said) == 1
        assert "CC BY-NC-SA 4.0" in said[0]

    def test_another_list_is_refused(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        (tmp_path / LABELS.name).write_text("Dog_Dog\nNoise_Noise\n")
        with pytest.raises(InputError, match=r"tells 6 classes apart, but the class map names 2.*published pair"):
            BirdNet.pretrained(folder=tmp_path, offline=True)
        (tmp_path / LABELS.name).write_text("Dog\n")
        with pytest.raises(InputError, match="is not BirdNET's list"):
            BirdNet.pretrained(folder=tmp_path, offline=True)


def test_nothing_is_said_of_kernels(capfd: pytest.CaptureFixture[str]) -> None:
    BirdNet.tiny(seed=1).logits([_noise(1000)])
    assert "INFO" not in capfd.readouterr().err


class TestPublishedWeights:
    def test_the_files_are_those_at_the_official_address(self, folder: Path) -> None:
        for file in (NETWORK, LABELS):
            assert file_sha256(folder / file.name) == file.sha256

    def test_logits_are_those_of_the_reference_call(self, birdnet: BirdNet, folder: Path) -> None:
        """As BirdNET's own code calls it: the file as it is, one window after the other."""
        from ai_edge_litert.interpreter import Interpreter

        reference = Interpreter(model_path=str(folder / NETWORK.name), num_threads=1)
        reference.allocate_tensors()
        fed, given = reference.get_input_details()[0], reference.get_output_details()[0]
        sounds = [_noise(144_000, seed=seed) for seed in range(3)] + [_noise(50_000, seed=9)]
        logits = birdnet.logits(sounds).numpy()
        assert logits.shape == (4, 6522)
        for sound, found in zip(sounds, logits, strict=True):
            samples = np.zeros((1, 144_000), np.float32)
            samples[0, : len(sound)] = sound.numpy()
            reference.set_tensor(fed["index"], samples)
            reference.invoke()
            np.testing.assert_allclose(found, reference.get_tensor(given["index"])[0], rtol=0, atol=1e-4)

    def test_the_features_are_what_the_last_layer_reads(self, birdnet: BirdNet, folder: Path) -> None:
        """Its own weights, read from the file, make logits of them."""
        from ai_edge_litert.interpreter import Interpreter

        reference = Interpreter(model_path=str(folder / NETWORK.name))
        reference.allocate_tensors()
        named = {tensor["name"]: tensor["index"] for tensor in reference.get_tensor_details()}
        weight = reference.get_tensor(named["model/CLASS_DENSE_LAYER/MatMul"])
        bias = reference.get_tensor(named["model/CLASS_DENSE_LAYER/BiasAdd/ReadVariableOp/resource"])
        sound = _noise(144_000)
        logits, features = birdnet._heard([sound])
        assert features.shape == (1, 1024)
        np.testing.assert_allclose(features.numpy() @ weight.T + bias, logits.numpy(), rtol=0, atol=1e-3)

    @pytest.mark.data
    @pytest.mark.slow
    def test_words_find_dogs_and_roosters(self, birdnet: BirdNet, test_data: Path, cache: Path) -> None:
        """Among 80 real sounds of ten kinds, eight of each; the first three seconds of each."""
        sounds, labels = _esc10(test_data, {"fold1"})
        heard = birdnet.embed_audio(sounds).joint
        for words, least in (("dog bark", 7), ("rooster", 5)):
            query = birdnet.embed_text([birdnet.prompt.format(label=words)])[0]
            best = (heard @ query).argsort(descending=True)[:8]
            assert np.sum(labels[best.numpy()] == words) >= least, words
        # Those of the names are kept.
        kept = list((cache / "names").glob("*.safetensors"))
        assert len(kept) == 1


def _esc10(data: Path, folds: set[str]) -> tuple[list[torch.Tensor], np.ndarray]:
    import soundfile
    import soxr

    with open(data / "esc10/manifest.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in folds]
    sounds = []
    for row in rows:
        samples, rate = soundfile.read(data / "esc10" / row["path"], dtype="float32")
        sounds.append(torch.from_numpy(soxr.resample(samples, rate, 48000)))
    return sounds, np.array([row["label"] for row in rows])
