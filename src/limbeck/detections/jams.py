"""JAMS files, one for each recording (`jams`).

Source: Humphrey et al., *JAMS: A JSON annotated music specification for reproducible MIR research*, ISMIR 2014
    (https://jams.readthedocs.io), schema 0.3, namespace ``tag_open``.
"""

import json
from typing import final

from limbeck.detections._contract import Detected, FilePerRecording


@final
class Jams(FilePerRecording):
    """JSON with one annotation of open tags: time, duration, word and score of each event; site and clock beside it."""

    ending = ".jams"

    def text(self, recording: Detected) -> str:
        data = [
            {
                "time": event.start_s,
                "duration": round(event.end_s - event.start_s, 3),
                "value": event.label,
                "confidence": event.score,
            }
            for event in recording.events
        ]
        annotation = {
            "namespace": "tag_open",
            "data": data,
            "annotation_metadata": {
                "curator": {"name": "", "email": ""},
                "annotator": {},
                "version": "",
                "corpus": "",
                "annotation_tools": "limbeck",
                "annotation_rules": "",
                "validation": "",
                "data_source": "automatic",
            },
            "sandbox": {},
            "time": 0,
            "duration": recording.duration_s,
        }
        content = {
            "annotations": [annotation],
            "file_metadata": {
                "title": recording.path,
                "artist": "",
                "release": "",
                "duration": recording.duration_s,
                "identifiers": {},
                "jams_version": "0.3.4",
            },
            "sandbox": {
                "path": str(recording.place),
                "site": recording.site,
                "begins": "" if recording.begins is None else recording.begins.isoformat(),
            },
        }
        return json.dumps(content, indent=1) + "\n"
