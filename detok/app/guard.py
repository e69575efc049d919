"""What Streamlit would do for any browser that asks, and this app does not: all that it overrides.

Streamlit has no setting for it. Whoever opens a websocket to the server can have the caches of all
visitors emptied, and can send a value that no widget has, whose conversion ends in an exception;
the server keeps as many uploads as it is sent, tells anybody its metrics, and asks a server of
others for its own address. `install` replaces methods of Streamlit's own.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from streamlit import net_util
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.state.session_state import Serialized, Value, WStates
from streamlit.runtime.stats import Stat, StatsManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec

from detok.app import settings

# What only developers ask for: of caches that are everybody's, of the server's folder and its git.
REFUSED = frozenset({"clear_cache", "load_git_info", "set_run_on_save"})
NUMBERS = frozenset({"int_value", "double_value"})
# As many as the page of a corpus takes.
FILES_OF_ONE = 8
# Of all visitors: an upload is 5 MB at most, as .streamlit/config.toml has it.
BYTES_OF_ALL = 100 * 2**20

_uploads = threading.Lock()


def install() -> None:
    """Replaces the methods, once for the process."""
    if not hasattr(AppSession.handle_backmsg, "__wrapped__"):
        AppSession.handle_backmsg = _of_a_visitor(AppSession.handle_backmsg)
        WStates.__getitem__ = _of_the_widget(WStates.__getitem__)
        MemoryUploadedFileManager.add_file = _in_bounds(MemoryUploadedFileManager.add_file)
        StatsManager.get_stats = _unless_hosted(StatsManager.get_stats)
        net_util.get_external_ip = lambda: None


def _of_a_visitor(
    handle: Callable[[AppSession, BackMsg], None],
) -> Callable[[AppSession, BackMsg], None]:
    """Drops messages that are none of a visitor's, and requests for more uploads than are kept."""

    @wraps(handle)
    def handled(session: AppSession, message: BackMsg) -> None:
        is_refused = message.WhichOneof("type") in REFUSED
        if not is_refused and len(message.file_urls_request.file_names) <= FILES_OF_ONE:
            handle(session, message)

    return handled


def _of_the_widget(read: Callable[[WStates, str], Any]) -> Callable[[WStates, str], Any]:
    """Has the default of a widget in place of a value that is of another type, or of no meaning."""

    @wraps(read)
    def got(states: WStates, key: str) -> Any:
        sent, widget = states.states.get(key), states.widget_metadata.get(key)
        if not isinstance(sent, Serialized) or widget is None:
            return read(states, key)
        try:
            kind = sent.value.WhichOneof("value")
            # A field of whole numbers is declared as one of any, and a browser sends whole ones.
            if kind not in (None, widget.value_type) and not {kind, widget.value_type} <= NUMBERS:
                raise TypeError
            return read(states, key)
        except Exception:  # whatever the widget's own code makes of it
            states.states[key] = Value(widget.deserializer(None))
            return states.states[key].value
        finally:
            # Streamlit would note that a field which was emptied has values of no type.
            states.set_widget_metadata(widget)

    return got


def _in_bounds(
    add: Callable[[MemoryUploadedFileManager, str, UploadedFileRec], None],
) -> Callable[[MemoryUploadedFileManager, str, UploadedFileRec], None]:
    """Lets the oldest uploads go: of this visitor beyond a number, of all beyond so many bytes."""

    @wraps(add)
    def added(manager: MemoryUploadedFileManager, session_id: str, file: UploadedFileRec) -> None:
        with _uploads:
            add(manager, session_id, file)
            for old in list(manager.file_storage[session_id])[:-FILES_OF_ONE]:
                manager.remove_file(session_id, old)
            kept = [(of, f) for of, files in manager.file_storage.items() for f in files.values()]
            size = sum(len(old.data) for _, old in kept)
            for of, old in kept:
                if size > BYTES_OF_ALL and old is not file:
                    manager.remove_file(of, old.file_id)
                    size -= len(old.data)

    return added


def _unless_hosted(
    get: Callable[[StatsManager, Sequence[str] | None], Mapping[str, Sequence[Stat]]],
) -> Callable[[StatsManager, Sequence[str] | None], Mapping[str, Sequence[Stat]]]:
    """Has no metrics on a server for strangers: the log has what the operator needs."""

    @wraps(get)
    def got(
        manager: StatsManager, family_names: Sequence[str] | None = None
    ) -> Mapping[str, Sequence[Stat]]:
        return {} if settings.now().hosted else get(manager, family_names)

    return got
