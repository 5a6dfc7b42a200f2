"""Events in time: scores of windows become events, file names clock times; one module a form that other tools read.

Example:
    >>> names()
    ('audacity', 'birdnet', 'csv', 'jams', 'kaleidoscope', 'parquet', 'raven')
    >>> load("raven").__name__
    'Raven'
"""

from limbeck import _discover
from limbeck.detections._clock import FileNames
from limbeck.detections._contract import Detected, Event, Form
from limbeck.detections._events import EventSettings, events
from limbeck.detections._store import FILE, Heard, Row, Scores, Store, real_place
from limbeck.detections._summary import Summary, When
from limbeck.detections._written import Edited, renew

__all__ = [
    "FILE",
    "Detected",
    "Edited",
    "Event",
    "EventSettings",
    "FileNames",
    "Form",
    "Heard",
    "Row",
    "Scores",
    "Store",
    "Summary",
    "When",
    "events",
    "load",
    "names",
    "real_place",
    "renew",
]

names = _discover.lister(Form)
load = _discover.loader(Form)
