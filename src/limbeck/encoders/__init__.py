"""Frozen pretrained audio-text encoders, one module each: sounds and texts to vectors in one space.

Example:
    >>> load("yamnet").sample_rate
    16000
"""

from limbeck import _discover
from limbeck.encoders._contract import AudioEmbeddings, Encoder, EncoderNote

__all__ = ["AudioEmbeddings", "Encoder", "EncoderNote", "load", "names"]

names = _discover.lister(Encoder)
load = _discover.loader(Encoder)
