"""`python -m detok ready`: what it says of an app, and of one that cannot be shown."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def ready(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "detok", "ready"],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_an_app_that_visitors_can_come_to(checkpoint: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "a file"
    blocked.write_text("")
    models = f"gpt2, {checkpoint}"
    found = ready(DETOK_HOSTED="1", DETOK_MODELS=models, DETOK_CACHE=str(blocked / "cache"))
    assert found.returncode == 0, found.stderr
    said = found.stdout
    assert "settings      hosted\n" in said
    assert "opens on      mini, on " in said
    assert f"also          {checkpoint}, here\n" in said
    assert "missing       gpt2, neither here nor to be fetched" in said
    assert "which cannot be written" in said
    assert '"event": "start"' in found.stderr
    assert '"event": "model loaded"' in found.stderr


def test_one_that_cannot_be_shown(tmp_path: Path) -> None:
    for environment, why in (
        ({"DETOK_HEAVY": "0"}, "DETOK_HEAVY is '0'; expected a whole number from 1 to 64"),
        ({"DETOK_MODEL": str(tmp_path)}, "has no config.json"),
        ({"DETOK_MODEL": "gpt2", "HF_HOME": str(tmp_path)}, "'gpt2' is not on this machine"),
    ):
        found = ready(**environment)
        assert found.returncode == 2
        assert why in found.stderr.splitlines()[-1]
        assert "Traceback" not in found.stderr
