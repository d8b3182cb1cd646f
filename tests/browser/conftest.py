"""A browser for the tests of pages; without one they are skipped."""

import pytest

from tests.browser.chromium import NAMES, Chromium, find_browser


@pytest.fixture(scope="session")
def browser():
    path = find_browser()
    if path is None:
        pytest.skip(f"no browser here: none of {', '.join(NAMES)} is on the path")
    running = Chromium(path)
    yield running
    running.close()
