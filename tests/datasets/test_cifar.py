"""CIFAR-10 and CIFAR-100 in every form they come in, and what is wrong with such files."""

from __future__ import annotations

import io
import os
import pickle
import tarfile
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from tests.helpers import cifar

from limbeck import datasets
from limbeck.datasets.cifar10 import CIFAR10
from limbeck.datasets.cifar100 import CIFAR100
from limbeck.errors import InputError, MediaError
from limbeck.media import ClipRecipe

RECIPE = ClipRecipe(image_size=32, tracks=("image",))
FORMS = ("py", "bin", "py.tar.gz", "bin.tar.gz")


def form(root: Path, kind: str) -> tuple[Path, dict[str, Any]]:
    """CIFAR-10 in one of its forms."""
    folder, content = cifar.cifar10(root, kind.partition(".")[0])
    return (cifar.packed(folder, root / "cifar-10.tar.gz") if kind.endswith("gz") else folder), content


def write_png(path: Path, image: cifar.Images) -> None:
    """An image, (3, height, width), without loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="image2", options={"update": "1"}) as out:
        stream = out.add_stream("png", rate=1)
        stream.height, stream.width, stream.pix_fmt = *image.shape[1:], "rgb24"
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image.transpose(1, 2, 0)), format="rgb24")
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


@pytest.mark.parametrize("kind", FORMS)
def test_every_form_gives_every_image_bit_by_bit_with_its_label(kind: str, tmp_path: Path) -> None:
    root, content = form(tmp_path, kind)
    dataset = CIFAR10(root=root)
    clips = dataset.clips()
    assert [c.id for c in clips] == [f"{part}/{i:05d}" for part in cifar.PARTS_10 for i in range(10)]
    assert [c.split for c in clips] == ["train"] * 50 + ["test"] * 10
    for clip in clips:
        part, number = clip.id.split("/")
        pixels, labels = content[part]
        assert clip.label == dataset.classes[labels[int(number)]]
        frame = dataset.read(clip, RECIPE).picture
        assert np.array_equal(frame.transpose(2, 0, 1), pixels[int(number)])


@pytest.mark.parametrize("kind", FORMS)
def test_the_prepared_arrays_are_the_images(kind: str, tmp_path: Path) -> None:
    root, content = form(tmp_path / "data", kind)
    prepared = datasets.prepare("cifar10", root, out=tmp_path / "prepared", workers=1, progress=False)
    assert prepared.recipe.image_size == 32, "the size that the images have, with no word from the user"
    words = f"<Prepared cifar10: 10 classes, clips (image): 50 train, 10 test; {tmp_path / 'prepared'}>"
    assert repr(prepared) == words, "a line, however many clips there are"
    for split, parts in {"train": cifar.PARTS_10[:5], "test": cifar.PARTS_10[5:]}.items():
        clips = prepared.clips(split)
        every = np.concatenate([content[part][0] for part in parts])
        assert np.array_equal(clips.array("image", np.arange(len(clips))).numpy(), every)
        assert clips.labels.tolist() == [x for part in parts for x in content[part][1]]


def test_the_folder_that_an_archive_was_unpacked_or_put_in_will_do(tmp_path: Path) -> None:
    folder, _ = cifar.cifar10(tmp_path / "unpacked")
    listed = [c.id for c in CIFAR10(root=folder).clips()]
    assert [c.id for c in CIFAR10(root=tmp_path / "unpacked").clips()] == listed
    (tmp_path / "fetched").mkdir()
    cifar.packed(folder, tmp_path / "fetched" / "cifar-10-python.tar.gz")
    assert [c.id for c in CIFAR10(root=tmp_path / "fetched").clips()] == listed


@pytest.mark.parametrize("kind", ["python", "binary"])
def test_cifar100_has_fine_and_coarse_classes(kind: str, tmp_path: Path) -> None:
    root, content = cifar.cifar100(tmp_path, kind)
    fine, coarse = CIFAR100(root=root), CIFAR100(root=root, coarse=True)
    assert (len(set(fine.classes)), len(set(coarse.classes))) == (100, 20)
    assert (list(fine.classes), list(coarse.classes)) == (sorted(fine.classes), sorted(coarse.classes))
    for one, two in zip(fine.clips(), coarse.clips(), strict=True):
        part, number = one.id.split("/")
        pixels, of_fine, of_coarse = content[part]
        assert one.id == two.id
        assert (one.label, two.label) == (
            fine.classes[of_fine[int(number)]],
            coarse.classes[of_coarse[int(number)]],
        )
        assert np.array_equal(fine.read(one, RECIPE).picture.transpose(2, 0, 1), pixels[int(number)])


def test_a_pickle_that_a_newer_python_wrote_is_read_too(tmp_path: Path) -> None:
    folder, content = cifar.cifar10(tmp_path)
    pixels, labels = content["data_batch_3"]
    again = {b"data": np.asfortranarray(pixels.reshape(10, -1)), b"labels": labels}
    (folder / "data_batch_3").write_bytes(pickle.dumps(again, protocol=4))
    dataset = CIFAR10(root=folder)
    clips = [c for c in dataset.clips() if c.id.startswith("data_batch_3")]
    assert [c.label for c in clips] == [dataset.classes[x] for x in labels]
    assert all(
        np.array_equal(dataset.read(c, RECIPE).picture.transpose(2, 0, 1), x)
        for c, x in zip(clips, pixels, strict=True)
    )


def test_a_folder_of_images_is_read_as_it_is(tmp_path: Path) -> None:
    dataset = CIFAR10(root=tmp_path)
    pixels = cifar.images(range(10))
    for split in ("train", "test"):
        for label, image in zip(dataset.classes, pixels, strict=True):
            write_png(tmp_path / split / label / "0001.png", image)
    (tmp_path / "README.md").write_text("CIFAR-10 as images")
    clips = dataset.clips()
    assert [(c.id, c.label, c.split) for c in clips][:2] == [
        ("test/airplane/0001.png", "airplane", "test"),
        ("test/automobile/0001.png", "automobile", "test"),
    ]
    for clip in clips:
        frame = dataset.read(clip.only(["image"]), RECIPE).picture
        assert np.array_equal(frame.transpose(2, 0, 1), pixels[dataset.classes.index(clip.label)])
    (tmp_path / "train" / "unicorn").mkdir()
    write_png(tmp_path / "train" / "unicorn" / "0001.png", pixels[0])
    with pytest.raises(InputError, match=r"has the classes unicorn, which cifar-10 does not have.*'folder'\.$"):
        dataset.clips()


def test_other_sizes_are_resized_and_sound_is_refused(tmp_path: Path) -> None:
    dataset = CIFAR10(root=cifar.cifar10(tmp_path)[0])
    clip = dataset.clips()[0]
    large, plain = (dataset.read(clip, ClipRecipe(image_size=s, tracks=("image",))).picture for s in (64, 32))
    assert large.shape == (64, 64, 3)
    assert np.abs(large.mean((0, 1)) - plain.mean((0, 1))).max() < 2
    with pytest.raises(MediaError, match="no_audio_track"):
        dataset.read(clip, ClipRecipe(tracks=("audio",)))


class _Creates:
    """What would create a file if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_code_is_refused_and_runs_none(protocol: int, tmp_path: Path) -> None:
    folder, _ = cifar.cifar10(tmp_path)
    trap = tmp_path / "ran"
    (folder / "data_batch_2").write_bytes(pickle.dumps({"data": _Creates(trap), "labels": [0]}, protocol=protocol))
    with pytest.raises(InputError, match=r"data_batch_2 is no part of CIFAR.*asks for \w+\.mkdir, .* may run code"):
        CIFAR10(root=folder).clips()
    assert not trap.exists()
    pickle.loads((folder / "data_batch_2").read_bytes())
    assert trap.exists(), "the trap was one"


