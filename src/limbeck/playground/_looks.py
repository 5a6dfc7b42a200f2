"""What things look like. A look draws one thing at one moment; contact on the screen is at the cast's onsets.

Coordinates are the thing's own: unit 1 is its size, x to the right, y down, the middle at (0, 0).
Neighbours share most of a look: they are told apart by small parts (a beater or a plectrum, a hand or a bird).
"""

import math
from collections.abc import Callable

import numpy as np

from limbeck.playground._canvas import Colour, Ink, Pen, Point, hsv
from limbeck.playground.cast import Cast

Look = Callable[[Pen, Cast, float], None]

_DARK: Colour = (0.13, 0.12, 0.13)
_WHITE: Colour = (0.95, 0.96, 0.97)


def metal_bar(pen: Pen, cast: Cast, t: float) -> None:
    """A bar on two rests, hit from above by a beater with a round head."""
    _long_board(pen, cast)
    thick = 0.055 + 0.05 * cast.detail
    after = cast.since(t)
    hop = 0.012 * (math.exp(-after / 0.15) * math.sin(2 * math.pi * 7.0 * after))
    pen.line((-0.46, -0.02 + hop), (0.46, -0.02 + hop), thick, _body(cast, 0.25), shade=0.3, outline=True)
    tip = _beater(pen, cast, t, floor=-0.02 - thick / 2 - 0.06)
    pen.ellipse(*tip, 0.065, 0.065, hsv(cast.hue + 0.5, 0.5, 0.75))


def zither(pen: Pen, cast: Cast, t: float) -> None:
    """A stout string over two bridges, plucked from above by a pointed plectrum."""
    _long_board(pen, cast)
    thick = 0.03 + 0.04 * cast.detail
    swing = 0.05 * math.exp(-cast.since(t) / 0.25)
    pen.line((-0.46, -0.02), (0.46, -0.02), thick, _body(cast, 0.25), bulge=swing, shade=0.3, outline=True)
    x, y = _beater(pen, cast, t, floor=-0.02 - thick / 2 - 0.06)
    pen.polygon([(x - 0.07, y - 0.06), (x + 0.07, y - 0.06), (x, y + 0.08)], hsv(cast.hue + 0.5, 0.5, 0.75))


def harp(pen: Pen, cast: Cast, t: float) -> None:
    """Upright strings in a frame; a hand plucks one of them."""
    x = 0.02 + 0.12 * math.sin(math.pi * cast.phase(t) * 0.5)
    y = 0.06 - 0.16 * cast.detail
    swing = 0.03 * math.exp(-cast.since(t) / 0.25)
    _frame(pen, cast, swing)
    reach = 0.03 * math.exp(-cast.since(t) / 0.06)
    colour = hsv(cast.hue + 0.45, 0.65, 0.85)
    pen.ellipse(x + 0.02 + reach, y + 0.05, 0.1, 0.075, colour)
    for finger in range(3):
        pen.line((x, y + 0.025 * finger), (x - 0.13 - reach, y - 0.03 + 0.05 * finger), 0.035, colour)


def caged_bird(pen: Pen, cast: Cast, t: float) -> None:
    """Upright wires in a frame; a bird between them hops and opens its beak."""
    sing = math.exp(-max(cast.since(t) - 0.05, 0.0) / 0.05)
    x, y = -0.08 + 0.16 * cast.detail, 0.08 - 0.16 * cast.detail - 0.03 * sing
    colour = hsv(cast.hue + 0.45, 0.65, 0.85)
    pen.line((-0.3, y + 0.13), (0.3, y + 0.13), 0.025, _DARK)
    pen.line((x + 0.08, y + 0.04), (x + 0.2, y + 0.1), 0.05, colour)
    pen.ellipse(x + 0.02, y + 0.04, 0.11, 0.08, colour)
    pen.ellipse(x - 0.08, y - 0.03, 0.06, 0.06, colour)
    gape = 0.02 + 0.04 * sing
    beak = hsv(0.11, 0.9, 0.95)
    pen.line((x - 0.13, y - 0.03), (x - 0.19, y - 0.03 - gape), 0.02, beak)
    pen.line((x - 0.13, y - 0.02), (x - 0.19, y - 0.02 + gape), 0.02, beak)
    pen.ellipse(x - 0.095, y - 0.045, 0.015, 0.015, _DARK, outline=False)
    _frame(pen, cast, 0.0)


def dripping_tap(pen: Pen, cast: Cast, t: float) -> None:
    """A tap over water: a drop swells, falls and meets the water at each onset."""
    _spout(pen, cast, 0.0)
    pen.box(0.0, -0.47, 0.3, 0.06, hsv(cast.hue + 0.5, 0.55, 0.7))
    pen.box(0.0, -0.42, 0.06, 0.08, _body(cast, -0.1))
    part = cast.phase(t) % 1.0
    fall = max(part - 0.45, 0.0) / 0.55
    size = 0.03 + 0.035 * min(part / 0.45, 1.0)
    pen.loose().ellipse(0.0, 0.02 + 0.42 * fall**2, size * 0.85, size * 1.2, _WHITE, shade=0.2)
    after = cast.since(t)
    if (fade := math.exp(-after / 0.25)) > 0.05:
        for spread in (0.08 + 0.7 * after, 0.03 + 0.45 * after):
            for side in (-1.0, 1.0):
                start, end = (side * spread * 0.6, 0.45 + 0.03), (side * spread, 0.45)
                pen.loose().line(start, end, 0.022, _WHITE, opacity=0.9 * fade)


