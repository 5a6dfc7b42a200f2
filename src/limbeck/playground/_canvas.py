"""Anti-aliased shapes on a small picture, from signed distances; only numpy, no loop over pixels.

A shape is a signed distance to its outline in pixels (negative inside). It is evaluated in the shape's own window only,
so that a frame of fifty shapes costs about two milliseconds.
"""

import colorsys
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict, Unpack

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]
Colour = tuple[float, float, float]
Point = tuple[float, float]
Box = tuple[float, float, float, float]
Distance = Callable[[Pixels, Pixels], Pixels]

_OUTLINE_PX = 1.4
_OUTLINE_TONE = 0.55


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """RGB in [0, 1] of a colour; hue goes round, the others are clipped to [0, 1].

    Example:
        >>> hsv(0.0, 1.0, 1.0)
        (1.0, 0.0, 0.0)
    """
    return colorsys.hsv_to_rgb(hue % 1.0, min(max(saturation, 0.0), 1.0), min(max(value, 0.0), 1.0))


class Ink(TypedDict, total=False):
    """How a shape is filled: `shade` makes its upper left brighter than its lower right, `outline` its rim darker."""

    opacity: float
    shade: float
    outline: bool


@dataclass
class Canvas:
    """A picture, float32, (3, height, width), RGB in [0, 1], that shapes are painted on in place.

    `touched` is the union of the bounds of everything drawn since it was last set to None, (x0, y0, x1, y1) in picture
    heights; None when nothing was drawn. The `opacity`, float32 (height, width), if it is wanted, grows
    from 0 to 1 where something is drawn.
    """

    pixels: Pixels
    touched: Box | None = None
    opacity: Pixels | None = None


