"""A studio as a process: its address comes as the first line; it is killed, or ended as by Ctrl-C."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Served:
    """A studio of an index in a folder, with the encoder of a helper, in a process of its own."""

    def __init__(self, index: Path, classifier: Path, *, weights: Path | None = None) -> None:
        words = [sys.executable, "-m", "tests.helpers.served_studio", str(index), str(classifier)]
        words += [str(weights)] if weights else []
        self.process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError(self.process.communicate()[1])

    def ask(
        self,
        path: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        at: str | None = None,
        method: str | None = None,
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, content and headers of an answer."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        made = urllib.request.Request(
            (self.address if at is None else at) + path, data, dict(headers or {}), method=method
        )
        try:
            with urllib.request.urlopen(made, timeout=60) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)

    def json(self, path: str, body: Any = None) -> Any:
        """What is answered, which must be right."""
        status, content, _ = self.ask(path, body)
        assert status == 200, content
        return json.loads(content)

    def end(self) -> int:
        """End it as Ctrl-C does; its exit code."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=60)
        return self.process.returncode

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def main() -> None:
    from tests.helpers.listener import Listener

    from limbeck import studio
    from limbeck.encoders.yamnet import YamNet

    index, classifier, *weights = sys.argv[1:]
    encoder = YamNet.pretrained(folder=Path(weights[0])) if weights else Listener()
    studio.serve(index, classifier, encoder=encoder, opened=lambda address: print(address, flush=True))


if __name__ == "__main__":
    main()
