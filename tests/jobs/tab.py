"""A browser tab without a browser: a session of a real server over its web socket."""

import os
from contextlib import contextmanager
from pathlib import Path

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

PATIENCE = 120


class Tab:
    """What one visitor sees."""

    def __init__(self, socket):
        self._socket = socket

    def view(self, page, query=""):
        """Everything the page says, once its run is over."""
        request = BackMsg()
        request.rerun_script.page_name, request.rerun_script.query_string = page, query
        self._socket.send(request.SerializeToString())
        said = []
        while True:
            message = ForwardMsg.FromString(self._socket.recv(timeout=PATIENCE))
            if message.WhichOneof("type") == "script_finished":
                return "\n".join(said)
            said.append(str(message.delta))

    def close(self):
        self._socket.close()


@contextmanager
def opened_tab(address):
    stream = address.replace("http", "ws", 1) + "/_stcore/stream"
    with connect(stream, subprotocols=["streamlit"], origin=address, max_size=None) as socket:
        yield Tab(socket)


def server_at(address):
    """Process number of the server that this process started there."""
    port = address.rpartition(":")[2].encode()
    (found,) = [one for one in children_of(os.getpid()) if port in command(one) and b"streamlit" in command(one)]
    return found


def computing(server):
    """Processes of running jobs, and the one they come from."""
    nurseries = [one for one in children_of(server) if b"repsim_core.compute.nursery" in command(one)]
    return {child for nursery in nurseries for child in children_of(nursery)}, set(nurseries)


def children_of(parent):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, owner = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(owner) == parent and state not in "ZX":
            found.append(int(path.parent.name))
    return found


def command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
