"""Directions as people say them."""

_SIDES = ("front", "front left", "left", "back left", "behind", "back right", "right", "front right")


def named(azimuth: float, elevation: float = 0.0) -> str:
    """The nearest of eight directions with the degrees of `azimuth` and, where there is any, of `elevation`.

    Example:
        >>> named(90), named(-20), named(185, 30)
        ('left (90°)', 'front (-20°)', 'behind (-175°, 30° up)')
    """
    wrapped = 180.0 - (180.0 - azimuth) % 360.0
    name = _SIDES[round(wrapped / 45) % 8]
    if abs(elevation) > 80:
        name = "above" if elevation > 0 else "below"
    height = f", {abs(elevation):.3g}° {'up' if elevation > 0 else 'down'}" if elevation else ""
    return f"{name} ({wrapped:.3g}°{height})"
