"""Directions as people say them."""

from limbeck.spatial.scene import Source, Waypoint

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


def where(source: Source) -> str:
    """The way of a `source` in words: "all around", or its waypoints, and how far it turns between them if that is far.

    Example:
        >>> where(Source(words="fly", end=5, waypoints=(Waypoint(azimuth=0), Waypoint(time=5, azimuth=360))))
        'front (0°), 2 m turning 360° to the left to front (0°), 2 m'
    """
    if source.extent == "around":
        return "all around"
    places = [f"{named(w.azimuth, w.elevation)}, {w.distance:.3g} m" for w in source.waypoints]
    pairs = zip(source.waypoints, source.waypoints[1:], places[1:], strict=False)
    return places[0] + "".join(f"{_turn(before, after, source.path)} to {place}" for before, after, place in pairs)


def _turn(before: Waypoint, after: Waypoint, path: str) -> str:
    if path == "straight":
        return " straight"
    turned = after.azimuth - before.azimuth
    return f" turning {abs(turned):g}° to the {'left' if turned > 0 else 'right'}" if abs(turned) >= 180 else ""
