"""CIFAR-100: 60,000 photos, 32 x 32, of 100 classes, 600 each, in 20 groups (`cifar100`).

Read as its authors give it, in any of its forms, or as a folder of images::

    cifar-100-python/train test               the python version, unpacked
    cifar-100-binary/train.bin test.bin       the binary version, unpacked
    cifar-100-python.tar.gz, cifar-100-binary.tar.gz    either as it is fetched
    train/CLASS/*.png, test/CLASS/*.png       images (JPEG, too)

Images of 32 x 32 come through as they are, bit by bit, from all but JPEG. The python version holds pickles, which can
run code; they are read by a reader that calls nothing they name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, final

from limbeck.datasets._cifar import CIFAR, Labels
from limbeck.datasets._listing import TEST, TRAIN

_FINE = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can "
    "castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin "
    "elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster "
    "man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck "
    "pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk "
    "skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger "
    "tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm "
)
_COARSE = (
    "aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices "
    "household_furniture insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes "
    "large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees "
    "vehicles_1 vehicles_2"
)


@final
@dataclass(kw_only=True, eq=False)
class CIFAR100(CIFAR):
    """CIFAR-100 in its official forms, or as a folder of images.

    Args:
        root: The folder of an archive's files, or the one it lies in; the archive itself, a ``.tar.gz``; or a folder of
            images.
        coarse: Take the 20 groups of classes as classes; the folders of images must then be called like these.

    Example:
        >>> len(CIFAR100(root="cifar-100-python").classes), CIFAR100(root="cifar-100-python", coarse=True).classes[1]
        (100, 'fish')
    """

    title: ClassVar[str] = "CIFAR-100: 60,000 photos of 100 classes, 32 x 32"
    archive: ClassVar[str] = "cifar-100"
    parts: ClassVar[Mapping[str, str]] = MappingProxyType({"train": TRAIN, "test": TEST})

    coarse: bool = False

    @property
    def labels(self) -> Labels:
        return Labels("coarse_labels", byte=0, of=2) if self.coarse else Labels("fine_labels", byte=1, of=2)

    @property
    def classes(self) -> tuple[str, ...]:
        """The fine or coarse classes in the archive's order."""
        return tuple((_COARSE if self.coarse else _FINE).split())
