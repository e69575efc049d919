"""The line of what a server carries."""

from detok.app import gate, load


def test_it_has_memory_queues_and_what_is_kept() -> None:
    before = load.now()
    with gate.LONG.turn(), gate.SHORT.turn():
        now = load.now()
    assert now["computing"] == before["computing"] + 2
    assert now["waiting"] == 0
    assert now["resident_bytes"] is None or now["resident_bytes"] > 10**7
    assert {"kept_layers", "kept_bytes", "sessions", "threads"} <= now.keys()
