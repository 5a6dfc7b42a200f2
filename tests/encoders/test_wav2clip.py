"""Wav2CLIP: names, shapes and numbers of the published network, and CLIP's text tower beside it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import pytest
import torch
from tests.helpers import network
from tests.helpers.formula_weights import formula_state, tone
from tests.helpers.published import published_outputs, published_shapes

from limbeck.encoders._clip_text import CLIP_B32, ClipText, in_length_buckets
from limbeck.encoders.wav2clip import Spectrogram, Wav2Clip, Wav2ClipNetwork
from limbeck.errors import InputError

pytest.importorskip("transformers")


@lru_cache
def _tiny() -> Wav2Clip:
    return Wav2Clip.tiny(seed=2)


@lru_cache
def _full() -> Wav2ClipNetwork:
    """The published sizes, weights by formula."""
    state = formula_state(published_shapes("wav2clip"))
    state["audio_encoder.spectrogram.window"] = torch.hann_window(512)
    return Wav2ClipNetwork.read(state, "a formula")


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TestPublishedNetwork:
    def test_names_and_shapes_are_those_of_the_checkpoint(self) -> None:
        assert {n: tuple(t.shape) for n, t in _full().state_dict().items()} == published_shapes("wav2clip")
        assert (_full().dim, _full().features_dim) == (512, 512)

    def test_outputs_are_those_of_the_published_code(self) -> None:
        joint, features = in_length_buckets(_full(), [tone(16000, 16000)], most=1)
        expected = published_outputs("wav2clip")
        torch.testing.assert_close(joint[0, :8], expected["joint"], atol=2e-5, rtol=1e-3)
        torch.testing.assert_close(features[0, :8], expected["features"], atol=2e-5, rtol=1e-3)

    def test_other_parts_of_a_checkpoint_are_left_out(self) -> None:
        state = _tiny()._network.state_dict()
        more = state | {"image_transform.sequential.0.weight": torch.zeros(3, 3), "logit_scale": torch.zeros(())}
        assert Wav2ClipNetwork.read(more, "x").state_dict().keys() == state.keys()

    @pytest.mark.parametrize(
        "change",
        [{"audio_transform.sequential.3.bias": torch.zeros(5)}, {"audio_encoder.layer4.0.conv2.weight": None}],
    )
    def test_a_checkpoint_that_does_not_fit_names_the_tensor(self, change: dict[str, torch.Tensor | None]) -> None:
        state = {k: v for k, v in (_tiny()._network.state_dict() | change).items() if v is not None}
        with pytest.raises(InputError, match=f"Wav2CLIP.pt.*{next(iter(change))}"):
            Wav2ClipNetwork.read(state, "Wav2CLIP.pt")

    def test_a_checkpoint_of_something_else_is_refused(self) -> None:
        with pytest.raises(InputError, match="lacks"):
            Wav2ClipNetwork.read({"weight": torch.zeros(2)}, "x.pt")


class TestSpectrogram:
    def test_a_frame_worked_out_by_sums(self) -> None:
        sound, frame, band = _noise(3000).double(), 4, 31
        n = torch.arange(512)
        piece = sound[frame * 353 - 256 : frame * 353 + 256] * (0.5 - 0.5 * torch.cos(2 * torch.pi * n / 512))
        angle = 2 * torch.pi * band * n / 512
        power = (piece * angle.cos()).sum() ** 2 + (piece * angle.sin()).sum() ** 2
        found = Spectrogram()(sound.float()[None])[0, 0]
        spectrum = torch.stft(sound.float(), 512, 353, window=torch.hann_window(512), return_complex=True).abs() ** 2
        every = (spectrum + 1e-7).log()
        expected = (power.log() - every.double().mean()) / every.double().std()
        assert float(found[band, frame]) == pytest.approx(float(expected), abs=1e-4)

    def test_loudness_does_not_matter(self) -> None:
        sound = 1000 * _noise(1, 9000)
        torch.testing.assert_close(Spectrogram()(2 * sound), Spectrogram()(sound), atol=1e-3, rtol=0)


class TestEncoder:
    def test_the_features_are_the_resnets(self) -> None:
        sounds = [_noise(4000), _noise(5000), _noise(4000, seed=1)]
        found = _tiny().embed_audio(sounds).features
        for sound, features in zip(sounds, found, strict=True):
            torch.testing.assert_close(features, _tiny()._network.audio_encoder(sound[None])[0])

    def test_a_saved_tiny_one_loads_without_the_network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        sounds, texts = [_noise(4000)], ["a dog, barking", ""]
        _tiny().save(tmp_path)
        network.forbid(monkeypatch)
        again = Wav2Clip.pretrained(folder=tmp_path, offline=True)
        assert again.id.split(":")[2] == _tiny().id.split(":")[2]
        assert torch.equal(again.embed_audio(sounds).joint, _tiny().embed_audio(sounds).joint)
        assert torch.equal(again.embed_text(texts), _tiny().embed_text(texts))

    def test_a_whole_clip_gives_its_text_tower(self, tmp_path: Path) -> None:
        """The published folder holds both towers of CLIP and one configuration for both."""
        from transformers import CLIPConfig, CLIPModel

        text = _tiny()._text_tower
        text.save(tmp_path)
        parts = {"text_config": text.model.config.to_dict(), "vision_config": _SMALL_VISION}
        config = CLIPConfig(**parts, projection_dim=text.dim)
        with torch.random.fork_rng(devices=[]):
            whole = CLIPModel(config).eval()
        whole.load_state_dict(text.model.state_dict(), strict=False)
        config.save_pretrained(tmp_path)
        torch.save(whole.state_dict(), tmp_path / "pytorch_model.bin")
        (tmp_path / "model.safetensors").unlink()
        torch.testing.assert_close(ClipText.read(tmp_path)(["rain"]), text(["rain"]))

    def test_towers_of_two_models_are_refused(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        ClipText.tiny(9, seed=0).save(tmp_path / CLIP_B32.name)
        with pytest.raises(InputError, match="into 12 dimensions, but the text tower into 9"):
            Wav2Clip.pretrained(folder=tmp_path, offline=True)

    @pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
    def test_a_broken_file_of_clip_is_a_sentence(self, name: str, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        (tmp_path / CLIP_B32.name / name).write_text("{")
        with pytest.raises(InputError, match=rf"^{tmp_path / CLIP_B32.name} cannot be read: .* Fetch it again\.$"):
            Wav2Clip.pretrained(folder=tmp_path, offline=True)

    def test_a_file_that_would_run_code_is_refused(self, tmp_path: Path) -> None:
        _tiny().save(tmp_path)
        torch.save({"audio_encoder": tmp_path}, tmp_path / "Wav2CLIP.pt")
        with pytest.raises(InputError, match=r"Wav2CLIP\.pt holds more than tensors"):
            Wav2Clip.pretrained(folder=tmp_path, offline=True)


_SMALL_VISION = {
    "hidden_size": 8,
    "intermediate_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 1,
    "image_size": 8,
    "patch_size": 4,
}