def outboard_motor(pen: Pen, cast: Cast, t: float) -> None:
    """A boat's motor, its leg in the water: it shakes, and the faster it runs the more it foams."""
    shake = 0.012 * cast.wobble(t, 9.7)
    moved = pen.at(shake, 0.0, 0.03 * cast.wobble(t, 7.1))
    moved.line((0.0, -0.02), (0.0, 0.44), 0.09, _body(cast, -0.15), shade=0.3, outline=True)
    _spout(moved, cast, 0.03)
    moved.box(0.0, -0.43, 0.34, 0.1, hsv(cast.hue + 0.5, 0.55, 0.7))
    rng = np.random.default_rng(cast.seed)
    strength = 0.45 + 1.6 * cast.speed
    for _ in range(9):
        u, lift, size = (float(r) for r in rng.uniform(0, 1, 3))
        along = (u + 1.3 * t * (0.5 + cast.speed)) % 1.0
        spread = 0.05 + 0.42 * along * strength
        radius = (0.025 + 0.035 * size) * strength * (1 - 0.5 * along)
        foam = Ink(opacity=0.85, shade=0.1, outline=False)
        pen.loose().ellipse(-spread, 0.47 + 0.05 * lift, radius * 1.5, radius, _WHITE, **foam)


def toy_car(pen: Pen, cast: Cast, t: float) -> None:
    """A car that crosses the picture, its exhaust behind it."""
    moved = pen.at(cast.travel(t), 0.006 * cast.wobble(t, 8.3))
    _smoke(moved.loose(), cast, t, at=(-0.5, 0.12), drift=(-0.25, -0.05), size=0.055)
    _wagon(moved, cast, t, cabin=[(-0.24, -0.1), (0.22, -0.1), (0.14, -0.3), (-0.18, -0.3)], window=-0.02)


def steam_train(pen: Pen, cast: Cast, t: float) -> None:
    """An engine that crosses the picture and puffs from its chimney at each onset."""
    moved = pen.at(cast.travel(t), 0.004 * cast.wobble(t, 5.3))
    _smoke(moved.loose(), cast, t, at=(0.31, -0.32), drift=(-0.3, -0.3), size=0.085)
    moved.box(0.31, -0.19, 0.09, 0.2, _body(cast, -0.2))
    _wagon(moved, cast, t, cabin=[(-0.4, -0.1), (0.02, -0.1), (0.02, -0.3), (-0.4, -0.3)], window=-0.19)


def maraca(pen: Pen, cast: Cast, t: float) -> None:
    """A round shaker on a stick, swung to and fro; it turns back at each onset."""
    swung = _swing(pen, cast, t)
    swung.ellipse(0.0, 0.2, 0.24, 0.27, _body(cast, 0.0))
    _stripe(swung, cast, 0.2, 0.23)


def hand_bell(pen: Pen, cast: Cast, t: float) -> None:
    """A bell on a stick, swung to and fro; its clapper meets the rim at each onset."""
    swung = _swing(pen, cast, t)
    lean = 0.1 * math.cos(math.pi * cast.phase(t))
    swung.ellipse(lean, 0.46, 0.055, 0.055, _DARK)
    flare = 0.03 + 0.05 * cast.detail
    waist = [(-0.15, -0.02), (0.15, -0.02), (0.2 + flare, 0.42), (-0.2 - flare, 0.42)]
    swung.ellipse(0.0, 0.04, 0.17, 0.12, _body(cast, 0.0))
    swung.polygon(waist, _body(cast, 0.0))
    _stripe(swung, cast, 0.25, 0.19)


def water(pen: Pen, cast: Cast, t: float) -> None:
    """Water from the thing's foot down to the picture's lower edge; the pen is the picture's."""
    top = cast.y + 0.42 * cast.scale
    pen.box(1.0, (top + 1.2) / 2, 4.0, 1.2 - top, hsv(0.54 + 0.05 * cast.detail, 0.55, 0.62), shade=0.15, outline=False)
    for i in range(4):
        y = top + 0.05 + 0.09 * i
        x = 0.5 + 0.35 * math.sin(2.4 * i + 9 * cast.detail + 2.0 * t)
        pen.line((x - 0.14, y), (x + 0.14, y), 0.012, hsv(0.53, 0.25, 0.85), opacity=0.6)


def road(pen: Pen, cast: Cast, t: float) -> None:
    """Ground under the wheels; the pen is the picture's."""
    top = cast.y + 0.27 * cast.scale
    pen.box(1.0, (top + 1.2) / 2, 4.0, 1.2 - top, hsv(0.09 + 0.2 * cast.detail, 0.25, 0.42), shade=0.1, outline=False)
    for i in range(4):
        x = -0.1 + 0.4 * i + 0.3 * cast.detail
        pen.line((x, top + 0.08), (x + 0.16, top + 0.08), 0.018, (0.85, 0.84, 0.78), opacity=0.7)


