"""Subjects of measures that train in a blink."""

from limbeck.testing import SHORT, toy_subject

__all__ = ["SHORT", "toy_subject"]
