"""The page of sounds that were taken apart: mixture, answer and truth to hear beside each other."""

from pathlib import Path

import torch
from torch import Tensor

from limbeck.distilled import DistilledSet
from limbeck.errors import InputError
from limbeck.evaluation import Subject
from limbeck.evaluation.measures.separation import Answer, Separation
from limbeck.media import encode
from limbeck.modalities import Modality, Separable
from limbeck.report import _drawing, _kit

COLUMNS = ("mixture", "answer", "truth", "ideal")
_PEAK = 0.8


def page(
    out: Path | str,
    subject: Subject,
    *,
    measure: Separation | None = None,
    seed: int = 0,
    count: int = 6,
    title: str | None = None,
) -> Path:
    """Train the network of the measure `separation`, and write its answers as ``index.html`` into a folder.

    Args:
        out: The folder.
        subject: What is trained on, a distilled set or real clips, and the test clips that are mixed.
        measure: The measure; by default with its own settings.
        seed: Of the network.
        count: Mixtures on the page, each asked for both its sounds.
        title: Heading; says what was trained on by default.

    Raises:
        InputError: There are no spectra, or no pictures to ask by.
        MissingExtraError: jinja2 or Pillow is not installed.
    """
    if count < 1:
        raise InputError(f"A page shows at least one mixture, but got count={count}.")
    _kit.require()
    asked = measure or Separation()
    answers = asked.heard(subject, seed=seed, count=count)
    kinds, test = subject.test.modalities, subject.test
    kind = next(kind for kind in kinds.values() if isinstance(kind, Separable))
    picture = next((name for name, one in kinds.items() if one.track == "image"), None)
    name = "a distilled set" if isinstance(subject.train, DistilledSet) else "real clips"
    mean = sum(answer.improvement_db for answer in answers) / len(answers)
    return _kit.write(
        Path(out),
        "separation",
        title=title or f"Sounds taken apart by what {name} taught",
        verdict=f"Over these answers SI-SDR is {mean:+.1f} dB against the mixture's.",
        facts=[("training samples", str(len(subject.train))), ("mixtures", str(len(answers) // 2))],
        columns=COLUMNS,
        answers=[
            {
                "asked": test.classes[int(test.labels[answer.asked])],
                "other": test.classes[int(test.labels[answer.other])],
                "gain": f"{answer.improvement_db:+.1f} dB",
                "picture": "" if picture is None else _picture(kinds[picture], test.array(picture, _at(answer.asked))),
                "sounds": _sounds(answer, kind),
            }
            for answer in answers
        ],
        rule=asked.about(test),
        provenance=_kit.flat({"measure": asked.to_json(), "seed": seed, "dataset": test.name}),
    )


def _at(position: int) -> Tensor:
    return torch.tensor([position])


def _picture(kind: Modality, array: Tensor) -> str:
    return _kit.image_uri(encode.png(kind.show(array)[0].numpy()))


def _sounds(answer: Answer, kind: Modality) -> list[tuple[str, str, str]]:
    """Name, spectrum and sound of each column; spectra share their colours."""
    assert isinstance(kind, Separable)
    waves = torch.stack([answer.waveforms[name] for name in COLUMNS])
    waves = _PEAK * waves / waves.abs().amax(1, keepdim=True).clamp_min(1e-9)
    levels = kind.levels(kind.transform(waves).abs())
    limits = _drawing.level_range(levels, kind.span)
    shown = [encode.png(_drawing.levels(x, limits, kind.origin), _drawing.palette()) for x in levels]
    rate = kind.recipe.mel.sample_rate_hz
    played = [_kit.sound_uri(encode.wav(wave.numpy(), rate), compact=False) for wave in waves]
    return list(zip(COLUMNS, map(_kit.image_uri, shown), played, strict=True))