def _body(cast: Cast, lighter: float) -> Colour:
    """Colour of the main part, a little lighter or darker."""
    return hsv(cast.hue, cast.saturation, cast.value + lighter * 0.6)


def _long_board(pen: Pen, cast: Cast) -> None:
    wood = hsv(cast.hue, cast.saturation * 0.8, cast.value * 0.6)
    pen.box(0.0, 0.16, 1.04, 0.14, wood)
    for x in (-0.38, 0.38):
        pen.polygon([(x - 0.06, 0.1), (x + 0.06, 0.1), (x + 0.03, 0.0), (x - 0.03, 0.0)], _DARK, outline=False)


def _beater(pen: Pen, cast: Cast, t: float, *, floor: float) -> tuple[float, float]:
    """Draw a stick that comes down to `floor` at each onset; return where its tip is."""
    lift = abs(math.sin(math.pi * cast.phase(t)))
    x, y = 0.1 - 0.2 * cast.detail, floor - 0.24 * lift
    pen.line((x, y), (x + 0.34, y - 0.26), 0.035, hsv(0.08, 0.45, 0.45), outline=True)
    return x, y


def _frame(pen: Pen, cast: Cast, swing: float) -> None:
    """An upright frame with wires; one of them swings by `swing` to each side."""
    wire = hsv(cast.hue, 0.2, 0.9)
    for i, x in enumerate(np.linspace(-0.22, 0.22, 6)):
        pen.line((float(x), -0.4), (float(x), 0.42), 0.018, wire, bulge=swing if i == 2 else 0.0)
    body = _body(cast, 0.0)
    pen.line((-0.32, 0.44), (0.32, 0.44), 0.09, body, shade=0.2, outline=True)
    for side in (-0.31, 0.31):
        pen.line((side, 0.42), (side * 0.95, -0.36), 0.06, body, shade=0.2, outline=True)
    pen.line((-0.3, -0.38), (0.0, -0.47), 0.06, body, outline=True)
    pen.line((0.0, -0.47), (0.3, -0.38), 0.06, body, outline=True)


def _spout(pen: Pen, cast: Cast, wider: float) -> None:
    """A block with an arm to one side and an outlet below."""
    pen.line((0.04, -0.3), (0.5, -0.3), 0.1, _body(cast, -0.1), shade=0.2, outline=True)
    pen.box(0.0, -0.3, 0.24 + wider, 0.2, _body(cast, 0.0))
    pen.line((0.0, -0.2), (0.0, -0.04), 0.11, _body(cast, 0.0), shade=0.2, outline=True)


def _smoke(pen: Pen, cast: Cast, t: float, *, at: tuple[float, float], drift: tuple[float, float], size: float) -> None:
    """Clouds that leave at the onsets, grow and thin out."""
    for onset in cast.onsets_s:
        age = t - onset
        if 0.0 <= age < 0.9:
            x, y = at[0] + drift[0] * age, at[1] + drift[1] * age
            radius = size * (0.7 + 1.4 * age)
            thin = 0.8 * (1 - age / 0.9)
            pen.ellipse(x, y, radius, radius, (0.88, 0.88, 0.9), opacity=thin, shade=0.2, outline=False)


def _wagon(pen: Pen, cast: Cast, t: float, *, cabin: list[Point], window: float) -> None:
    """A low body with a cabin and a lamp on two turning wheels."""
    pen.polygon(cabin, _body(cast, 0.1))
    pen.box(window, -0.19, 0.2, 0.12, hsv(0.55, 0.25, 0.85), outline=False)
    pen.polygon([(-0.48, 0.14), (-0.48, -0.08), (0.4, -0.1), (0.48, -0.02), (0.48, 0.14)], _body(cast, 0.0))
    turn = cast.travel(t) / 0.13
    for x in (-0.27, 0.27):
        wheel = pen.at(x, 0.16, turn)
        wheel.ellipse(0.0, 0.0, 0.13, 0.13, _DARK, shade=0.0)
        wheel.line((-0.08, 0.0), (0.08, 0.0), 0.035, (0.7, 0.7, 0.72))
        wheel.line((0.0, -0.08), (0.0, 0.08), 0.035, (0.7, 0.7, 0.72))
    pen.ellipse(0.45, -0.02, 0.04, 0.04, hsv(0.14, 0.5, 1.0))


def _swing(pen: Pen, cast: Cast, t: float) -> Pen:
    """Draw a stick that hangs from its end and turns back at each onset; return a pen that swings with it."""
    swung = pen.at(0.0, -0.46, 0.32 * math.cos(math.pi * cast.phase(t))).at(0.0, 0.46)
    swung.line((0.0, -0.46), (0.0, 0.0), 0.075, hsv(0.08, 0.5, 0.5), shade=0.2, outline=True)
    return swung


def _stripe(pen: Pen, cast: Cast, y: float, half: float) -> None:
    pen.line((-half, y), (half, y), 0.05, hsv(cast.hue + 0.5, 0.6, 0.8))
