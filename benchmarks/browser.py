"""A fresh server of the app and a headless browser: for the time they take, and for the tests."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@contextmanager
def server(**environment: str) -> Iterator[str]:
    """A new server on a free port of this machine, with no page opened on it yet; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=127.0.0.1"]
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_healthy(f"{address}/_stcore/health", process)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def _wait_until_healthy(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with exit code {process.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the server did not answer within 60 seconds")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; contexts made from it share nothing, like different visitors."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def settle(page: Page) -> None:
    """Waits until the script run that is under way has ended."""
    page.wait_for_selector(
        "[data-testid=stApp][data-test-script-state=notRunning]", timeout=120_000
    )


def visit(browser: Browser, url: str) -> Page:
    """A page opened by a visitor who has never been here."""
    page = browser.new_context().new_page()
    page.goto(url)
    return page


def top_row(page: Page) -> list[str]:
    """The cells of the first row of the first table on a page, once they are drawn."""
    # The grid is drawn on a canvas; its cells are in the canvas's fallback content.
    cells = page.get_by_test_id("stDataFrame").first.locator("tbody tr").first.locator("td")
    cells.first.wait_for(state="attached", timeout=120_000)
    return cells.all_text_contents()
