"""A Hugging Face dataset (Parquet and a card): exact float arrays, labels, pictures and sounds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, final

import numpy as np
import numpy.typing as npt
from pydantic import Field
from torch import Tensor

from limbeck import _files
from limbeck.distilled import DistilledSet
from limbeck.errors import MissingExtraError
from limbeck.exports._contract import Export
from limbeck.exports._rows import Row, card, description, new_folder, rows, sounds
from limbeck.media import encode


@final
class HuggingFace(Export):
    """A folder that ``datasets.load_dataset`` reads, with or without a network.

    Columns: ``audio`` (1, mel, frame) and ``image`` (3, height, width), float32 in network scale, exact; ``label``
    (a ClassLabel); ``picture`` (an Image, 8 bits); ``sound`` (an Audio, WAV, not decoded, so that rows can be read
    without torchcodec); ``pair`` and ``cell`` (where in the distilled set it is); ``soft_label`` (class probabilities,
    float32) where the set has soft labels.

    Attributes:
        row_group: Training pairs a Parquet row group: what a streaming reader loads at once.
    """

    row_group: int = Field(64, ge=1)

    def write(self, distilled: DistilledSet, out: Path) -> Path:
        """Write the set as Parquet with a card; see `Export.write`."""
        encode.require_pillow("export")
        try:
            from datasets.info import DatasetInfosDict
            from huggingface_hub import DatasetCardData

            import datasets
        except ImportError as error:
            raise MissingExtraError("export", "datasets") from error
        import pyarrow as pa
        import pyarrow.parquet as pq

        rate = distilled.recipe.mel.sample_rate_hz
        features = datasets.Features(
            {
                "picture": datasets.Image(),
                "sound": datasets.Audio(sampling_rate=rate, decode=False),
                "label": datasets.ClassLabel(names=list(distilled.classes)),
                "audio": datasets.Array3D(tuple(distilled.audio.shape[1:]), "float32"),
                "image": datasets.Array3D(tuple(distilled.image.shape[1:]), "float32"),
                "pair": datasets.Value("int32"),
                "cell": datasets.Value("int32"),
            }
            | ({} if distilled.soft_labels is None else {"soft_label": datasets.Sequence(datasets.Value("float32"))})
        )
        about = DatasetCardData(
            tags=["dataset-distillation", "audio-visual", "limbeck"],
            configs=[{"config_name": "default", "data_files": [{"split": "train", "path": "data/train-*.parquet"}]}],
        )
        DatasetInfosDict({"default": datasets.DatasetInfo(features=features)}).to_dataset_card_data(about)
        schema = features.arrow_schema
        with new_folder(distilled, out) as folder:
            (folder / "data").mkdir()
            file = folder / "data" / "train-00000-of-00001.parquet"
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                source = zip(rows(distilled), sounds(distilled), strict=True)
                while group := list(islice(source, self.row_group)):
                    columns = _columns(group, rate, schema)
                    writer.write_table(pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema))
            _files.write_json(folder / "limbeck.json", description(distilled, "limbeck-huggingface-1"))
            text = card(distilled, layout=LAYOUT, losses=LOSSES, use=USE)
            _files.write_text(folder / "README.md", f"---\n{about.to_yaml()}\n---\n{text}")
        return out


def _columns(pairs: Sequence[tuple[Row, Tensor]], rate: int, schema: Any) -> dict[str, Any]:
    import pyarrow as pa

    group, heard = zip(*pairs, strict=True)

    def files(name: str, contents: Iterable[bytes]) -> Any:
        return pa.array([{"bytes": c, "path": None} for c in contents], schema.field(name).type)

    def arrays(name: str, values: npt.NDArray[np.float32]) -> Any:
        return pa.ExtensionArray.from_storage(schema.field(name).type, _nested(values))

    def numbers(name: str, values: Iterable[int]) -> Any:
        return pa.array(list(values), schema.field(name).type)

    soft = [r.soft_label.numpy() for r in group if r.soft_label is not None]
    told = {"soft_label": pa.array(list(soft), schema.field("soft_label").type)} if soft else {}
    return told | {
        "picture": files("picture", (encode.png(r.pixels.numpy().transpose(1, 2, 0)) for r in group)),
        "sound": files("sound", (encode.wav(sound.numpy(), rate) for sound in heard)),
        "label": numbers("label", (r.label for r in group)),
        "audio": arrays("audio", np.stack([r.audio.numpy() for r in group])),
        "image": arrays("image", np.stack([r.image.numpy() for r in group])),
        "pair": numbers("pair", (r.pair for r in group)),
        "cell": numbers("cell", (r.cell for r in group)),
    }


def _nested(values: npt.NDArray[np.float32]) -> Any:
    """An Arrow list of lists of ... from one flat buffer: no Python number is made."""
    import pyarrow as pa

    nested = pa.array(values.reshape(-1))
    for length in reversed(values.shape[1:]):
        nested = pa.ListArray.from_arrays(np.arange(0, len(nested) + 1, length, dtype=np.int32), nested)
    return nested


LAYOUT = """- `data/*.parquet`: one row a training pair: `audio` (1, mel, frame), `image` (3, height, width), `label`,
  `picture`, `sound`, and where it is in the distilled set: `pair`, `cell`; `soft_label` where there are soft labels
- `limbeck.json`: class names, recipe, scales, provenance"""

LOSSES = """- `audio` and `image`: float32 in network scale, exactly the training pairs. Undo the scale
  with `limbeck.json`:
  `decibels = audio * mel_std + mel_mean` (per band), `pixel = image * image_std + image_mean` (per colour, 0 to 1).
- `picture`: rounded to 8 bits and clamped; to look at, not to train on.
- `sound`: estimated from the log-mel (Griffin-Lim), which keeps no phase; to listen to, not to train on.
  It comes as the bytes of a WAV file; with torchcodec,
  `cast_column("sound", datasets.Audio())` decodes it."""

USE = """from pathlib import Path
from datasets import load_dataset

here = str(Path.cwd())  # the whole path: "." has no name, which is asked for
pairs = load_dataset(here, split="train").with_format("torch", columns=["audio", "image", "label"])
audio, image, label = pairs[0]["audio"], pairs[0]["image"], pairs[0]["label"]"""
