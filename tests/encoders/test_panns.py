"""PANNs' CNN14: names, shapes and numbers of the published network, its log-mel, and the names of its classes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import librosa
import numpy as np
import pytest
import torch
from tests.helpers import network
from tests.helpers.extras import needs
from tests.helpers.formula_weights import formula_state, tone
from tests.helpers.published import published_outputs, published_shapes

from limbeck.encoders._clip_text import in_length_buckets
from limbeck.encoders.panns import CLASS_MAP, LEAST_SAMPLES, NETWORK, Cnn14, LogMel, Panns
from limbeck.errors import InputError

pytestmark = needs("sentence_transformers")
_WAVES = {f"spectrogram_extractor.stft.conv_{part}.weight" for part in ("real", "imag")}


@lru_cache
def _tiny() -> Panns:
    return Panns.tiny(seed=2)


@lru_cache
def _full() -> Cnn14:
    """The published sizes, weights by formula, the published filters."""
    state = formula_state(published_shapes("panns"))
    state["logmel_extractor.melW"] = LogMel(64).melW
    return Cnn14.read(state, "a formula")


def _noise(samples: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(samples, generator=torch.Generator().manual_seed(seed))


class TestPublishedNetwork:
    def test_names_and_shapes_are_those_of_the_checkpoint_but_for_the_waves(self) -> None:
        expected = {n: s for n, s in published_shapes("panns").items() if n not in _WAVES}
        assert {n: tuple(t.shape) for n, t in _full().state_dict().items()} == expected
        assert (_full().dim, _full().classes) == (2048, 527)

    def test_outputs_are_those_of_the_published_code(self) -> None:
        scores, features = in_length_buckets(_full(), [tone(32000, 32000)], most=1)
        expected = published_outputs("panns")
        torch.testing.assert_close(scores[0, :8], expected["scores"], atol=1e-5, rtol=0)
        torch.testing.assert_close(features[0, :8], expected["features"], atol=1e-5, rtol=0)

    @pytest.mark.parametrize("name", ["fc1.bias", "conv_block6.conv2.weight"])
    def test_a_checkpoint_that_lacks_a_tensor_is_refused(self, name: str) -> None:
        state = {key: tensor for key, tensor in _tiny()._network.state_dict().items() if key != name}
        with pytest.raises(InputError, match=rf"Cnn14\.pth lacks 1 .*{name}"):
            Cnn14.read(state, "Cnn14.pth")

    def test_another_network_of_its_authors_is_refused(self) -> None:
        state = _tiny()._network.state_dict()
        state["fc1.weight"] = torch.zeros(512, 512)
        with pytest.raises(InputError, match=r"fc1\.weight must be of shape \(64, 64\), but is \(512, 512\)"):
            Cnn14.read(state, "Cnn10.pth")


class TestLogMel:
    @pytest.mark.parametrize("samples", [LEAST_SAMPLES, 32000, 54321])
    def test_it_is_librosas(self, samples: int) -> None:
        sound = _noise(samples) + 0.3 * tone(samples, 32000)
        power = librosa.feature.melspectrogram(
            y=sound.numpy(), sr=32000, n_fft=1024, hop_length=320, n_mels=64, fmin=50, fmax=14000, pad_mode="reflect"
        )
        expected = librosa.power_to_db(power, ref=1.0, amin=1e-10, top_db=None)
        np.testing.assert_allclose(LogMel(64)(sound[None])[0, 0].numpy().T, expected, atol=2e-3)

    def test_silence_is_at_the_floor(self) -> None:
        assert torch.equal(LogMel(64)(torch.zeros(1, 32000)).unique(), torch.tensor([-100.0]))


class TestEncoder:
    def test_a_short_sound_is_filled_with_silence_and_a_long_one_heard_to_its_end(self) -> None:
        encoder, sound = _tiny(), _noise(400_000)
        short, filled = encoder.class_scores([sound[:50], torch.cat([sound[:50], torch.zeros(LEAST_SAMPLES - 50)])])
        assert torch.equal(short, filled)
        whole, head = encoder.class_scores([sound, sound[:320_000]])
        assert not torch.allclose(whole, head)

    def test_a_folder_is_read_again_and_its_names_must_be_as_many_as_its_classes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        network.forbid(monkeypatch)
        _tiny().save(tmp_path)
        sounds = [_noise(20_000), _noise(999)]
        again = Panns.pretrained(folder=tmp_path)
        assert again.classes == _tiny().classes
        assert torch.equal(again.class_scores(sounds), _tiny().class_scores(sounds))
        (tmp_path / CLASS_MAP.name).write_text("index,mid,display_name\n0,/m/09x0r,Speech\n", encoding="utf-8")
        with pytest.raises(InputError, match=r"8 classes apart, but the class map names 1.*Cnn14_mAP=0\.431\.pth"):
            Panns.pretrained(folder=tmp_path)
        (tmp_path / CLASS_MAP.name).write_text("Speech\n", encoding="utf-8")
        with pytest.raises(InputError, match="column display_name"):
            Panns.pretrained(folder=tmp_path)

    def test_a_checkpoint_that_would_run_code_is_refused(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        torch.save({"model": {"fc1.weight": print}}, tmp_path / NETWORK.name)
        with pytest.raises(InputError, match="refused"):
            Panns.pretrained(folder=tmp_path)
