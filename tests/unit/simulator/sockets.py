"""What listens on this machine, as the kernel has it."""

import socket
from pathlib import Path

import pytest


def listeners() -> set[tuple[str, int]]:
    """Address and port of every TCP socket that listens; skips the test where the system does not tell."""
    found = set()
    for family, table in ((socket.AF_INET, Path("/proc/net/tcp")), (socket.AF_INET6, Path("/proc/net/tcp6"))):
        if not table.exists():
            pytest.skip("this system does not show its sockets in /proc")
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            address, port = fields[1].split(":")
            if fields[3] == "0A":
                words = [bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8)]
                found.add((socket.inet_ntop(family, b"".join(words)), int(port, 16)))
    return found