@pytest.mark.parametrize(
    "name", ["builtins.eval", "builtins.getattr", "os.system", "numpy.load", "copyreg.add_extension"]
)
def test_nothing_but_arrays_can_be_named(name: str, tmp_path: Path) -> None:
    folder, _ = cifar.cifar10(tmp_path)
    module, attribute = name.split(".")
    (folder / "test_batch").write_bytes(b"\x80\x02c" + f"{module}\n{attribute}\n".encode() + b"U\x01x\x85R.")
    with pytest.raises(InputError, match=rf"asks for {module}\.{attribute}"):
        CIFAR10(root=folder).clips()


def test_stand_ins_that_a_pickle_changes_are_its_own(tmp_path: Path) -> None:
    folder, content = cifar.cifar10(tmp_path)
    good = (folder / "data_batch_1").read_bytes()
    changed = b"\x80\x02cnumpy\nndarray\n}(U\x05shapeK\x05u}(X\x05\x00\x00\x00shapeK\x05u\x86b."
    (folder / "data_batch_1").write_bytes(changed)
    with pytest.raises(InputError, match="data_batch_1"):
        CIFAR10(root=folder).clips()
    (folder / "data_batch_1").write_bytes(good)
    dataset = CIFAR10(root=folder)
    assert np.array_equal(
        dataset.read(dataset.clips()[0], RECIPE).picture.transpose(2, 0, 1), content["data_batch_1"][0][0]
    )


