"""What many visitors at once cost each of them, and what they leave behind.

`python -m benchmarks.load` runs a server and visitors over websockets, without browsers: each goes
from page to page, looks at it for a while, and makes two choices there. Of 1, 10 and 30 of them it
gives the time from a choice to the end of the page's run, and how many runs there were a second;
then the server's memory before and after sessions that come and go. The visitors take time of the
same machine. `--processes 2` shares the visitors out to two servers, as nginx does.
"""

import argparse
import os
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState

from benchmarks import browser, visitor

VISITORS = (1, 10, 30)
THOUGHT_S = (1.0, 3.0)
CHOICES = 2  # on a page, before the next
CHOSEN = {"Head", "Layer", "Measure", "Position", "Target"}
TYPED = {"Word or text", "Text"}
TEXTS = ("Sherlock Holmes", "a strange adventure", "the detective returned", "London in winter")
# How long a server keeps a session that has gone, by .streamlit/config.toml, and some more.
FAREWELL_S = 40.0
MEGABYTE = 10**6


@dataclass
class Found:
    """Of all visitors together."""

    seconds: list[float] = field(default_factory=list)
    failures: int = 0


class Visit:
    """One visitor, who sends what a browser would."""

    def __init__(self, address: str, found: Found, seed: int) -> None:
        self._random, self._found = random.Random(seed), found
        self._widgets: dict[str, WidgetState] = {}
        self._address, self._page = address, ""
        self._shown: list[ForwardMsg] = []

    def go_on(self, until: float) -> None:
        """From page to page, as long as there is time."""
        with visitor.visitor(self._address) as self._connection:
            while True:
                pages = self._pages() or [""]
                self._open(self._random.choice(pages))
                for _ in range(CHOICES):
                    time.sleep(self._random.uniform(*THOUGHT_S))
                    if time.monotonic() > until:
                        return
                    self._choose()

    def see_all(self) -> None:
        """Every page once: what is computed once for all visitors is there then."""
        with visitor.visitor(self._address) as self._connection:
            self._open("")
            for page in self._pages():
                self._open(page)

    def _pages(self) -> list[str]:
        return [
            page.page_script_hash
            for message in self._shown
            for page in message.navigation.app_pages
        ]

    def _open(self, page: str) -> None:
        self._page = page
        self._widgets.clear()
        self._run()

    def _choose(self) -> None:
        """Another head, token or text, of those that the page offers; else the page again."""
        states = list(self._offered())
        if states:
            state = self._random.choice(states)
            self._widgets[state.id] = state
        self._run()

    def _offered(self) -> Iterator[WidgetState]:
        for message in self._shown:
            element = message.delta.new_element
            for kind, names in (
                ("selectbox", CHOSEN),
                ("text_input", TYPED),
                ("text_area", TYPED),
            ):
                widget = getattr(element, kind)
                if widget.label in names:
                    values = widget.options if kind == "selectbox" else TEXTS
                    yield WidgetState(id=widget.id, string_value=self._random.choice(values))

    def _run(self) -> None:
        message = BackMsg()
        message.rerun_script.page_script_hash = self._page
        message.rerun_script.widget_states.widgets.extend(self._widgets.values())
        begun = time.monotonic()
        self._shown = visitor.run(self._connection, message)
        self._found.seconds.append(time.monotonic() - begun)
        kinds = [m.delta.new_element.WhichOneof("type") for m in self._shown]
        status = self._shown[-1].script_finished
        if "exception" in kinds or status != ForwardMsg.FINISHED_SUCCESSFULLY:
            self._found.failures += 1


def together(addresses: list[str], n: int, seconds: float) -> tuple[float, float, float, int]:
    """Median and 95th percentile in seconds, runs a second, and failures of so many visitors."""
    found = Found()
    begun = time.monotonic()
    threads = []
    for seed in range(n):
        visit = Visit(addresses[seed % len(addresses)], found, 100 * n + seed)
        threads.append(threading.Thread(target=visit.go_on, args=(begun + seconds,)))
        threads[-1].start()
        time.sleep(THOUGHT_S[0] / n)
    for thread in threads:
        thread.join()
    rate = len(found.seconds) / (time.monotonic() - begun)
    *_, last = statistics.quantiles(found.seconds, n=20, method="inclusive")
    return statistics.median(found.seconds), last, rate, found.failures


def resident_mb() -> float:
    """Memory of the servers that this process has started, in MB."""
    pages = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
            command = status.with_name("cmdline").read_bytes()
            held = int(status.with_name("statm").read_text().split()[1])
        except OSError:
            continue  # it has ended
        pages += held if parent == os.getpid() and b"streamlit" in command else 0
    return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


def come_and_go(addresses: list[str], n: int) -> None:
    for session in range(n):
        with visitor.visitor(addresses[session % len(addresses)]) as connection:
            visitor.run(connection)
    time.sleep(FAREWELL_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="for each number of visitors")
    parser.add_argument("--sessions", type=int, default=200, help="that come and go")
    parser.add_argument("--processes", type=int, default=1, help="servers that share the visitors")
    options = parser.parse_args()
    with ExitStack() as stack:
        cache = stack.enter_context(tempfile.TemporaryDirectory())
        settings = {"DETOK_HOSTED": "1", "DETOK_MODEL": "mini", "DETOK_CACHE": cache}
        addresses = [
            stack.enter_context(browser.server(**settings)) for _ in range(options.processes)
        ]
        for address in addresses:
            Visit(address, Found(), 0).see_all()
        first = None
        for n in VISITORS:
            median, last, rate, failures = together(addresses, n, options.seconds)
            first = first or (median, last, rate)
            print(
                f"{n:3} visitors: median {1000 * median:6.0f} ms ({median / first[0]:5.1f} x), "
                f"95th percentile {1000 * last:6.0f} ms ({last / first[1]:5.1f} x), "
                f"{rate:5.2f} runs a second ({rate / first[2]:4.1f} x), {failures} failures",
                flush=True,
            )
        if options.sessions:
            come_and_go(addresses, 10 * len(addresses))
            before = resident_mb()
            come_and_go(addresses, options.sessions)
            after = resident_mb()
            print(
                f"{options.sessions} sessions that came and went: {before:.0f} MB before, "
                f"{after:.0f} MB after ({after - before:+.0f} MB)"
            )
    print(f"{os.cpu_count()} cores, of which {os.getloadavg()[0]:.1f} were asked for")


if __name__ == "__main__":
    main()
