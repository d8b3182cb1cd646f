"""Rules for every test: no sockets but where a test says so, nothing written outside its own folder."""

import socket

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "hexad",
    max_examples=50,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
settings.load_profile("hexad")


@pytest.fixture(autouse=True)
def no_sockets(request, monkeypatch):
    """Refuse every connection to another host, unless the test is marked `network`."""
    if request.node.get_closest_marker("network"):
        return

    def refuse(self, address, *more):
        raise AssertionError(f"a test tried to connect to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
