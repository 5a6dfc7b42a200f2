"""A worker: reads clips as JSON from standard input, writes one byte to standard output after each clip."""

import json
import sys

from limbeck.errors import explained
from limbeck.playground.clips import GeneratedClip

if __name__ == "__main__":
    try:
        for values in json.load(sys.stdin):
            GeneratedClip(*values).make()
            sys.stdout.write(".")
            sys.stdout.flush()
    except Exception as error:
        sentence = explained(error)
        if sentence is None:
            raise
        sys.exit(sentence)
