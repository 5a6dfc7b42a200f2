"""Name unlabelled sounds: index recordings, search them, learn words from them, name new ones; the CLI calls these."""

from limbeck.sounds._build import index, learn, search
from limbeck.sounds._correct import correct
from limbeck.sounds._corrections import Correction, Origin
from limbeck.sounds._encoders import EncoderOptions, weights
from limbeck.sounds._examples import ExampleSet
from limbeck.sounds._naming import Prediction, Unread, classify, watch
from limbeck.sounds._show import page, summary

__all__ = [
    "Correction",
    "EncoderOptions",
    "ExampleSet",
    "Origin",
    "Prediction",
    "Unread",
    "classify",
    "correct",
    "index",
    "learn",
    "page",
    "search",
    "summary",
    "watch",
    "weights",
]
