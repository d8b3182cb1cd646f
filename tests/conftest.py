"""Rules for every test: no sockets but where a test says so, nothing written outside its own folder."""

import os
import socket
import webbrowser

import pytest
from hypothesis import HealthCheck, settings

HEALTH = [HealthCheck.function_scoped_fixture]
# The same examples each time protect against a relapse; new ones are looked for where there is time (make test-whole).
settings.register_profile("gate", max_examples=20, deadline=None, derandomize=True, suppress_health_check=HEALTH)
settings.register_profile("deep", max_examples=300, deadline=None, suppress_health_check=HEALTH)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))


@pytest.fixture(autouse=True)
def no_sockets(request, monkeypatch):
    """Refuse every connection to another host, unless the test is marked `network`."""
    if request.node.get_closest_marker("network"):
        return

    def refuse(self, address, *more):
        raise AssertionError(f"a test tried to connect to {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)


@pytest.fixture(autouse=True)
def no_browser(monkeypatch):
    """Open no window: neither here nor in a process that a test starts."""

    def refuse(address, *more, **options):
        raise AssertionError(f"a test tried to open a browser at {address}")

    monkeypatch.setattr(webbrowser, "open", refuse)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("BROWSER", raising=False)