@dataclass(frozen=True)
class Pen:
    """Draws on a canvas in the coordinates of one thing: origin at its middle, x to the right, y down.

    The origin (x, y) from the upper left, and the length of the thing's unit (`scale`), are in picture heights; `angle`
    turns the thing, in radians, clockwise on the screen; a `mirror` of -1 swaps left and right before that. Only what
    is `solid` counts as the thing itself (its bounding box); smoke and foam do not.
    """

    canvas: Canvas
    x: float
    y: float
    scale: float = 1.0
    angle: float = 0.0
    mirror: float = 1.0
    solid: bool = True

    def at(self, x: float, y: float, angle: float = 0.0) -> "Pen":
        """A pen whose origin is at (x, y) of this one and which is turned by `angle`."""
        px, py = self._place((x, y))
        return replace(self, x=px / self._tall, y=py / self._tall, angle=self.angle + self.mirror * angle)

    def loose(self) -> "Pen":
        """A pen whose strokes do not count for the bounding box."""
        return replace(self, solid=False)

    def ellipse(self, x: float, y: float, rx: float, ry: float, colour: Colour, **ink: Unpack[Ink]) -> None:
        """An ellipse of half axes rx, ry; a disc where they are equal."""
        cx, cy = self._place((x, y))
        unit = self._unit
        a, b = max(rx * unit, 0.3), max(ry * unit, 0.3)
        cos, sin = np.float32(math.cos(self.angle)), np.float32(math.sin(self.angle))
        wide, high = math.hypot(a * cos, b * sin), math.hypot(a * sin, b * cos)

        def distance(px: Pixels, py: Pixels) -> Pixels:
            dx, dy = px - cx, py - cy
            u, v = (dx * cos + dy * sin) / a, (dy * cos - dx * sin) / b
            near = np.sqrt(u * u + v * v)
            slope = np.sqrt((u / a) ** 2 + (v / b) ** 2) + 1e-6
            return np.asarray((near - 1.0) * near / slope, np.float32)

        self._paint((cx - wide, cy - high, cx + wide, cy + high), distance, colour, **ink)

    def line(
        self, start: Point, end: Point, width: float, colour: Colour, *, bulge: float = 0.0, **ink: Unpack[Ink]
    ) -> None:
        """A line with round ends; `bulge` widens its middle by so much to each side, as a swinging string looks."""
        (ax, ay), (bx, by) = self._place(start), self._place(end)
        half, belly = max(width * self._unit / 2, 0.35), bulge * self._unit
        dx, dy = bx - ax, by - ay
        length = max(math.hypot(dx, dy), 1e-3)
        ux, uy = dx / length, dy / length

        def distance(px: Pixels, py: Pixels) -> Pixels:
            along = (px - ax) * ux + (py - ay) * uy
            across = (px - ax) * -uy + (py - ay) * ux
            d = np.hypot(along - np.clip(along, 0.0, length), across) - half
            if belly:
                d = d - belly * np.sin(np.pi * np.clip(along / length, 0.0, 1.0))
            return np.asarray(d, np.float32)

        out = half + belly
        bounds = (min(ax, bx) - out, min(ay, by) - out, max(ax, bx) + out, max(ay, by) + out)
        self._paint(bounds, distance, colour, **Ink(shade=0.0, outline=False) | ink)

    def polygon(self, points: Sequence[Point], colour: Colour, **ink: Unpack[Ink]) -> None:
        """A convex polygon, its points in either sense."""
        placed = np.array([self._place(p) for p in points], np.float32)
        following = np.roll(placed, -1, axis=0)
        edge = following - placed
        area = float(np.sum(placed[:, 0] * following[:, 1] - following[:, 0] * placed[:, 1]))
        normal = np.stack([edge[:, 1], -edge[:, 0]], 1) * np.sign(area or 1.0)
        normal = normal / np.maximum(np.hypot(normal[:, 0], normal[:, 1]), 1e-6)[:, None]
        offset = np.sum(normal * placed, axis=1)

        def distance(px: Pixels, py: Pixels) -> Pixels:
            d = normal[0, 0] * px + normal[0, 1] * py - offset[0]
            for (nx, ny), c in zip(normal[1:], offset[1:], strict=True):
                np.maximum(d, nx * px + ny * py - c, out=d)
            return np.asarray(d, np.float32)

        (left, top), (right, bottom) = placed.min(0).tolist(), placed.max(0).tolist()
        self._paint((left, top, right, bottom), distance, colour, **ink)

    def box(self, x: float, y: float, width: float, height: float, colour: Colour, **ink: Unpack[Ink]) -> None:
        """A rectangle with its middle at (x, y)."""
        w, h = width / 2, height / 2
        self.polygon([(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)], colour, **ink)

    @property
    def _tall(self) -> int:
        """The picture's height in pixels."""
        return int(self.canvas.pixels.shape[1])

    @property
    def _unit(self) -> float:
        return self.scale * self._tall

    def _place(self, point: Point) -> Point:
        """Pixels of a point in the thing's coordinates."""
        x, y = point[0] * self.mirror, point[1]
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        across, down = self._unit * (x * cos - y * sin), self._unit * (x * sin + y * cos)
        return self.x * self._tall + across, self.y * self._tall + down

    def _paint(
        self,
        bounds: Box,
        distance: Distance,
        colour: Colour,
        opacity: float = 1.0,
        shade: float = 0.3,
        outline: bool = True,
    ) -> None:
        """Paint a shape: its bounds in pixels, its distance of pixel centres x (1, column) and y (row, 1)."""
        tall, (height, width) = float(self._tall), self.canvas.pixels.shape[1:]
        if self.solid:
            x0, y0, x1, y1 = (edge / tall for edge in bounds)
            a, b, c, d = self.canvas.touched or (x0, y0, x1, y1)
            self.canvas.touched = (min(a, x0), min(b, y0), max(c, x1), max(d, y1))
        left, top = max(math.floor(bounds[0]) - 1, 0), max(math.floor(bounds[1]) - 1, 0)
        right, bottom = min(math.ceil(bounds[2]) + 1, width), min(math.ceil(bounds[3]) + 1, height)
        if left >= right or top >= bottom or opacity <= 0:
            return
        x = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5)
        y = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
        far = distance(x, y)
        tone: Pixels = np.ones((1, 1), np.float32)
        if shade:
            half = max(bounds[2] - bounds[0], bounds[3] - bounds[1], 1.0) / 2
            slope = (x - (bounds[0] + bounds[2]) / 2) * 0.4 + (y - (bounds[1] + bounds[3]) / 2) * 0.7
            tone = np.asarray(1.0 - (shade / half) * slope, np.float32)
        if outline:
            rim = np.clip(far + (_OUTLINE_PX * tall / 128 + 0.5), 0.0, 1.0)
            tone = tone * (1.0 - _OUTLINE_TONE * rim)
        alpha = np.clip(0.5 - far, 0.0, 1.0) * np.float32(opacity)
        patch = self.canvas.pixels[:, top:bottom, left:right]
        patch += alpha * (tone * np.array(colour, np.float32)[:, None, None] - patch)
        if self.canvas.opacity is not None:
            covered = self.canvas.opacity[top:bottom, left:right]
            covered += alpha * (1 - covered)
