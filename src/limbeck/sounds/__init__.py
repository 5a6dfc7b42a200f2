"""Name unlabelled sounds: index recordings, search them, learn words from them, name new ones; the CLI calls these."""

from limbeck.sounds._build import encoder_of, index, learn, search
from limbeck.sounds._check import Check, WordCheck, check
from limbeck.sounds._correct import correct
from limbeck.sounds._corrections import LEARNED, ORIGIN, Correction, Origin
from limbeck.sounds._cut import Clip, cut
from limbeck.sounds._detect import Detections, detect
from limbeck.sounds._encoders import EncoderOptions, weights
from limbeck.sounds._examples import ExampleSet, recording_vector
from limbeck.sounds._keep import keep
from limbeck.sounds._naming import classify, watch
from limbeck.sounds._predictions import Prediction, Unread
from limbeck.sounds._sharing import pull, push
from limbeck.sounds._show import page, summary
from limbeck.sounds._standing import Usual

__all__ = [
    "LEARNED",
    "ORIGIN",
    "Check",
    "Clip",
    "Correction",
    "Detections",
    "EncoderOptions",
    "ExampleSet",
    "Origin",
    "Prediction",
    "Unread",
    "Usual",
    "WordCheck",
    "check",
    "classify",
    "correct",
    "cut",
    "detect",
    "encoder_of",
    "index",
    "keep",
    "learn",
    "page",
    "pull",
    "push",
    "recording_vector",
    "search",
    "summary",
    "watch",
    "weights",
]
