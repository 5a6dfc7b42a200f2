"""LAION-CLAP, an HTS-AT for sound and a RoBERTa for text trained on 630,000 pairs and more (`clap`).

Source:   Wu et al., *Large-scale Contrastive Language-Audio Pretraining with Feature Fusion and Keyword-to-Caption
          Augmentation*, ICASSP 2023 (https://arxiv.org/abs/2211.06687); networks of transformers (``ClapModel``),
          weights https://huggingface.co/laion.
Differs from the paper: nothing is drawn by chance. Of a sound beyond 10 s the checkpoint without fusion hears the
          beginning (published: a random piece) and the one with fusion the middles of its three thirds (published: a
          random place in each). A short sound is never fused: the published code, and transformers, treat one clip
          picked at random from each batch as a long one. Texts are cut after 77 tokens, as in training.
Cost:     per sound of up to 10 s some 6 thousand million multiplications, more than nine tenths of them HTS-AT's;
          a tenth of a second on one processor core of 2024, half of that in bfloat16 (`dtype`).
"""

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self, final

import torch
import torch.nn.functional as F
from torch import Tensor

from limbeck._files import write_tensors
from limbeck.encoders import _htsat
from limbeck.encoders._contract import AudioEmbeddings
from limbeck.encoders._module import built, byte_vocabulary, filled, package, tokenizer_fingerprint, with_random_weights
from limbeck.encoders._weights import HubFiles, Needed, read_state, reading
from limbeck.errors import InputError

TOKENS = 77
FILES = ("config.json", "preprocessor_config.json", "tokenizer.json")
REVISIONS = {
    "clap-htsat-unfused": "8fa0f1c6d0433df6e97c127f64b2a1d6c0dcda8a",
    "clap-htsat-fused": "cca9e288ab447cee67d9ada1f85ddb46500f1401",
    "larger_clap_general": "ada0c23a36c4e8582805bb38fec3905903f18b41",
    "larger_clap_music_and_speech": "195c3a3e68faebb3e2088b9a79e79b43ddbda76b",
}
"""The commit of each checkpoint's repository."""
THIRDS = 3
HEARING = (
    "sampling_rate",
    "feature_size",
    "fft_window_size",
    "hop_length",
    "frequency_min",
    "frequency_max",
    "nb_max_samples",
    "truncation",
    "padding",
)
"""Settings of the feature extractor that decide the vectors."""


def _hub(checkpoint: str) -> HubFiles:
    return HubFiles(f"laion/{checkpoint}", REVISIONS[checkpoint], FILES)


