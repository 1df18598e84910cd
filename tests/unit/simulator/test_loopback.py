"""The market server is for programs on this machine: what a web page could send is refused, and no file gets out."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.unit.simulator.small_market import make_market, serving
from tests.unit.simulator.sockets import listeners


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(make_market()) as address:
        yield address


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "[::1", "0.0.0.0", ""])
def test_another_hosts_name_is_refused(url: str, host: str) -> None:
    answer = httpx.get(f"{url}/market/clock", headers={"Host": host})
    assert answer.status_code in (400, 403)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:1234", "[::1]:80"])
def test_names_of_this_machine_are_answered(url: str, host: str) -> None:
    assert httpx.get(f"{url}/market/clock", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_page_cannot_switch_faults_on(url: str, headers: dict[str, str]) -> None:
    fault = {"host": "api.bybit.com", "kind": "down"}
    assert httpx.post(f"{url}/market/faults", json=fault, headers=headers).status_code == 403
    assert httpx.get(f"{url}/market/faults").json()["faults"] == []


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc/passwd", "..%2f..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd",
        "file:///etc/passwd", "%00", "candles/../../../etc/passwd",
    ],
)  # fmt: skip
def test_the_archive_gives_no_files_of_this_machine(url: str, path: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:  # as it is, without a client that tidies the path
        line.sendall(f"GET /market/archive/{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    assert answer.split()[1] in (b"404", b"400") and b"root:" not in answer


def test_it_listens_on_this_machine_only(url: str) -> None:
    port = int(url.rsplit(":", 1)[1])
    assert {address for address, at in listeners() if at == port} == {"127.0.0.1"}
