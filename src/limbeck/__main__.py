"""``python -m limbeck``: the same as ``limbeck``."""

from limbeck.cli import main

if __name__ == "__main__":
    main()