ROWS = cifar.images(range(10)).reshape(10, -1)
FLOATS = ROWS.astype(np.float32)


def pickled(data: Any, labels: list[Any]) -> bytes:
    return cifar.python2({"data": data, "labels": labels})


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        (b"", "Ran out of input"),
        (b"<html>not found</html>", "invalid load key, '<'"),
        (cifar.python2([1, 2]), "a mapping was expected, but list came"),
        (cifar.python2({"data": ROWS}), "it lacks labels; it has data"),
        (pickled("x", [0]), "an array was expected, but bytes came"),
        (pickled(FLOATS, [0] * 10), "an array of uint8 was expected, but one of 'f4'"),
        (pickled(ROWS[:, :-1], [0] * 10), r"an array \(image, 3072\) was expected, but \(10, 3071\)"),
        (pickled(ROWS, [0] * 9), "a label for each of 10 images was expected"),
        (pickled(ROWS[:0], []), "a label for each of 0 images"),
        (pickled(ROWS, [*range(9), 10]), "labels from 0 to 9 were expected, but 10 came"),
        (pickled(ROWS, [*range(9), None]), "labels from 0 to 9 were expected, but None came"),
        (pickled(ROWS, [*range(9), "cat"]), "labels from 0 to 9 were expected, but b'cat' came"),
        (cifar.python_batch(ROWS, {"labels": range(10)})[:-100], "truncated|Ran out of input"),
    ],
)  # fmt: skip
def test_rotten_python_batches_are_refused_in_a_sentence(batch: bytes, told: str, tmp_path: Path) -> None:
    folder, _ = cifar.cifar10(tmp_path)
    (folder / "data_batch_4").write_bytes(batch)
    with pytest.raises(InputError, match=rf"data_batch_4 is no part of CIFAR.*({told}).*Fetch the archive again"):
        CIFAR10(root=folder).clips()


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda data: data[:-1], r"records of 3073 bytes were expected, but it has 30729 bytes: it may be cut short"),
        (lambda data: b"", r"but it has 0 bytes"),
        (lambda data: b"\x0a" + data[1:], "labels from 0 to 9 were expected, but 10 came"),
    ],
)
def test_rotten_binary_batches_are_refused_in_a_sentence(spoil: Any, told: str, tmp_path: Path) -> None:
    folder, _ = cifar.cifar10(tmp_path, "bin")
    batch = folder / "test_batch.bin"
    batch.write_bytes(spoil(batch.read_bytes()))
    with pytest.raises(InputError, match=told):
        CIFAR10(root=folder).clips()


def test_a_file_that_is_something_else_is_refused_and_not_read_whole(tmp_path: Path) -> None:
    other = tmp_path / "film.mp4"
    other.write_bytes(b"x")
    with pytest.raises(InputError, match=r"film\.mp4 is no part of CIFAR"):
        CIFAR10(root=other).clips()
    with other.open("r+b") as handle:
        handle.truncate(2**40)
    with pytest.raises(InputError, match=r"it is 1099511627776 bytes large\. Give the archive, or its folder"):
        CIFAR10(root=other).clips()


def test_missing_parts_are_named(tmp_path: Path) -> None:
    folder, _ = cifar.cifar10(tmp_path)
    (folder / "data_batch_5").unlink()
    with pytest.raises(InputError, match=r"lacks data_batch_5 of cifar-10; it has data_batch_1"):
        CIFAR10(root=folder).clips()
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"holds no media files"):
        CIFAR10(root=tmp_path / "empty").clips()


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    archive = cifar.packed(cifar.cifar10(tmp_path)[0], tmp_path / "cifar-10-python.tar.gz")
    whole = archive.read_bytes()
    for spoilt in (whole[: len(whole) // 2], whole[:5000] + bytes(500) + whole[5500:], b"not gzip", b""):
        archive.write_bytes(spoilt)
        with pytest.raises(InputError, match=r"cifar-10-python\.tar\.gz.*Fetch (it|the archive) again"):
            CIFAR10(root=archive).clips()
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("cifar-10-batches-py/readme.html"), io.BytesIO())
    with pytest.raises(InputError, match="holds no data_batch_1"):
        CIFAR10(root=archive).clips()
