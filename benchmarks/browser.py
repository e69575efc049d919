"""A fresh server of the app, and a visitor with a real browser."""

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
PORT = 8765
ADDRESS = f"http://127.0.0.1:{PORT}"


@contextmanager
def server() -> Iterator[str]:
    """A new server that answers, with no page opened on it yet; its address."""
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true"]
    command += [f"--server.port={PORT}", "--server.address=127.0.0.1"]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, stdout=silent, stderr=silent)
    try:
        while process.poll() is None:
            try:
                urllib.request.urlopen(f"{ADDRESS}/_stcore/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.05)
        yield ADDRESS
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def chromium() -> Iterator[Browser]:
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()
