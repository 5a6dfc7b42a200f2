"""A Hugging Face dataset (Parquet and a card): exact float arrays, labels, pictures and sounds."""

from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, final

import numpy as np
from pydantic import Field

from limbeck import _files
from limbeck.distilled import DistilledSet
from limbeck.errors import package
from limbeck.exports import Export
from limbeck.exports._rows import Row, card, description, new_folder, rows
from limbeck.media import encode


@final
class HuggingFace(Export):
    """A folder that ``datasets.load_dataset`` reads, with or without a network.

    Columns: of every modality ``MODALITY`` (..., channel, height, width), float32 in network scale, exact, and
    ``MODALITY_image`` (an Image, 8 bits); of sounds ``MODALITY_sound`` (an Audio, WAV, not decoded, so that rows can be
    read without torchcodec); of videos ``MODALITY_film`` (a Video, MP4 with the sample's sound if it has any, not
    decoded) and ``MODALITY_frames`` (Images); ``label`` (a ClassLabel); ``row`` and ``cell`` (where in the distilled
    set it is); ``soft_label`` (class probabilities, float32) where the set has soft labels.

    Attributes:
        row_group: Samples in each Parquet row group: what a streaming reader loads at once.
    """

    row_group: int = Field(64, ge=1)

    def write(self, distilled: DistilledSet, out: Path) -> Path:
        encode.require_pillow("export")
        datasets = package("export", "datasets")
        import pyarrow.parquet as pq
        from datasets.info import DatasetInfosDict
        from huggingface_hub import DatasetCardData

        kinds, source = distilled.modalities, rows(distilled)
        with new_folder(distilled, out) as folder:
            group = list(islice(source, self.row_group))
            rate = distilled.recipe.mel.sample_rate_hz
            features = datasets.Features(
                {f"{m}_image": datasets.Image() for m in kinds}
                | {f"{m}_sound": datasets.Audio(sampling_rate=rate, decode=False) for m in group[0].sounds}
                | {f"{m}_film": datasets.Video(decode=False) for m in group[0].films}
                | {f"{m}_frames": datasets.Sequence(datasets.Image()) for m in group[0].frames}
                | {"label": datasets.ClassLabel(names=list(distilled.classes))}
                | {m: getattr(datasets, f"Array{len(kind.shape)}D")(kind.shape, "float32") for m, kind in kinds.items()}
                | {"row": datasets.Value("int32"), "cell": datasets.Value("int32")}
            )
            if distilled.soft_labels is not None:
                features["soft_label"] = datasets.Sequence(datasets.Value("float32"))
            split = {"split": "train", "path": "data/train-*.parquet"}
            about = DatasetCardData(
                tags=["dataset-distillation", *kinds, "limbeck"],
                configs=[{"config_name": "default", "data_files": [split]}],
            )
            DatasetInfosDict({"default": datasets.DatasetInfo(features=features)}).to_dataset_card_data(about)
            schema = features.arrow_schema
            (folder / "data").mkdir()
            file = folder / "data" / "train-00000-of-00001.parquet"
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                while group:
                    writer.write_table(_table(group, schema))
                    group = list(islice(source, self.row_group))
            _files.write_json(folder / "limbeck.json", description(distilled, "limbeck-huggingface-2"))
            use = USE.format(columns=", ".join(f'"{m}"' for m in kinds))
            use += "".join(f'\n{m} = samples[0]["{m}"]' for m in (*kinds, "label"))
            text = card(distilled, layout=LAYOUT, exact=EXACT, use=use)
            _files.write_text(folder / "README.md", f"---\n{about.to_yaml()}\n---\n{text}")
        return out


def _table(group: Sequence[Row], schema: Any) -> Any:
    import pyarrow as pa

    def files(contents: Iterable[bytes]) -> list[dict[str, bytes | None]]:
        return [{"bytes": content, "path": None} for content in contents]

    first = group[0]
    values: dict[str, Any] = {name: [getattr(row, name) for row in group] for name in ("label", "row", "cell")}
    values |= {f"{m}_image": files(row.images[m] for row in group) for m in first.images}
    values |= {f"{m}_sound": files(row.sounds[m] for row in group) for m in first.sounds}
    values |= {f"{m}_film": files(row.films[m] for row in group) for m in first.films}
    values |= {f"{m}_frames": [files(row.frames[m]) for row in group] for m in first.frames}
    if first.soft_label is not None:
        values["soft_label"] = [row.soft_label.numpy() for row in group if row.soft_label is not None]
    columns = {name: pa.array(several, schema.field(name).type) for name, several in values.items()}
    for m in first.samples:
        # Lists of lists of ... from one flat buffer: no Python number is made.
        samples = np.stack([row.samples[m].numpy() for row in group])
        nested = pa.array(samples.reshape(-1))
        for length in reversed(samples.shape[1:]):
            nested = pa.ListArray.from_arrays(np.arange(0, len(nested) + 1, length, dtype=np.int32), nested)
        columns[m] = pa.ExtensionArray.from_storage(schema.field(m).type, nested)
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


LAYOUT = """- `data/*.parquet`: one row a sample. Of every modality it has `MODALITY` (..., channel, height, width) and
  `MODALITY_image`, of sounds `MODALITY_sound`, of videos `MODALITY_film` and `MODALITY_frames`; then `label`,
  `soft_label` where there are soft labels, and where the sample is in the distilled set, `row` and `cell`
- `limbeck.json`: class names, recipe, scales, provenance"""

EXACT = """- `MODALITY`: float32 in network scale, exactly the samples.
  Undo the scale with `limbeck.json`: `x * std + mean`.
- `MODALITY_sound` comes as the bytes of a WAV file. With torchcodec, `cast_column("audio_sound", datasets.Audio())`
  decodes that of `audio`."""

USE = """from pathlib import Path
from datasets import load_dataset

here = str(Path.cwd())  # the whole path: "." has no name, which is asked for
samples = load_dataset(here, split="train").with_format("torch", columns=[{columns}, "label"])"""
