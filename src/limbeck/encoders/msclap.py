"""Microsoft CLAP of 2023, an HTS-AT for sound and GPT-2 for text trained on 4.6 million pairs (`msclap`).

Source:   Elizalde, Deshmukh and Wang, *Natural Language Supervision for General-Purpose Audio Representations*,
          ICASSP 2024 (https://arxiv.org/abs/2309.05767); names, shapes and preprocessing as in the published code
          (https://github.com/microsoft/CLAP), networks of transformers (``ClapAudioModel``, ``GPT2Model``), weights
          https://huggingface.co/microsoft/msclap, tokens https://huggingface.co/openai-community/gpt2.
Differs from the paper: of a sound beyond 7 s the beginning is heard (published: a random piece). A text ends at its
          last token also where it has a ``!`` of its own (published: every lone ``!`` counts as filling and moves the
          end forward), and one beyond 77 tokens is cut before its end mark.
          The mel filters are those in the checkpoint, whatever a configuration says.
          The checkpoint of 2022 (a CNN14 and BERT) is not offered.
          Names and shapes were held against the published code, vectors never against the published weights.
Cost:     as `clap`, for sounds of up to 7 s.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from limbeck.encoders import _htsat
from limbeck.encoders._contract import AudioEmbeddings
from limbeck.encoders._module import built, byte_vocabulary, filled, package, tokenizer_fingerprint, with_random_weights
from limbeck.encoders._weights import HubFiles, Needed, read_state, reading

_REPO = "microsoft/msclap", "c47d441165daa21986ead0850660917636a81775"
_TOKENS = "openai-community/gpt2", "607a30d783dfa663caf39e06633721c8d4cfcd7e"
HOP = 320
TOKENS = 77
END = "<|endoftext|>"
FILLING = 0
"""Token that follows a short text: GPT-2 has none of its own, so it is the first of its vocabulary, ``!``."""

NAMES = (
    ("audio_encoder.base.htsat.logmel_extractor.melW", "filters"),
    ("audio_encoder.base.htsat.", "audio.audio_encoder."),
    ("audio_encoder.projection.", "audio_projection."),
    ("caption_encoder.base.", "text."),
    ("caption_encoder.projection.", "text_projection."),
)
"""Beginnings of names in the published checkpoint, and what they are here."""

BLOCK_NAMES = (
    (".bn0.", ".batch_norm."),
    (".norm1.", ".layernorm_before."),
    (".norm2.", ".layernorm_after."),
    (".attn.relative", ".attention.self.relative"),
    (".attn.qkv.", ".attention.self.qkv."),
    (".attn.proj.", ".attention.output.dense."),
    (".mlp.fc1.", ".intermediate.dense."),
    (".mlp.fc2.", ".output.dense."),
)
"""Parts of names inside HTS-AT, and what transformers calls them."""


class Projection(nn.Module):
    """Two layers with a way past the second, then a layer norm, from vectors of `width` to such of `dim`."""

    def __init__(self, width: int, dim: int) -> None:
        super().__init__()
        self.linear1 = nn.Linear(width, dim, bias=False)
        self.linear2 = nn.Linear(dim, dim, bias=False)
        self.layer_norm = nn.LayerNorm(dim)

    def forward(self, x: Tensor) -> Tensor:
        """Vectors of the joint space, (row, dim), not normalised, of x, (row, width)."""
        first = self.linear1(x)
        projected: Tensor = self.layer_norm(first + self.linear2(F.gelu(first)))
        return projected


class Towers(nn.Module):
    """Both networks, of a ``ClapAudioConfig`` and a ``GPT2Config``, projected into a joint space of `dim`."""

    filters: Tensor

    def __init__(self, audio: Any, text: Any, dim: int) -> None:
        super().__init__()
        transformers = package("transformers")
        self.audio = transformers.ClapAudioModel(audio)
        self.audio_projection = Projection(audio.hidden_size, dim)
        self.text = transformers.GPT2Model(text)
        self.text_projection = Projection(text.hidden_size, dim)
        self.register_buffer("filters", torch.zeros(513, audio.num_mel_bins))


@final
class MsClap(_htsat.HtsatEncoder):
    """Microsoft CLAP. `features` is what HTS-AT pools over its last map, before the projection.

    A folder of weights holds CLAP_weights_2023.pth and tokenizer.json, that of GPT-2.
    """

    sample_rate = 44_100
    window_s = 7.0
    prompt = "this is the sound of {label}"
    checkpoints = ("2023",)

    def __init__(self, checkpoint: str, towers: Towers, tokenizer: Any, device: torch.device | str = "cpu") -> None:
        projection = towers.audio_projection
        super().__init__(checkpoint, projection.linear2.out_features, projection.linear1.in_features, device)
        self._towers, self._tokenizer = towers.to(device), tokenizer

    @cached_property
    def id(self) -> str:
        """Name, checkpoint and a hash of weights and tokens; the same on every device and in every format."""
        return self._id(self._towers.state_dict(), tokenizer_fingerprint(self._tokenizer))

    @classmethod
    def _needed(cls, checkpoint: str, folder: Path | None) -> Sequence[Needed]:
        package("transformers")
        return [
            Needed(HubFiles(*_REPO, (), (f"CLAP_weights_{checkpoint}.pth",)), folder),
            Needed(HubFiles(*_TOKENS, ("tokenizer.json",), ()), folder),
        ]

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        transformers, tokenizers = package("transformers"), package("tokenizers")
        weights, tokens = found[0] / f"CLAP_weights_{checkpoint}.pth", found[1] / "tokenizer.json"
        with reading(tokens):
            tokenizer = tokenizers.Tokenizer.from_file(str(tokens))
        configs = transformers.ClapAudioConfig(), transformers.GPT2Config()
        towers = built(lambda: Towers(*configs, dim=1024))
        filled(towers, renamed(read_state(weights, inside=("model",))), source=weights)
        return cls(checkpoint, towers, tokenizer, device)

    @classmethod
    def tiny(cls, *, seed: int = 0) -> Self:
        """The same classes, narrow and shallow, with random weights and letters as tokens."""
        import librosa

        transformers, tokenizers = package("transformers"), package("tokenizers")
        vocabulary = byte_vocabulary(())
        audio = transformers.ClapAudioConfig(
            patch_embeds_hidden_size=8, depths=[1, 2], num_attention_heads=[1, 2], hidden_size=16
        )
        text = transformers.GPT2Config(
            vocab_size=len(vocabulary) + 1,
            n_positions=TOKENS,
            n_embd=16,
            n_layer=1,
            n_head=2,
            bos_token_id=None,
            eos_token_id=None,
        )
        towers = with_random_weights(built(lambda: Towers(audio, text, dim=12)), seed=seed)
        filters = librosa.filters.mel(sr=32_000, n_fft=1024, n_mels=64, fmin=50, fmax=14_000)  # as published
        towers.filters.copy_(torch.from_numpy(filters.T))
        tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE(vocabulary, []))
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.add_special_tokens([END])
        return cls("tiny", towers, tokenizer)

    @torch.no_grad()
    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        samples = round(self.window_s * self.sample_rate)
        whole = [_htsat.FILLS["repeat"](w.to(self._device, torch.float32), samples) for w in waveforms]
        mels = _htsat.log_mel(torch.stack(whole), self._towers.filters, hop=HOP)
        return self._pooled(self._towers.audio, self._towers.audio_projection, mels[:, None])

    @torch.no_grad()
    def _text(self, texts: Sequence[str]) -> Tensor:
        rows = [self._tokens(text) for text in texts]
        ids = nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=FILLING).to(self._device)
        lengths = torch.tensor([len(row) for row in rows], device=self._device)
        mask = (torch.arange(ids.shape[1], device=self._device) < lengths[:, None]).long()
        states = self._towers.text(input_ids=ids, attention_mask=mask).last_hidden_state
        last = states[torch.arange(len(rows), device=self._device), lengths - 1]
        return F.normalize(self._towers.text_projection(last), dim=-1).cpu()

    def _tokens(self, text: str) -> Tensor:
        ids = self._tokenizer.encode(f"{text} {END}").ids
        return torch.tensor(ids[: TOKENS - 1] + ids[-1:] if len(ids) > TOKENS else ids)


def renamed(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors of the published checkpoint by the names of `Towers`; one matrix of queries, keys and values is three.

    What has no place here keeps some name of no module.
    """
    here: dict[str, Tensor] = {}
    for name, tensor in published.items():
        old, new = next(((o, n) for o, n in NAMES if name.startswith(o)), ("", ""))
        name = new + name.removeprefix(old)
        if name.startswith("audio."):
            for old, new in BLOCK_NAMES:
                name = name.replace(old, new)
        if ".self.qkv." in name:
            for part, piece in zip(("query", "key", "value"), tensor.chunk(3), strict=True):
                here[name.replace("qkv", part)] = piece
        else:
            here[name] = tensor
    return here
