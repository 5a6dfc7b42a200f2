"""AudioCLIP: names, shapes and numbers of the published network, its spectrogram, and its text tower."""

from __future__ import annotations

import cmath
import math
from functools import lru_cache
from pathlib import Path

import pytest
import torch
from tests.helpers import network
from tests.helpers.formula_weights import formula_state, tone
from tests.helpers.published import published_outputs, published_shapes
from torch import nn

from limbeck.encoders._clip_text import ClipText, converted, in_length_buckets, reverted
from limbeck.encoders.audioclip import AudioClip, EsResNext, Fbsp, framed, wavelets
from limbeck.errors import InputError

pytest.importorskip("transformers")
_LAYER = "transformer.resblocks.0"


@lru_cache
def _tiny() -> AudioClip:
    return AudioClip.tiny(seed=2)


def _own(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if name.startswith("audio.")}


@lru_cache
def _full() -> EsResNext:
    """The published sizes, weights by formula."""
    short = {name.removeprefix("audio."): shape for name, shape in _own(published_shapes("audioclip")).items()}
    state = {f"audio.{name}": tensor for name, tensor in formula_state(short).items()}
    state["audio.window"] = EsResNext(base=1, inner=1, groups=1, counts=(1, 1, 1, 1), dim=1).window
    return EsResNext.read(state, "a formula")


def _noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


class TestPublishedNetwork:
    def test_names_and_shapes_are_those_of_the_checkpoint(self) -> None:
        found = {f"audio.{name}": tuple(tensor.shape) for name, tensor in _full().state_dict().items()}
        assert found == _own(published_shapes("audioclip"))
        assert (_full().dim, _full().features_dim, _full().hop) == (1024, 2048, 561)

    def test_the_text_tower_takes_all_that_is_left_of_the_checkpoint(self) -> None:
        rest = {n: s for n, s in published_shapes("audioclip").items() if not n.startswith(("audio.", "logit_scale"))}
        renamed = converted({name: torch.empty(shape, device="meta") for name, shape in rest.items()}, source="x")
        assert {name: tuple(tensor.shape) for name, tensor in reverted(renamed).items()} == rest

    def test_outputs_are_those_of_the_published_code(self) -> None:
        joint, features = in_length_buckets(_full(), [tone(22050, 44100)], most=1)
        expected = published_outputs("audioclip")
        torch.testing.assert_close(joint[0, :8], expected["joint"], atol=2e-5, rtol=1e-3)
        torch.testing.assert_close(features[0, :8], expected["features"], atol=2e-5, rtol=1e-3)

    def test_a_checkpoint_of_something_else_is_refused(self) -> None:
        for state in ({"weight": torch.zeros(2)}, {"audio.fbsp.m": torch.zeros(9)}):
            with pytest.raises(InputError, match=r"AudioCLIP\.pt lacks"):
                EsResNext.read(state, "AudioCLIP.pt")


class TestSpectrogram:
    @pytest.mark.parametrize(("m", "b", "c"), [(1.5, 0.7, 3.0), (0.4, 1.9, 0.0), (2.0, 1.0, -4.5)])
    def test_a_wavelet_worked_out_with_complex_numbers(self, m: float, b: float, c: float) -> None:
        found = wavelets(torch.tensor([m]), torch.tensor([b]), torch.tensor([c]), 16)[0]
        for place, value in enumerate(found.tolist()):
            t = math.pi * (2 * place / 15 - 1) + 1e-8
            x = b * t / (m + 1e-8)
            expected = math.sqrt(b) * (complex(math.sin(x) / x) ** m) * cmath.exp(-1j * c * t) / 4
            assert value == pytest.approx(expected, abs=1e-5)

    def test_with_order_nought_it_is_nearly_a_fourier_transform(self) -> None:
        """The published start: m = 0 and c = 0, 1, 2, ... over [-pi, pi], both ends included."""
        bank, sound = Fbsp(17), _noise(2, 100)
        with torch.no_grad():
            found = bank(sound, torch.ones(32), hop=8)
        t = torch.pi * torch.linspace(-1, 1, 32)
        waves = torch.polar(torch.ones(17, 32), -torch.arange(17.0)[:, None] * t)
        expected = (framed(sound, 32, 8).to(torch.complex64) @ waves.T).abs().square().transpose(1, 2) / 32
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)

    @pytest.mark.parametrize(("samples", "frames"), [(1, 1), (10, 1), (11, 2), (14, 2), (15, 3)])
    def test_no_sample_is_left_out(self, samples: int, frames: int) -> None:
        found = framed(torch.ones(1, samples), 10, 4)
        assert found.shape == (1, frames, 10)
        assert float(framed(torch.ones(1, samples), 10, 10).sum()) == samples

    def test_the_thirds_of_the_bands_are_colours(self) -> None:
        """A high tone is loudest in blue, a low one in red."""
        for turns, colour in ((4, 0), (16, 1), (28, 2)):
            wave = 0.5 * torch.sin(2 * torch.pi * turns / 64 * torch.arange(2000))[None]
            with torch.no_grad():
                found = _tiny()._network.pictures(wave)
            assert found.shape[1:3] == (3, 11)
            assert int(found.amax((2, 3)).argmax()) == colour

    def test_silence_has_finite_decibels(self) -> None:
        with torch.no_grad():
            assert bool(torch.isfinite(_tiny()._network.pictures(torch.zeros(1, 500))).all())


