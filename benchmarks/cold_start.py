"""From `streamlit run app.py` to the first result in a real browser, on the bundled model.

`python -m benchmarks.cold_start` needs chromium and `playwright`. The browser is already
running; the server, and everything that it imports and loads, is new each time.
"""

import statistics
import time

from benchmarks import browser

RUNS = 5
LINK = "/Token_affinity"


def main() -> None:
    up, answer, table, next_answer, next_table = [], [], [], [], []
    with browser.chromium() as chromium:
        for _ in range(RUNS):
            started = time.perf_counter()
            with browser.server() as address:
                up.append(time.perf_counter() - started)
                for shown, drawn in ((answer, table), (next_answer, next_table)):
                    page = browser.visit(chromium, address + LINK)
                    page.get_by_text("What goes best with").wait_for(timeout=120_000)
                    shown.append(time.perf_counter() - started)
                    browser.top_row(page)
                    drawn.append(time.perf_counter() - started)
                    page.context.close()
                    started = time.perf_counter()
    print(f"median of {RUNS} fresh servers, bundled model, /Token_affinity")
    for name, seconds in (
        ("server answers", up),
        ("result in words on the screen", answer),
        ("and its table", table),
        ("next visitor: result in words", next_answer),
        ("and its table", next_table),
    ):
        print(f"{name:32}{statistics.median(seconds):6.2f} s")


if __name__ == "__main__":
    main()
