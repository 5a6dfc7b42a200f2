"""Numbers: students trained from scratch on a distilled set, a subset or the whole, and tested on real clips."""

from limbeck.evaluation._evaluate import OnProgress, evaluate, source_of
from limbeck.evaluation._pairs import ClipPairs, Pairs, TensorPairs
from limbeck.evaluation._sound import choose_sound
from limbeck.evaluation.measured import Measured
from limbeck.evaluation.protocol import Protocol, Rates
from limbeck.evaluation.score import Answers, Repeat, Result, Score, Source
from limbeck.evaluation.train import EpochReport, predict, train_student

__all__ = [
    "Answers",
    "ClipPairs",
    "EpochReport",
    "Measured",
    "OnProgress",
    "Pairs",
    "Protocol",
    "Rates",
    "Repeat",
    "Result",
    "Score",
    "Source",
    "TensorPairs",
    "choose_sound",
    "evaluate",
    "predict",
    "source_of",
    "train_student",
]