@final
class Clap(_htsat.HtsatEncoder):
    """LAION-CLAP. `features` is what HTS-AT pools over its last map, before the projection.

    A folder of weights holds config.json, preprocessor_config.json, tokenizer.json and model.safetensors (or
    pytorch_model.bin).
    """

    sample_rate = 48_000
    window_s = 10.0
    checkpoints = tuple(REVISIONS)

    def __init__(
        self, checkpoint: str, model: Any, extractor: Any, tokenizer: Any, device: torch.device | str = "cpu"
    ) -> None:
        if extractor.padding not in _htsat.FILLS:
            raise InputError(
                f"The feature extractor's padding is {extractor.padding!r}, expected was one of "
                f"{', '.join(_htsat.FILLS)}. Correct it in preprocessor_config.json, or fetch that anew."
            )
        super().__init__(checkpoint, model.config.projection_dim, model.config.audio_config.hidden_size, device)
        self._model, self._extractor, self._tokenizer = model.to(device), extractor, tokenizer
        self._fusion = bool(model.config.audio_config.enable_fusion)
        filters = extractor.mel_filters if extractor.truncation == "fusion" else extractor.mel_filters_slaney
        self._filters = torch.as_tensor(filters, dtype=torch.float32, device=device)

    @cached_property
    def id(self) -> str:
        """Name, checkpoint and a hash of weights, log-mel and tokens; the same on every device and in every format."""
        hearing = {name: getattr(self._extractor, name) for name in HEARING}
        return self._id(self._model.state_dict(), json.dumps(hearing), tokenizer_fingerprint(self._tokenizer))

    @classmethod
    def _needed(cls, checkpoint: str, folder: Path | None) -> Sequence[Needed]:
        package("transformers")
        return [Needed(_hub(checkpoint), folder)]

    @classmethod
    def _read(cls, checkpoint: str, found: Sequence[Path], device: torch.device) -> Self:
        transformers, (folder,) = package("transformers"), found
        weights = _hub(checkpoint).weights_in(folder)
        with reading(folder):
            config = transformers.ClapConfig.from_pretrained(folder, local_files_only=True)
            extractor = transformers.ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
            tokenizer = transformers.RobertaTokenizer.from_pretrained(folder, local_files_only=True)
            model = filled(built(lambda: transformers.ClapModel(config)), read_state(weights), source=weights)
        return cls(checkpoint, model, extractor, tokenizer, device)

    @classmethod
    def tiny(cls, *, seed: int = 0, fusion: bool = False) -> Self:
        """The same classes, narrow and shallow, with random weights and letters as tokens.

        With `fusion` long sounds are heard as a whole and in pieces.
        """
        transformers = package("transformers")
        vocabulary = byte_vocabulary(("<s>", "<pad>", "</s>", "<unk>", "<mask>"))
        config = transformers.ClapConfig(
            text_config={
                "vocab_size": len(vocabulary),
                "hidden_size": 16,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "intermediate_size": 32,
                "max_position_embeddings": TOKENS + 2,
                "projection_dim": 12,
            },
            audio_config={
                "patch_embeds_hidden_size": 8,
                "depths": [1, 2],
                "num_attention_heads": [1, 2],
                "hidden_size": 16,
                "projection_dim": 12,
                "enable_fusion": fusion,
            },
            projection_dim=12,
        )
        model = with_random_weights(built(lambda: transformers.ClapModel(config)), seed=seed)
        extractor = transformers.ClapFeatureExtractor(truncation="fusion" if fusion else "rand_trunc")
        return cls("tiny", model, extractor, transformers.RobertaTokenizer(vocab=vocabulary, merges=[]))

    def save(self, folder: Path) -> None:
        """Write the files that `pretrained` takes as its `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        self._model.config.save_pretrained(folder)
        self._extractor.save_pretrained(folder)
        self._tokenizer.save_pretrained(folder)
        write_tensors(folder / "model.safetensors", self._model.state_dict())

    @torch.no_grad()
    def _audio(self, waveforms: Sequence[Tensor]) -> AudioEmbeddings:
        inputs, longer = self._inputs([w.to(self._device, torch.float32) for w in waveforms])
        return self._pooled(self._model.audio_model, self._model.audio_projection, inputs, longer)

    @torch.no_grad()
    def _text(self, texts: Sequence[str]) -> Tensor:
        tokens = self._tokenizer(list(texts), padding=True, truncation=True, max_length=TOKENS, return_tensors="pt")
        ids, mask = (tokens[name].to(self._device) for name in ("input_ids", "attention_mask"))
        read = self._model.text_model(input_ids=ids, attention_mask=mask)
        return F.normalize(self._model.text_projection(read.pooler_output), dim=-1).cpu()

    def _inputs(self, waveforms: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Log-mels, (clip, channel, frame, band), and which clips are heard in pieces too, (clip, 1)."""
        samples = int(self._extractor.nb_max_samples)
        hop = int(self._extractor.hop_length)
        fill = _htsat.FILLS[self._extractor.padding]
        mels = _htsat.log_mel(torch.stack([fill(w, samples) for w in waveforms]), self._filters, hop=hop)[:, None]
        frames = mels.shape[2]
        longer = torch.tensor([[self._fusion and len(w) // hop + 1 > frames] for w in waveforms], device=self._device)
        if self._fusion:
            mels = mels.repeat(1, 1 + THIRDS, 1, 1)
            for i in torch.nonzero(longer[:, 0]).flatten().tolist():
                mels[i] = fused(_htsat.log_mel(waveforms[i][None], self._filters, hop=hop)[0], frames)
        return mels, longer


def fused(mel: Tensor, frames: int) -> Tensor:
    """A long log-mel, (frame, band), at a glance and in three pieces of so many `frames`, (4, frames, band).

    The first is the whole `mel` shrunk, then comes a piece from the middle of each third of the places it can begin at.
    """
    whole = F.interpolate(mel[None, None], size=(frames, mel.shape[1]), mode="bilinear", align_corners=False)[0, 0]
    thirds = torch.arange(len(mel) - frames + 1).tensor_split(THIRDS)
    begins = [int(third[len(third) // 2]) if len(third) else 0 for third in thirds]
    return torch.stack([whole, *(mel[begin : begin + frames] for begin in begins)])
