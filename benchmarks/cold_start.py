"""From `streamlit run app.py` to the first result in a real browser, on the bundled model.

`python -m benchmarks.cold_start` needs chromium and what the tests need. The browser is already
running; the server, and everything that it imports and loads, is new each time.
"""

import statistics
import time

from tests import browser

RUNS = 5
LINK = "/Token_affinity"


def main() -> None:
    up, first, next_visitor = [], [], []
    with browser.chromium() as chromium:
        for _ in range(RUNS):
            started = time.perf_counter()
            with browser.server() as address:
                up.append(time.perf_counter() - started)
                browser.top_row(browser.visit(chromium, address + LINK))
                first.append(time.perf_counter() - started)
                again = time.perf_counter()
                browser.top_row(browser.visit(chromium, address + LINK))
                next_visitor.append(time.perf_counter() - again)
    print(f"median of {RUNS} fresh servers, bundled model, /Token_affinity")
    print(f"server answers              {statistics.median(up):6.2f} s")
    print(f"first result on the screen  {statistics.median(first):6.2f} s")
    print(f"the next visitor's          {statistics.median(next_visitor):6.2f} s")


if __name__ == "__main__":
    main()
