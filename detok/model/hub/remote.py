"""What the hub has of a model: its commit, its small files, and where its tensors lie."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from detok.errors import CheckpointError
from detok.model.families import family_of
from detok.model.files import (
    BYTES,
    WEIGHTS,
    WEIGHTS_INDEX,
    check_files,
    check_shape,
    check_tokenizer,
    check_type,
    full_name_in,
    indexed_size,
    kept_name,
    read_config,
    shards,
    tokenizer_files,
)
from detok.model.hub import branches
from detok.model.hub.sentences import TIMEOUT_S, explained, within


@dataclass(frozen=True)
class Location:
    """Where a tensor lies: `size` bytes of a file of a model, from `start` on."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    file: str
    start: int
    size: int


class Remote:
    """A commit of a model on the hub, asked only for what is needed.

    Every method raises CheckpointError, or NotDownloadable if the hub does not answer.
    """

    def __init__(self, model_id: str, revision: str | None = None) -> None:
        # Imported here: nothing on the way to the bundled model needs it.
        import huggingface_hub as hub

        self.model_id, self.revision = model_id, revision or None
        self._headers: dict[str, tuple[Mapping[str, Any], int]] = {}

        def ask() -> Any:
            return hub.model_info(model_id, revision=self.revision, timeout=TIMEOUT_S)

        with self.explaining():
            info = within(TIMEOUT_S, ask)
            self.commit = str(info.sha)
            self.names = {file.rfilename for file in info.siblings or ()}

    @property
    def where(self) -> str:
        return f"{self.model_id!r} on the hub"

    def note(self) -> None:
        """Notes that this commit is the one to use, and the newest."""
        with self.explaining():
            branches.note(self.model_id, self.revision, self.commit, self.commit)

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Makes a sentence of whatever goes wrong meanwhile."""
        try:
            yield
        # The hub library lets the errors of its HTTP client, of Xet and of JSON through.
        except Exception as error:
            raise explained(error, self.model_id, self.revision) from error

    def file(self, name: str) -> Path:
        """A small file, in the cache of `huggingface_hub`."""
        import huggingface_hub as hub

        with self.explaining():
            path = hub.hf_hub_download(
                self.model_id, name, revision=self.commit, etag_timeout=TIMEOUT_S
            )
        return Path(path)

    def config(self) -> dict[str, Any]:
        """The model's config.json."""
        if "config.json" not in self.names:
            raise CheckpointError(f"{self.where} has no config.json; expected a checkpoint")
        return read_config(self.file("config.json").parent)

    def tokenizer(self) -> list[Path]:
        """The files of the tokenizer."""
        check_tokenizer(self.where, self.names)
        return [self.file(name) for name in tokenizer_files(self.names)]

    def tensors(self, config: Mapping[str, Any]) -> list[Location]:
        """Where the tensors of the first layer lie, and those that say what its heads write.

        Their shapes and types are checked: a model that cannot be used is refused before anything
        large is asked for.
        """
        family = family_of(config)
        check_files(self.where, self.names)
        file_of = self._file_of_tensors()
        plan = family.plan(config)
        return [
            self._location(full_name_in(file_of, name, family.prefixes, self.where), shape, file_of)
            for name, shape in plan.fetched.items()
            if name in plan.shapes or kept_name(file_of, name, family.prefixes) is not None
        ]

    def _file_of_tensors(self) -> Mapping[str, str]:
        """The name of the file that each tensor of the model is in."""
        if WEIGHTS in self.names:
            return dict.fromkeys(self._header(WEIGHTS)[0], WEIGHTS)
        index = self.file(WEIGHTS_INDEX)
        paths = shards(index.parent)
        return {name: path.relative_to(index.parent).as_posix() for name, path in paths.items()}

    def _location(
        self, name: str, shape: Mapping[str, int], file_of: Mapping[str, str]
    ) -> Location:
        file = file_of[name]
        tensors, data = self._header(file)
        if name not in tensors:
            raise CheckpointError(
                f"{file} of {self.where} does not contain tensor {name}; expected it there, as the "
                "index says"
            )
        info = tensors[name]
        check_shape(name, tuple(info.shape), shape)
        check_type(name, info.dtype)
        begin, end = info.data_offsets
        size = prod(info.shape) * BYTES[info.dtype]
        if end - begin != size:
            raise CheckpointError(
                f"{file} of {self.where} is damaged: tensor {name!r} has {end - begin} bytes; "
                f"expected {size}"
            )
        return Location(name, info.dtype, tuple(info.shape), file, data + begin, size)

    def size(self) -> int | None:
        """The bytes of all weights, if that is known without asking for them."""
        import huggingface_hub as hub

        if WEIGHTS not in self.names:
            return indexed_size(self.file(WEIGHTS_INDEX).parent)
        with self.explaining():
            return hub.get_hf_file_metadata(self.url(WEIGHTS), timeout=TIMEOUT_S).size

    def url(self, file: str) -> str:
        """The address of a file at this commit."""
        import huggingface_hub as hub

        return hub.hf_hub_url(self.model_id, file, revision=self.commit)

    def _header(self, file: str) -> tuple[Mapping[str, Any], int]:
        """The tensors of a file, and where its data begin; asked for once."""
        import huggingface_hub as hub

        if file not in self._headers:
            with self.explaining():
                size = hub.get_hf_file_metadata(self.url(file), timeout=TIMEOUT_S).size
                tensors = hub.parse_safetensors_file_metadata(
                    self.model_id, file, revision=self.commit
                ).tensors
            # The data fill the file to its end: the format allows nothing else.
            data = size - max(info.data_offsets[1] for info in tensors.values())
            self._headers[file] = tensors, data
        return self._headers[file]
