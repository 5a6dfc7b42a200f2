"""Boxes in pictures, and where they are when a recipe has made arrays of these."""

from collections.abc import Sequence

from limbeck.media._picture import scaled, wanted
from limbeck.media.recipe import ClipRecipe

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as parts of a picture's width and height, 0 to 1."""


def fitted_box(box: Box, width: int, height: int, recipe: ClipRecipe) -> Box | None:
    """A `box` of a picture, `width` by `height` pixels, as parts of the picture that a `recipe` makes of it.

    It is None where nothing of the box is left, outside of what ``fit="crop"`` keeps.

    Example:
        >>> crop = ClipRecipe(image_size=32, fit="crop")
        >>> fitted_box((0.25, 0.25, 0.5, 1.0), 128, 64, crop), fitted_box((0.0, 0.0, 0.25, 1.0), 128, 64, crop)
        ((0.0, 0.25, 0.5, 1.0), None)
        >>> fitted_box((0.0, 0.0, 1.0, 1.0), 128, 64, ClipRecipe(image_size=32, fit="letterbox"))
        (0.0, 0.25, 1.0, 0.75)
    """
    size, edges = recipe.image_size, []
    for first, last, side in zip(box[:2], box[2:], scaled(width, height, recipe), strict=True):
        spare = side - size
        cut = spare // 2 if spare > 0 else -(-spare // 2)
        edges.append([min(max((edge * side - cut) / size, 0.0), 1.0) for edge in (first, last)])
    (left, right), (top, bottom) = edges
    return (left, top, right, bottom) if left < right and top < bottom else None


def frames_at(start_s: float, length_s: float, recipe: ClipRecipe, *, fps: float, count: int) -> Sequence[int]:
    """Which of `count` frames, evenly shown from second 0 on, a `recipe` takes of a clip at its times.

    The clip begins at `start_s` and is `length_s` long, or as long as the recipe's clips where these are shorter.

    Example:
        >>> frames_at(1.5, 1.0, ClipRecipe(times=(0.25, 0.5)), fps=12, count=48)
        [21, 24]
    """
    end_s = start_s + min(length_s, recipe.mel.clip_seconds)
    shown = [number for number in range(count) if number / fps <= end_s]
    return [min(shown, key=lambda number: abs(number / fps - at_s)) for at_s in wanted((start_s, end_s), recipe)]
