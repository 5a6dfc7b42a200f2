"""A machine of a Ray cluster that is lost while it works."""

from __future__ import annotations

from typing import Any


def lose_one(cluster: Any) -> Any:
    """The machine that was lost; another one takes its place."""
    lost = cluster.list_all_nodes()[-1]
    cluster.remove_node(lost, allow_graceful=False)
    cluster.add_node(num_cpus=1, node_ip_address="127.0.0.2")
    return lost
