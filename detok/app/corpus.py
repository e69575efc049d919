"""Which counts the pages use, and how a visitor comes to have others."""

import shlex
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

import detok
from detok.app import cached, go, guard, link, own_counts, settings, texts
from detok.app.folders import untold
from detok.app.jobs import Job, Progress
from detok.app.output import escaped
from detok.app.own_counts import Own
from detok.counting.apart import Bounds, count_apart
from detok.counting.files import KINDS, files_in, kind_of
from detok.model.any_layer import AnyLayer
from detok.readings import corpus as readings

# Kinds of files that can be uploaded, by how their names end.
ENDINGS = [*(kind.removeprefix(".") for kind in KINDS), "gz", "zst"]
# Of this visitor, as `guard` has it.
MAX_FILES = guard.FILES_OF_ONE
MAX_NAME = 100  # characters that a visitor calls texts by
# Memory of a count, on top of the programs themselves, and processor time.
HOSTED = (1 << 29, 600)
OWN_MACHINE = (1 << 32, 86_400)
QUICK_S = 0.5
_JOB = "corpus_job"


def notice(layer: AnyLayer) -> None:
    """Which counts a page uses, and the way to others."""
    counts, refused = cached.counts_of(layer)
    own, mine = own_counts.of(layer), own_counts.mine()
    if refused:
        st.warning(escaped(f"Counts that are not used: {untold(refused)}."))
    if mine is not None and own is None:
        st.caption(escaped(readings.other_tokenizer(mine.origin)))
    if counts is not None:
        st.caption(escaped(readings.used(counts, int(counts.tokens.sum()), own is not None)))
    elif texts.can_encode(layer):
        st.info("There are no token counts for this model's tokenizer yet.")
    else:
        st.info("There are no token counts for this model, whose files cannot split texts.")
    if link.shown() != "corpus":
        go.link_to("corpus", "Use other counts")


def name_in_link(layer: AnyLayer, asked: str | None) -> None:
    """Has the address say which own counts the page uses, and tells of a link's that are not here.

    `asked` are those of a link that was just opened.
    """
    own = own_counts.of(layer)
    if own is not None:
        link.fix("counts", own.label)
    else:
        link.unfix("counts")
    if asked is not None and (own is None or asked != own.label):
        st.info(escaped(readings.not_here(asked[: own_counts.MAX_NAME + 10])))


def job() -> Job[Own]:
    """The count of this visitor that is under way, or the last."""
    return st.session_state.setdefault(_JOB, Job(name="a visitor's corpus"))


def take_over() -> None:
    """The counts that were made are used from now on, once."""
    made = job()
    if made.state == "done":
        del st.session_state[_JOB]
        own_counts.use(made.result)
        st.rerun()


def offered() -> dict[str, Path]:
    """The files and folders that visitors may name, by what they are called."""
    found: dict[str, Path] = {}
    for folder in settings.now().corpora:
        with suppress(OSError):  # gone since the app was started
            for path in sorted(folder.iterdir()):
                if not path.name.startswith(".") and (path.is_dir() or kind_of(path)):
                    found[f"{folder.name}/{path.name}"] = path
    return found


def count(
    of: AnyLayer, uploads: list[UploadedFile], named: list[Path], column: str, name: str
) -> None:
    """Starts to count what a visitor has uploaded or named."""
    layer, made = of, job()
    given = [(file.name, file.getvalue()) for file in uploads]

    def compute(progress: Progress) -> Own:
        folder = Path(tempfile.mkdtemp(prefix="detok-corpus-"))
        try:
            files = [*_written(given, folder / "uploads"), *files_in(named)]
            size = sum(file.stat().st_size for file in files)
            out = folder / "counts" / "counts.parquet"
            out.parent.mkdir()
            count_apart(
                files,
                layer.tokenizer,
                out,
                bounds=_bounds(),
                name=Path(layer.name).name,
                vocab_size=layer.vocab_size,
                column=column,
                corpus=name[:MAX_NAME].strip() or _called([n for n, _ in given], named),
                progress=lambda share: progress(int(share * size), size),
            )
            kept = folder / out.name
            out.replace(kept)
            shutil.rmtree(folder / "uploads", ignore_errors=True)
            shutil.rmtree(out.parent)
            return Own.of(kept)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    made.start(compute)
    made.wait(QUICK_S)


def _bounds() -> Bounds:
    given = settings.now()
    return Bounds(given.max_corpus, *(HOSTED if given.hosted else OWN_MACHINE))


def _written(given: list[tuple[str, bytes]], folder: Path) -> list[Path]:
    """Uploads as files, each in a folder of its own: several may have one name.

    Raises: InputError for a name that no file can have, or of no kind that is read.
    """
    files = []
    for number, (name, data) in enumerate(given):
        path = folder / str(number) / Path(name.replace("\\", "/")).name
        try:
            path.parent.mkdir(parents=True)
            path.write_bytes(data)
        except (OSError, ValueError) as error:
            raise detok.InputError(
                f"the file {name[:MAX_NAME]!r} cannot be kept ({type(error).__name__}); expected "
                "one with a shorter name"
            ) from error
        files += files_in([path])
    return files


def _called(names: list[str], named: list[Path]) -> str:
    every = [*names, *(path.name for path in named)]
    return ", ".join(every[:2]) + (f" and {len(every) - 2} more" if len(every) > 2 else "")


def command(layer: AnyLayer) -> str:
    """What counts texts for this model outside of the app."""
    name = shlex.quote(layer.name).replace("`", "")
    return f"python -m detok count --tokenizer {name} --out counts.parquet FOLDER"


def download(own: Own) -> Callable[[], bytes]:
    """The file of counts, read on the click."""
    return own.path.read_bytes
