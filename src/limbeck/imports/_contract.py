"""What every form of import is, and what a user may say of a set beside its files."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from limbeck._config import Config, differences
from limbeck._discover import Listed
from limbeck.datasets import Prepared
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.imports._source import Source
from limbeck.modalities import Scale


@dataclass(frozen=True)
class Given:
    """What is known of a set beside its files.

    Attributes:
        classes: Class names in the order of the file's labels; empty where they are not given.
        scale: The scale of images that networks of the published code saw, pixel values from 0 to 1.
        like: The prepared dataset that the set stands for.
    """

    classes: tuple[str, ...] = ()
    scale: Scale | None = None
    like: Prepared | None = None

    def agreeing(self, made: DistilledSet) -> DistilledSet:
        """The set that was `made`, or an `InputError` where it contradicts what is given."""
        if self.like is None:
            return made
        if missing := [name for name in made.modalities if name not in self.like.modalities]:
            raise InputError(
                f"The set has {', '.join(missing)}, but {self.like.place} has {', '.join(self.like.modalities)}. "
                "Give a dataset prepared with the set's modalities."
            )
        if made.classes != self.like.classes:
            raise InputError(
                f"The set has the classes {list(made.classes)}, but {self.like.place} has {list(self.like.classes)}. "
                "Give the dataset that the set stands for."
            )
        if unlike := differences(made.recipe.to_json(), self.like.recipe.to_json()):
            raise InputError(
                f"The set was made by another recipe than {self.like.place}: {'; '.join(unlike)}. Prepare the dataset "
                "as the set was made."
            )
        return made


class Import(Config, Listed, ABC):
    """Settings of one form in which distilled sets are published. One module of this room defines one.

    Reading runs no code from the files: tensors come through `Source.content`, which unpickles nothing else.
    """

    room: ClassVar[str] = "limbeck.imports"

    @classmethod
    @abstractmethod
    def recognises(cls, source: Source) -> bool:
        """Whether a `source` is of this form, by what is in it: a name alone is no sign.

        Raises:
            InputError: A file that it must look into is damaged, or would run code.
        """

    @abstractmethod
    def read(self, source: Source, given: Given) -> DistilledSet:
        """The set that a `source` of this form holds, with what is `given` of it; see `finished`.

        Raises:
            InputError: The source is not of this form, is damaged, or what is given does not fit it.
        """