class _Tower(nn.Module):
    """CLIP's text tower written down once more, with torch's own attention, under CLIP's names."""

    def __init__(self, words: int, positions: int, width: int, layers: int, dim: int) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(words, width)
        self.positional_embedding = nn.Parameter(torch.randn(positions, width))
        self.transformer = nn.Module()
        self.transformer.resblocks = nn.Sequential(*(_Layer(width) for _ in range(layers)))
        self.ln_final = nn.LayerNorm(width)
        self.text_projection = nn.Parameter(torch.randn(width, dim))

    def forward(self, tokens: torch.Tensor, end: int) -> torch.Tensor:
        x = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        x = self.ln_final(self.transformer.resblocks(x))
        return x[torch.arange(len(x)), (tokens == end).int().argmax(1)] @ self.text_projection


class _Layer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attn = nn.MultiheadAttention(width, width // 64, batch_first=True)
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 2 * width), "c_proj": nn.Linear(2 * width, width)})

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y, mask = self.ln_1(x), nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        x = x + self.attn(y, y, y, attn_mask=mask, need_weights=False)[0]
        y = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](y * torch.sigmoid(1.702 * y))


class TestText:
    def test_it_is_clips_tower(self) -> None:
        tokenizer = _tiny()._text_tower.tokenizer
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(3)
            tower = _Tower(len(tokenizer), 40, 128, 2, 20).eval()
            for weight in tower.parameters():
                weight.add_(0.1 * torch.randn(weight.shape))
            text = ClipText.convert(tower.state_dict(), tokenizer, source="x")
            for words in ("rain", "a dog that barks", ""):
                tokens = tokenizer([words], return_tensors="pt")["input_ids"]
                expected = nn.functional.normalize(tower(tokens, tokenizer.eos_token_id), dim=1)
                torch.testing.assert_close(text([words]), expected, atol=1e-5, rtol=1e-4)

    @pytest.mark.parametrize("lost", ["ln_final.bias", f"{_LAYER}.attn.in_proj_bias", f"{_LAYER}.mlp.c_fc.weight"])
    def test_a_lost_tensor_is_named(self, lost: str) -> None:
        state = reverted(_tiny()._text_tower.model.state_dict())
        del state[lost]
        with pytest.raises(InputError, match=f"file lacks {lost}, which CLIP's text tower needs"):
            converted(state, source="file")

    def test_a_checkpoint_without_text_is_refused(self) -> None:
        with pytest.raises(InputError, match="which CLIP's text tower needs"):
            converted({"audio.fc.weight": torch.zeros(1)}, source="file")


class TestEncoder:
    def test_a_saved_tiny_one_loads_without_the_network(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        sounds, texts = [_noise(4000)], ["a dog, barking", ""]
        _tiny().save(tmp_path)
        network.forbid(monkeypatch)
        again = AudioClip.pretrained(folder=tmp_path, offline=True)
        assert again.id.split(":")[2] == _tiny().id.split(":")[2]
        assert torch.equal(again.embed_audio(sounds).joint, _tiny().embed_audio(sounds).joint)
        assert torch.equal(again.embed_text(texts), _tiny().embed_text(texts))

    def test_the_features_are_what_the_last_layer_takes(self) -> None:
        heard = _tiny().embed_audio([_noise(4000), _noise(900)])
        expected = nn.functional.normalize(_tiny()._network.fc(heard.features), dim=1)
        torch.testing.assert_close(heard.joint, expected)
