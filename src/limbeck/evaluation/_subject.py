"""What is measured, put together from a set, the data it came from and how its students are trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from limbeck import _code, methods
from limbeck._runtime import Runtime
from limbeck.datasets import LabelledClips, Scale
from limbeck.datasets._statistics import SoundScale
from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation._evaluate import check
from limbeck.evaluation.measures import Subject
from limbeck.evaluation.protocol import Protocol
from limbeck.methods import Work
from limbeck.networks import Architecture


def subject(
    made: DistilledSet | None,
    real: LabelledClips,
    test: LabelledClips,
    *,
    runtime: Runtime,
    network: Architecture,
    protocol: Protocol,
    sound: SoundScale = "standardised",
    cache: Path | None = None,
) -> Subject:
    """What a measure takes numbers from.

    Args:
        made: A distilled set; None for the whole training split.
        real: The training clips.
        test: Test clips.
        runtime: Where to work, and in which number formats to distil again.
        network: Architecture of the students.
        protocol: How they are trained.
        sound: Scale of sound for the whole split; a distilled set brings its own.
        cache: Folder for what other distillations of the same clips can reuse.

    Raises:
        InputError: Set and test clips do not fit together, or there are none.
    """
    train = real if made is None else made
    check(train, test)

    def again(clips: LabelledClips) -> DistilledSet | LabelledClips:
        if made is None:
            return clips
        if made.provenance.get("training_fingerprint", real.fingerprint) != real.fingerprint:
            raise InputError(
                "This measure distils other clips as the set was, but the set was distilled from another dataset than "
                "these clips are of. Give the dataset that it was distilled from."
            )
        return _again(made.provenance, clips, Work(runtime, cache))

    return Subject(
        train=train,
        real=real,
        test=test,
        scale=made.scale if made is not None else Scale.of(real.statistics, sound),
        network=network,
        protocol=protocol,
        device=runtime.device,
        formats=formats_of(runtime),
        stored_bytes=train.stored_bytes,
        again=again,
    )


def formats_of(runtime: Runtime) -> tuple[str, str]:
    """Number formats of the convolutions on real and on synthetic clips, as words."""
    real, synthetic = (str(dtype).removeprefix("torch.") for dtype in (runtime.real_dtype, runtime.synthetic_dtype))
    return real, synthetic


def _again(provenance: dict[str, Any], clips: LabelledClips, work: Work) -> DistilledSet:
    """Distil other clips with the method, settings and seed a set was made with."""
    if "method" not in provenance:
        raise InputError(
            "This measure distils other clips as the set was, but the set does not say by which method: it was joined "
            "from parts. Distil all classes together."
        )
    method = methods.load(provenance["method"]).from_json(provenance["settings"])
    if "code" in provenance and (other := _code.differences(provenance["code"], _code.of(method))):
        raise InputError(
            f"This measure distils other clips as the set was, but that was by other code than is installed now: "
            f"{'; '.join(other)}. Distil the set anew, with the code of now."
        )
    return method.distill(clips, seed=provenance["seed"], work=work)
