"""Sound with a direction: scenes of sounds around a listener.

Azimuths grow to the left from 0 in front, elevations upwards, in degrees; distances in metres, times in seconds.
"""

from limbeck.spatial.scene import Listener, Room, Scene, Source, Waypoint

__all__ = ["Listener", "Room", "Scene", "Source", "Waypoint"]
