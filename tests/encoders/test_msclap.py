"""Microsoft CLAP takes the published checkpoint: every name, every shape, in the right place."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.helpers import network
from transformers import ClapAudioConfig, GPT2Config

from limbeck.encoders import msclap
from limbeck.encoders._module import built
from limbeck.encoders.msclap import MsClap, Towers, renamed
from limbeck.errors import InputError

LEFT_OUT = (
    "spectrogram_extractor.",
    "tscam_conv.",
    "head.",
    ".attn_mask",
    ".attn.masked_bias",
    ".attn.bias",
    "logit_scale",
)
"""What the published checkpoint holds and embedding does not need."""


def published(dim: int = 96, depths: tuple[int, ...] = (2, 2, 6, 2), heads: tuple[int, ...] = (4, 8, 16, 32),
              text: int = 768, layers: int = 12, words: int = 50_257, places: int = 1024, joint: int = 1024,
              ) -> Iterator[tuple[str, tuple[int, ...]]]:  # fmt: skip
    """Names and shapes of CLAP_weights_2023.pth, as its classes CLAP, HTSATWrapper and GPT2Model spell them."""
    yield "logit_scale", ()
    audio = "audio_encoder.base.htsat."
    yield f"{audio}spectrogram_extractor.stft.conv_real.weight", (513, 1, 1024)
    yield f"{audio}spectrogram_extractor.stft.conv_imag.weight", (513, 1, 1024)
    yield f"{audio}logmel_extractor.melW", (513, 64)
    yield from ((f"{audio}bn0.{part}", (64,)) for part in ("weight", "bias", "running_mean", "running_var"))
    yield f"{audio}bn0.num_batches_tracked", ()
    yield f"{audio}patch_embed.proj.weight", (dim, 1, 4, 4)
    yield f"{audio}patch_embed.proj.bias", (dim,)
    yield from _norm(f"{audio}patch_embed.norm", dim)
    for stage, (depth, head) in enumerate(zip(depths, heads, strict=True)):
        width, side = dim * 2**stage, 64 // 2**stage
        for block in range(depth):
            here = f"{audio}layers.{stage}.blocks.{block}."
            if block % 2 and side > 8:
                yield f"{here}attn_mask", ((side // 8) ** 2, 64, 64)
            yield from _norm(f"{here}norm1", width)
            yield f"{here}attn.relative_position_bias_table", (225, head)
            yield f"{here}attn.relative_position_index", (64, 64)
            yield from _linear(f"{here}attn.qkv", width, 3 * width)
            yield from _linear(f"{here}attn.proj", width, width)
            yield from _norm(f"{here}norm2", width)
            yield from _linear(f"{here}mlp.fc1", width, 4 * width)
            yield from _linear(f"{here}mlp.fc2", 4 * width, width)
        if stage + 1 < len(depths):
            yield f"{audio}layers.{stage}.downsample.reduction.weight", (2 * width, 4 * width)
            yield from _norm(f"{audio}layers.{stage}.downsample.norm", 4 * width)
    yield from _norm(f"{audio}norm", width)
    yield f"{audio}tscam_conv.weight", (527, width, 2, 3)
    yield f"{audio}tscam_conv.bias", (527,)
    yield from _linear(f"{audio}head", 527, 527)
    yield from _projection("audio_encoder.projection", width, joint)
    yield "caption_encoder.base.wte.weight", (words, text)
    yield "caption_encoder.base.wpe.weight", (places, text)
    for layer in range(layers):
        here = f"caption_encoder.base.h.{layer}."
        yield from _norm(f"{here}ln_1", text)
        yield f"{here}attn.bias", (1, 1, places, places)
        yield f"{here}attn.masked_bias", ()
        for name, rows, columns in (
            ("attn.c_attn", 1, 3),
            ("attn.c_proj", 1, 1),
            ("mlp.c_fc", 1, 4),
            ("mlp.c_proj", 4, 1),
        ):
            yield f"{here}{name}.weight", (rows * text, columns * text)
            yield f"{here}{name}.bias", (columns * text,)
        yield from _norm(f"{here}ln_2", text)
    yield from _norm("caption_encoder.base.ln_f", text)
    yield from _projection("caption_encoder.projection", text, joint)


def _norm(name: str, width: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from ((f"{name}.{part}", (width,)) for part in ("weight", "bias"))


def _linear(name: str, width: int, out: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from ((f"{name}.weight", (out, width)), (f"{name}.bias", (out,)))


def _projection(name: str, width: int, out: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from ((f"{name}.linear1.weight", (out, width)), (f"{name}.linear2.weight", (out, out)))
    yield from _norm(f"{name}.layer_norm", out)


SMALL = {"dim": 8, "depths": (1, 2), "heads": (1, 2), "text": 16, "layers": 1, "words": 257, "places": 77, "joint": 12}


@lru_cache
def _tiny() -> MsClap:
    return MsClap.tiny(seed=4)


def _as_published(clap: MsClap) -> dict[str, torch.Tensor]:
    """The tensors of a model under their published names, spelt here once more."""
    state = clap._towers.state_dict()
    found = {}
    for name, shape in published(**SMALL):
        here = name.replace("audio_encoder.base.htsat.logmel_extractor.melW", "filters")
        here = here.replace("audio_encoder.base.htsat", "audio.audio_encoder").replace("caption_encoder.base", "text")
        here = here.replace("audio_encoder.projection", "audio_projection").replace(
            "caption_encoder.projection", "text_projection"
        )
        if here.startswith("audio."):
            for one, other in (("bn0", "batch_norm"), ("norm1", "layernorm_before"), ("norm2", "layernorm_after"),
                               ("attn.proj", "attention.output.dense"), ("attn.rel", "attention.self.rel"),
                               ("mlp.fc1", "intermediate.dense"), ("mlp.fc2", "output.dense")):  # fmt: skip
                here = here.replace(one, other)
        if "attn.qkv" in here:
            parts = [state[here.replace("attn.qkv", f"attention.self.{p}")] for p in ("query", "key", "value")]
            found[name] = torch.cat(parts)
        elif any(part in f"{name}." for part in LEFT_OUT):
            found[name] = torch.full(shape, 7.0)
        else:
            found[name] = state[here]
        assert found[name].shape == shape, name
    return found


def _folder(path: Path, clap: MsClap) -> Path:
    torch.save({"model": _as_published(clap), "epoch": 3}, path / "CLAP_weights_2023.pth")
    clap._tokenizer.save(str(path / "tokenizer.json"))
    return path


def test_the_published_names_and_shapes_fill_the_networks_exactly() -> None:
    with torch.device("meta"):
        wanted = Towers(ClapAudioConfig(), GPT2Config(), dim=1024).state_dict()
        given = {name: torch.empty(shape) for name, shape in published()}
    found = renamed(given)
    used = {name: found[name].shape for name in wanted if name in found}
    assert used == {name: tensor.shape for name, tensor in wanted.items()}
    rest = {name for name in given if not any(part in f"{name}." for part in LEFT_OUT)}
    queries_keys_values = 2 * sum("attn.qkv" in name for name in rest)
    assert len(rest) + queries_keys_values == len(used)


class TestFolder:
    @pytest.fixture
    def again(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MsClap:
        """Loaded as the whole one would be, but for its sizes."""
        towers = _tiny()._towers
        network.forbid(monkeypatch)
        monkeypatch.setattr("transformers.ClapAudioConfig", lambda: towers.audio.config)
        monkeypatch.setattr("transformers.GPT2Config", lambda: towers.text.config)
        monkeypatch.setattr(msclap, "Towers", lambda *configs, dim: Towers(*configs, dim=12))
        return MsClap.pretrained(folder=_folder(tmp_path, _tiny()))

    def test_a_checkpoint_in_the_published_form_loads_with_the_network_off(self, again: MsClap) -> None:
        sounds = [0.1 * torch.randn(n, generator=torch.Generator().manual_seed(n)) for n in (9000, 44_100)]
        assert again.id.split(":") == ["msclap", "2023", _tiny().id.split(":")[2]]
        assert torch.equal(again.embed_audio(sounds).joint, _tiny().embed_audio(sounds).joint)
        assert torch.equal(again.embed_text(["rain!"]), _tiny().embed_text(["rain!"]))

    def test_a_tiny_checkpoint_is_not_taken_for_the_whole(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"CLAP_weights_2023\.pth lacks \d+ of the"):
            MsClap.pretrained(folder=_folder(tmp_path, _tiny()))

    def test_a_broken_tokenizer_is_a_sentence(self, tmp_path: Path) -> None:
        (_folder(tmp_path, _tiny()) / "tokenizer.json").write_text("{")
        with pytest.raises(InputError, match=r"tokenizer\.json cannot be read: .* Fetch it again"):
            MsClap.pretrained(folder=tmp_path)


class TestSound:
    def test_log_mels_are_those_of_frames_one_by_one(self) -> None:
        sound = 0.1 * torch.randn(308_700, generator=torch.Generator().manual_seed(0))
        filters = _tiny()._towers.filters
        found = msclap._htsat.log_mel(sound[None], filters, hop=msclap.HOP)[0]
        mirrored = np.pad(sound.double().numpy(), 512, mode="reflect")
        window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(1024) / 1024)
        frames = np.stack([mirrored[i : i + 1024] * window for i in range(0, len(mirrored) - 1023, 320)])
        mels = np.abs(np.fft.rfft(frames)) ** 2 @ filters.double().numpy()
        assert found.shape == (965, 64)
        np.testing.assert_allclose(found.numpy(), 10 * np.log10(mels), atol=1e-3)

    def test_a_short_sound_is_heard_again_and_again(self) -> None:
        sound = 0.1 * torch.randn(100_000, generator=torch.Generator().manual_seed(0))
        both = _tiny().embed_audio([sound, sound.repeat(4)[:308_700], sound.repeat(4)])
        assert torch.equal(both.joint[0], both.joint[1])
        assert torch.equal(both.joint[0], both.joint[2])

    def test_projection_by_hand(self) -> None:
        """Everything through one number: gelu(2) = 1.9545, so 2 + 3 * 1.9545, then a norm over the pair (x, 0)."""
        layer = built(lambda: msclap.Projection(1, 2))
        layer.linear1.weight.copy_(torch.tensor([[1.0], [0.0]]))
        layer.linear2.weight.copy_(torch.tensor([[3.0, 0.0], [0.0, 0.0]]))
        found = layer(torch.tensor([[2.0]]))
        torch.testing.assert_close(found, torch.tensor([[1.0, -1.0]]), atol=1e-4, rtol=0)
        layer.layer_norm = torch.nn.Identity()
        torch.testing.assert_close(layer(torch.tensor([[2.0]])), torch.tensor([[7.8635, 0.0]]), atol=1e-4, rtol=0)


class TestText:
    def test_it_is_read_to_its_end_mark(self) -> None:
        """The state over the last token of GPT-2 without any filling."""
        clap = _tiny()
        ids = clap._tokenizer.encode("a dog! <|endoftext|>").ids
        assert ids[-1] == clap._tokenizer.token_to_id(msclap.END)
        with torch.no_grad():
            last = clap._towers.text(input_ids=torch.tensor([ids])).last_hidden_state[0, -1:]
            expected = F.normalize(clap._towers.text_projection(last), dim=-1)
        found = clap.embed_text(["a dog!", "a longer text beside it, so that the first is filled up"])
        torch.testing.assert_close(found[:1], expected, atol=1e-5, rtol=0)

    def test_filling_is_the_first_of_the_alphabet(self) -> None:
        assert _tiny()._tokenizer.id_to_token(msclap.FILLING) == "!"

    def test_a_long_text_keeps_its_end_mark(self) -> None:
        ids = _tiny()._tokens("x" * 300)
        assert len(ids) == msclap.TOKENS
        assert ids[-1] == _tiny()._tokenizer.token_to_id(msclap.END)
        assert len(_tiny()._tokens("x" * 75)) == 77  # with the space before the end mark
