"""CIFAR-10: 60,000 photos, 32 x 32, of ten classes, on which dataset distillation is usually compared (`cifar10`).

Read as its authors give it, in any of its forms, or as a folder of images::

    cifar-10-batches-py/data_batch_1 ... data_batch_5 test_batch              the python version, unpacked
    cifar-10-batches-bin/data_batch_1.bin ... data_batch_5.bin test_batch.bin the binary version, unpacked
    cifar-10-python.tar.gz, cifar-10-binary.tar.gz                            either as it is fetched
    train/CLASS/*.png, test/CLASS/*.png                                       images (JPEG, too)

Images of 32 x 32 come through as they are, bit by bit, from all but JPEG. The python version holds pickles, which can
run code; they are read by a reader that calls nothing they name.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar, final

from limbeck.datasets._cifar import CIFAR, Labels
from limbeck.datasets._listing import TEST, TRAIN


@final
class CIFAR10(CIFAR):
    """CIFAR-10 in its official forms, or as a folder of images.

    Args:
        root: The folder of an archive's files, or the one it lies in; the archive itself, a ``.tar.gz``; or a folder of
            images.

    Example:
        >>> CIFAR10(root="cifar-10-batches-py").classes[:3]
        ('airplane', 'automobile', 'bird')
    """

    title: ClassVar[str] = "CIFAR-10: 60,000 photos of ten classes, 32 x 32"
    archive: ClassVar[str] = "cifar-10"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType(
        {f"data_batch_{i}": TRAIN for i in range(1, 6)} | {"test_batch": TEST}
    )
    labels: ClassVar[Labels] = Labels("labels", byte=0, of=1)
    classes: ClassVar[tuple[str, ...]] = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
