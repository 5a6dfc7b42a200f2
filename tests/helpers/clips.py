"""Small labelled clips in memory that carry their class in both tracks."""

from limbeck.testing import RECIPE, toy_clips

__all__ = ["RECIPE", "toy_clips"]
