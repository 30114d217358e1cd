"""The controller's address, which only the sidecar may look up: Ansible's process opens no sockets."""

from __future__ import annotations

import socket

__all__ = ["controller_ip"]

_NOWHERE = (
    (socket.AF_INET, ("192.0.2.1", 9)),  # addresses for documentation (RFC 5737, RFC 3849)
    (socket.AF_INET6, ("2001:db8::1", 9)),
)


def controller_ip() -> str | None:
    """Return the address that this machine would speak from, or None; nothing is sent and no name is looked up."""
    for family, address in _NOWHERE:
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect(address)  # for UDP this only chooses a route
                return str(probe.getsockname()[0])
        except OSError:
            continue
    return None
