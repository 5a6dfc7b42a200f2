"""Vectors of sentences by a small sentence-transformers model, for encoders whose sounds become words first."""

import json
import string
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self, final

import torch
from torch import Tensor

from limbeck._files import write_json, write_tensors
from limbeck.encoders._module import built, package, tokenizer_fingerprint, with_random_weights
from limbeck.encoders._weights import HubFiles, reading

MINILM = HubFiles(
    "sentence-transformers/all-MiniLM-L6-v2",
    "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
    files=(
        "modules.json",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
    ),
)


@final
class Sentences:
    """Texts to unit vectors of length `dim`, by a ``SentenceTransformer``."""

    def __init__(self, model: Any) -> None:
        self.model = model.eval().requires_grad_(False)
        self.dim = int(model.get_embedding_dimension())

    @classmethod
    def read(cls, folder: Path, device: torch.device | str = "cpu") -> Self:
        """A model from a folder in the form of sentence-transformers, without the network."""
        make = package("sentence_transformers").SentenceTransformer
        with _quiet(), reading(folder):
            model = make(str(folder), device="cpu", local_files_only=True, trust_remote_code=False)
        return cls(model.to(device))

    @classmethod
    def tiny(cls, *, seed: int) -> Self:
        """A BERT of one layer with random weights, which reads letter by letter."""
        transformers = package("transformers")
        special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
        letters = [*string.ascii_lowercase, *string.digits, *string.punctuation]
        vocabulary = special + letters + [f"##{letter}" for letter in letters]
        config = transformers.BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=32,
            max_position_embeddings=64,
        )
        model = with_random_weights(built(lambda: transformers.BertModel(config)), seed=seed)
        tokenizer = transformers.BertTokenizer(vocab={t: n for n, t in enumerate(vocabulary)}, model_max_length=64)
        with TemporaryDirectory() as name:
            folder = Path(name)
            config.save_pretrained(folder)
            tokenizer.save_pretrained(folder)
            write_tensors(folder / "model.safetensors", model.state_dict())
            write_json(folder / "modules.json", [_part(0, "", "Transformer"), _part(1, "1_Pooling", "Pooling")])
            write_json(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": config.hidden_size})
            return cls.read(folder)

    def save(self, folder: Path) -> None:
        """Write what `read` takes."""
        with _quiet():
            self.model.save(str(folder), create_model_card=False)

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Rows of length 1 on the CPU, float32, (text, dim)."""
        found: Tensor = self.model.encode(
            list(texts), convert_to_tensor=True, normalize_embeddings=True, show_progress_bar=False
        )
        return found.float().cpu().clone()  # out of inference mode, so that it may be used anywhere

    def settings(self) -> str:
        """What else decides its vectors: its parts, how tokens are pooled, how many count, and how texts are read."""
        parts = [(type(part).__name__, getattr(part, "pooling_mode", None)) for part in self.model]
        return json.dumps([parts, self.model.max_seq_length, tokenizer_fingerprint(self.model.tokenizer)])


def _part(place: int, path: str, kind: str) -> dict[str, object]:
    return {"idx": place, "name": str(place), "path": path, "type": f"sentence_transformers.models.{kind}"}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the progress bars of transformers, which would mix with ours."""
    logging = package("transformers").utils.logging
    before = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if before:
            logging.enable_progress_bar()
