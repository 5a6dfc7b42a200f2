"""Labelled clips. One module a dataset; `names()` lists them without importing any."""

from typing import Any

from limbeck import _discover
from limbeck.datasets._contract import ClipRef, Dataset
from limbeck.datasets.clips import ArrayStore, ClipStore, LabelledClips
from limbeck.datasets.statistics import Scale, Statistics
