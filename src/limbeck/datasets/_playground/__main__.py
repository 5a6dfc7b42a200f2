"""A worker: reads orders as JSON from standard input, writes one byte to standard output after each clip."""

import json
import sys

from limbeck.datasets._playground.orders import Order
from limbeck.errors import explained

if __name__ == "__main__":
    try:
        for values in json.load(sys.stdin):
            Order(*values).fulfil()
            sys.stdout.write(".")
            sys.stdout.flush()
    except Exception as error:
        told = explained(error)
        if told is None:
            raise
        sys.exit(told)
