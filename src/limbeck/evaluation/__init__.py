"""Numbers: students trained from scratch on a distilled set, a subset or the whole, and tested on real clips."""

from limbeck.evaluation._choose_scale import choose_scale
from limbeck.evaluation._evaluate import OnProgress, code_of, evaluate, question
from limbeck.evaluation._samples import ClipSamples, Samples, TensorSamples
from limbeck.evaluation._subject import Subject
from limbeck.evaluation.protocol import Protocol
from limbeck.evaluation.score import Answers, Repeat, Score, Source
from limbeck.evaluation.train import EpochReport, predict, train_student

__all__ = [
    "Answers",
    "ClipSamples",
    "EpochReport",
    "OnProgress",
    "Protocol",
    "Repeat",
    "Samples",
    "Score",
    "Source",
    "Subject",
    "TensorSamples",
    "choose_scale",
    "code_of",
    "evaluate",
    "predict",
    "question",
    "train_student",
]
