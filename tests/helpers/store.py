"""A real S3 server of this machine alone, which knows who may use it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

_OPEN = 3
"""Questions that are answered whoever asks: those that make the user."""


@contextlib.contextmanager
def served() -> Iterator[dict[str, str]]:
    """One that runs meanwhile: what the environment has to say to use it."""
    import boto3

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    known = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
            env=known | {"INITIAL_NO_AUTH_ACTION_COUNT": str(_OPEN)}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            while server.poll() is None:
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.05)
            where: dict[str, Any] = {"endpoint_url": f"http://127.0.0.1:{port}", "region_name": "us-east-1"}
            nobody = {"aws_access_key_id": "nobody", "aws_secret_access_key": "nothing"}
            iam = boto3.client("iam", **where, **nobody)
            iam.create_user(UserName="limbeck")
            all_of_it = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}'
            iam.put_user_policy(UserName="limbeck", PolicyName="all", PolicyDocument=all_of_it)
            key = iam.create_access_key(UserName="limbeck")["AccessKey"]
            yield {
                "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
                "AWS_REGION": where["region_name"],
                "AWS_ENDPOINT_URL": where["endpoint_url"],
                "AWS_EC2_METADATA_DISABLED": "true",
            }
        finally:
            server.kill()
            server.wait()


def bucket(name: str) -> Any:
    """A new bucket of the server that the environment names, as boto3 has it."""
    import boto3

    made = boto3.resource("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"], region_name="us-east-1").Bucket(name)
    made.create()
    return made
