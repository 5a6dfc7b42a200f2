"""The Hugging Face hub: what goes there and how a card describes it, and how it comes back without running code.

Knows neither distilled sets nor classifiers; these have ``push_to_hub`` and ``from_pretrained``.
"""

from limbeck.hub._card import Result, card, model_index, plain_text, results_table
from limbeck.hub._client import LARGEST, Download, Kind, Upload, fetch, is_offline, new_folder, push
from limbeck.hub._private import without_paths

__all__ = [
    "LARGEST",
    "Download",
    "Kind",
    "Result",
    "Upload",
    "card",
    "fetch",
    "is_offline",
    "model_index",
    "new_folder",
    "plain_text",
    "push",
    "results_table",
    "without_paths",
]
