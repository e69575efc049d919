"""A visitor without a browser, who sends whatever messages to a server of the app."""

from collections.abc import Iterator
from contextlib import contextmanager

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect


@contextmanager
def visitor(address: str) -> Iterator[ClientConnection]:
    """A connection to the server of this address, as pages open one."""
    url = address.replace("http", "ws", 1) + "/_stcore/stream"
    with connect(url, subprotocols=["streamlit"], origin=address, max_size=None) as connection:
        yield connection


def send(connection: ClientConnection, message: BackMsg) -> None:
    connection.send(message.SerializeToString())


def run(connection: ClientConnection, of: str | BackMsg = "") -> list[ForwardMsg]:
    """Has a page run, by its query or a whole message, and waits; gives all that was sent."""
    message = of
    if isinstance(of, str):
        message = BackMsg()
        message.rerun_script.query_string = of
    send(connection, message)
    messages = answer(connection, "script_finished")
    while messages[-1].script_finished == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
        messages += answer(connection, "script_finished")
    return messages


def answer(connection: ClientConnection, kind: str) -> list[ForwardMsg]:
    """All that the server sends up to the first message of a kind."""
    messages = []
    while not messages or messages[-1].WhichOneof("type") != kind:
        message = ForwardMsg()
        message.ParseFromString(connection.recv(timeout=120))
        messages.append(message)
    return messages
