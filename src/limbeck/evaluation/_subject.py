"""What is measured, put together from a set, the clips it is tested on and how its students are trained."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from limbeck import _code, methods
from limbeck._config import differences
from limbeck._locations import Location
from limbeck._runtime import Runtime, choose_runtime
from limbeck.datasets import LabelledClips, Prepared
from limbeck.distilled import DistilledSet
from limbeck.engine import runtime_of
from limbeck.errors import InputError
from limbeck.evaluation._samples import ClipSamples, Samples, TensorSamples
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.train import EpochReport
from limbeck.methods import RunContext
from limbeck.modalities import Scale, ScaleKind, letters, together
from limbeck.networks import Architecture


@dataclass(frozen=True)
class Subject:
    """What is measured, and with what.

    Attributes:
        scales: On which students see samples, by modality; students see these modalities alone.
        runtime: Where to train and test, and the number formats in which `again` distils.
        again: Distils other clips as `train` was, by its method, settings and seed; for real clips, gives them back.
        clips: The real training clips that `train` was distilled from; None if they are not known.
        on_epoch: Called after each epoch of each student.
    """

    train: DistilledSet | LabelledClips
    test: LabelledClips
    scales: Mapping[str, Scale]
    network: Architecture
    protocol: Protocol
    runtime: Runtime
    again: Callable[[LabelledClips], DistilledSet | LabelledClips]
    clips: LabelledClips | None = None
    on_epoch: Callable[[EpochReport], None] | None = None

    @classmethod
    def of(
        cls,
        train: DistilledSet | LabelledClips,
        test: LabelledClips,
        *,
        clips: LabelledClips | None = None,
        modalities: Collection[str] | None = None,
        scales: Mapping[str, Scale] | None = None,
        network: Architecture | None = None,
        protocol: Protocol | None = None,
        runtime: Runtime | None = None,
        cache: Path | None = None,
    ) -> "Subject":
        """A subject whose parts are checked to belong together.

        Students see the `modalities` of `train` (all by default), a distilled set or clips (a subset or the whole
        training split, streamed), and of `test`, clips of the same classes and recipe. Clips are seen on `scales`,
        standardised by the training statistics by default; a distilled set brings its own. The `network`, `protocol`
        and `runtime` are by default a ConvNet, the published one, and the CPU in float32. Measures that distil again
        need the real `clips` that a set was distilled from, and can reuse what is in a `cache`, a folder.

        Raises:
            InputError: Classes, recipes or modalities differ, no test clips came, or scales came with a distilled set.
        """
        if not len(test):
            raise InputError("There are no test clips; prepare a dataset with a test split.")
        if train.targets.has_classes and tuple(train.classes) != tuple(test.classes):
            raise InputError(
                f"The training set has the classes {list(train.classes)}, but the test clips have "
                f"{list(test.classes)}; they must be the same in the same order."
            )
        if train.recipe != test.recipe:
            raise InputError(
                "Training set and test clips were made by different recipes: the training set's "
                f"{'; '.join(differences(train.recipe.to_json(), test.recipe.to_json()))} in the test clips. "
                "Prepare the test data as the training set was."
            )
        seen = [*train.modalities] if modalities is None else [*modalities]
        if isinstance(train, DistilledSet):
            if scales not in (None, train.scales):
                raise InputError("A distilled set is seen on its own scales; leave `scales` out.")
            scales = train.scales
        elif scales is None:
            scales = train.scales("standardised")
        names = [*train.seen_by(seen).modalities]
        test.seen_by(names)
        if lacking := [name for name in names if name not in scales]:
            raise InputError(f"There is no scale of {', '.join(lacking)}; give one, or leave `scales` out.")
        runtime = runtime or choose_runtime("cpu", "float32")
        clips = train if isinstance(train, LabelledClips) else clips
        return cls(
            train=train,
            test=test,
            scales={name: scales[name] for name in names},
            network=network or Architecture(),
            protocol=protocol or Protocol(),
            runtime=runtime,
            again=partial(_again, train, clips, RunContext(runtime, cache)),
            clips=clips,
        )

    @classmethod
    def opened(
        cls,
        what: Path | DistilledSet | None,
        on: Path | Location | Prepared,
        *,
        modalities: Collection[str] | None = None,
        network: Architecture | None = None,
        protocol: Protocol | None = None,
        sound: ScaleKind = "standardised",
        device: str = "auto",
        dtype: str = "auto",
    ) -> "Subject":
        """A set, or the whole training split, and the test clips of a prepared dataset; see `limbeck.evaluate`.

        Raises:
            InputError: The set does not fit the dataset, or a file is damaged.
        """
        prepared, made = Prepared.open(on), None if what is None else DistilledSet.load(what)
        return cls.of(
            made if made is not None else prepared.clips("train"),
            prepared.clips("test"),
            clips=prepared.clips("train") if made is None or "train" in prepared.splits else None,
            modalities=modalities,
            scales=prepared.clips("train").scales(sound) if made is None else None,
            network=network or (made.network if made is not None else Architecture()),
            protocol=protocol,
            runtime=runtime_of(what if isinstance(what, Path) else None, device, dtype),
            cache=prepared.cache,
        )

    @property
    def letters(self) -> dict[str, str]:
        """What tables call each modality that students see, by its name."""
        return letters({name: self.test.modalities[name] for name in self.scales})

    @property
    def together(self) -> str:
        """Key of what is found by all modalities that students see together, as ``"A+V"``."""
        return together(self.letters.values())

    @property
    def real(self) -> LabelledClips:
        """The real training clips, with the modalities that the set has."""
        if self.clips is None:
            raise InputError("This measure needs the real clips that the set was distilled from; give them as `clips`.")
        return self.clips.seen_by([*self.train.modalities])

    def samples(self, data: DistilledSet | LabelledClips) -> Samples:
        """What students see of a set or of clips: of `train`, of `test`, or of others on the same scales."""
        if isinstance(data, DistilledSet):
            return TensorSamples.of(data.seen_by([*self.scales]))
        return ClipSamples(data, self.scales)


def _again(
    train: DistilledSet | LabelledClips, real: LabelledClips | None, run: RunContext, clips: LabelledClips
) -> DistilledSet | LabelledClips:
    """Other clips distilled as a set was."""
    if isinstance(train, LabelledClips):
        return clips
    made = train.provenance
    if real and "training_fingerprint" in made and not train.made_from(real):
        raise InputError(
            "This measure distils other clips as the set was, but the set was distilled from another dataset than "
            "these clips are of. Give the dataset that it was distilled from."
        )
    if "imported" in made and "code" not in made:
        raise InputError(
            "This measure distils other clips as the set was, but the set was imported: other code made it. Use a "
            "measure of the set as it is."
        )
    if "method" not in made:
        raise InputError(
            "This measure distils other clips as the set was, but the set does not say by which method: it was joined "
            "from parts. Distil all classes together."
        )
    method = methods.load(made["method"]).from_json(made["settings"])
    if "code" in made and (other := _code.differences(made["code"], _code.of(method))):
        raise InputError(
            f"This measure distils other clips as the set was, but that was by other code than is installed now: "
            f"{'; '.join(other)}. Distil the set anew, with the code of now."
        )
    return method.distill(clips, seed=made["seed"], run=run)
