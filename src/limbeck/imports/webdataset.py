"""Limbeck's own export as WebDataset shards: ``shards/*.tar`` with arrays and labels, ``config.json`` (`webdataset`).

Source:   `limbeck.exports.webdataset`.
"""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import final

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._contract import Given, Import
from limbeck.imports._exported import Description, Sample, array_of, is_export, rebuilt
from limbeck.imports._source import Source


@final
class WebDataset(Import):
    """A folder that ``limbeck export --to webdataset`` wrote: the same samples to the last bit."""

    @classmethod
    def recognises(cls, source: Source) -> bool:
        return is_export(source, "config.json", "webdataset")

    def read(self, source: Source, given: Given) -> DistilledSet:
        about = Description(source.path / "config.json")
        shards = sorted((source.path / "shards").glob("*.tar"))
        samples = (sample for shard in shards for sample in _samples(shard, about))
        return rebuilt(self, source, given, about, samples, [source.path / "config.json", *shards])


def _samples(shard: Path, about: Description) -> Iterator[Sample]:
    """Samples of a shard, whose members lie one sample after the other; nothing is unpacked onto the disk."""
    wanted = {*(f"{name}.npy" for name in about.modalities), "soft.npy", "cls"}
    found: dict[str, bytes] = {}
    key = ""
    try:
        with tarfile.open(shard, "r:") as tar:
            for member in tar:
                own, _, what = member.name.partition(".")
                if own != key and found:
                    yield _sample(key, found, about, shard)
                    found = {}
                key = own
                if what in wanted and member.isfile() and (handle := tar.extractfile(member)):
                    found[what] = handle.read()
            if found:
                yield _sample(key, found, about, shard)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise InputError(f"{shard} is damaged ({error}). Export the set again.") from error


def _sample(key: str, found: dict[str, bytes], about: Description, shard: Path) -> Sample:
    arrays = {
        name: array_of(found[f"{name}.npy"], f"{key}.{name}.npy in {shard}")
        for name in about.modalities
        if f"{name}.npy" in found
    }
    soft = array_of(found["soft.npy"], f"{key}.soft.npy in {shard}") if "soft.npy" in found else None
    try:
        return Sample(int(key), arrays, int(found["cls"]), soft)
    except (KeyError, ValueError) as error:
        raise InputError(
            f"Sample {key!r} in {shard} has no number or no label ({error}). Export the set again."
        ) from error
