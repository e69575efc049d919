"""The figures of the pages, finished: each made once for all visitors, by what it shows."""
