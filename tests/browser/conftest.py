"""A Chromium that is installed on the machine; without one these tests are skipped and say so."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """One browser for all pages of a module; it may not reach anything but files.

    Playwright keeps an event loop running while it is open: with a wider scope no test after it could start one.
    """
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright: install the extra `dev`")
    found = os.environ.get("REGIME_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None or not Path(found).exists():
        pytest.skip(f"needs a Chromium: set REGIME_CHROMIUM to one, or install one of {', '.join(NAMES)}")
    with playwright.sync_playwright() as running:
        # A container's root may not make the namespaces that a sandbox needs; the page is our own.
        chromium = running.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()
