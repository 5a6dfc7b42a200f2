"""Presents for Limbeck."""
