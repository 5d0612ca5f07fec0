"""The kernel's half of JupyterLab's link: one comm a page, over which it lists sweeps, shows dashboards and asks.

A page opens a comm of target ``nbsweep.link``, over a subshell where the kernel has them, so that it is answered while
a cell runs. Here the page hears of all sweeps of the store whenever something changed, is fed the dashboards that it
has open, and has its requests done, which `REQUESTS` looks up by name. A page learns that there is somebody to link to
by the comm ``nbsweep.here``, which this side opens when it is loaded and which stays, for pages that come later to
find. Other half and wire: ``labextension/src/lab/wire.ts``.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from IPython.core.getipython import get_ipython

import nbsweep
from nbsweep.errors import NbsweepError, UsageError
from nbsweep.notebook.audience import SILENT_AFTER_S, Audience, main_thread
from nbsweep.notebook.host import in_colab
from nbsweep.notebook.overview import Overview
from nbsweep.notebook.publisher import publisher
from nbsweep.notebook.stream import SweepStream, answer_while_busy
from nbsweep.notebook.views import PROTOCOL
from nbsweep.sweeps import Sweep

__all__ = ["HERE", "REQUESTS", "TARGET", "Link", "announce", "request"]

TARGET = "nbsweep.link"
HERE = "nbsweep.here"
LIST_EVERY_S = 0.5
GONE_AFTER_S = 900.0  # a page that was not heard for so long is closed; one that slept opens its comm again

Request = Callable[[Mapping[str, Any]], Any]

REQUESTS: dict[str, Request] = {}
"""What pages may ask for by name: content in, an answer that JSON can carry out. An NbsweepError is told in words."""


def request(name: str) -> Callable[[Request], Request]:
    """Make a function the answer to a request of pages."""

    def keep(answer: Request) -> Request:
        REQUESTS[name] = answer
        return answer

    return keep


def _sweep(content: Mapping[str, Any]) -> Sweep:
    return Sweep(str(content.get("sweep")))


@request("pause")
def _pause(content: Mapping[str, Any]) -> None:
    _sweep(content).pause()


@request("resume")
def _resume(content: Mapping[str, Any]) -> str:
    return _sweep(content).resume()


@request("stop")
def _stop(content: Mapping[str, Any]) -> int:
    return _sweep(content).stop(after_current=bool(content.get("after_current")))


@request("cancel")
def _cancel(content: Mapping[str, Any]) -> int:
    return _sweep(content).cancel()


@request("delete")
def _delete(content: Mapping[str, Any]) -> None:
    _sweep(content).delete()


@request("export")
def _export(content: Mapping[str, Any]) -> dict[str, str]:
    """The table of the runs as CSV, for the page to hand out as a file."""
    sweep = _sweep(content)
    return {"name": sweep.name, "text": sweep.to_pandas().to_csv(index=False)}


@request("check")
def _check(content: Mapping[str, Any]) -> Any:
    """What is wrong with the body of a define cell that is being written."""
    from nbsweep.notebook.checking import answer_check

    return answer_check(content)


@request("complete")
def _complete(content: Mapping[str, Any]) -> Any:
    """What the last word of a line of ``%sweep`` may become."""
    from nbsweep.notebook.completing import answer_complete

    return answer_complete(content)


class _LinkedStream(SweepStream):
    """A sweep's dashboard on the page at the other end of a link."""

    def __init__(self, sweep_id: str, link: Link) -> None:
        super().__init__(sweep_id)
        self._asked_as = sweep_id  # an id or a name, as the page called it
        self._link = link
        self._left = False

    def leave(self) -> None:
        """Send no more, from now on."""
        with self._sending:
            self._left = True

    def send(self, content: Any, buffers: Any = None) -> None:
        if not self._left:
            self._link.send({"type": "dashboard", "sweep": self._asked_as, "content": content}, buffers)


class Link:
    """One page: its comm, its dashboards, and what it was told of the sweeps.

    Parameters
    ----------
    comm : comm.base_comm.BaseComm
        Opened by the page.
    overview : Overview
        Shared by all pages of this kernel.
    """

    def __init__(self, comm: Any, overview: Overview) -> None:
        self._comm = comm
        self._overview = overview
        self._told_version = -1
        self._told_trouble: str | None = None
        self._next_list = 0.0
        self._telling = threading.Lock()
        self._greeted = False
        self.streams: dict[str, _LinkedStream] = {}
        self.audience = Audience(main_thread())
        answer_while_busy(comm)
        comm.on_msg(self._heard)
        comm.on_close(lambda _message: _forget(self))

    def send(self, content: Mapping[str, Any], buffers: Any = None) -> None:
        self._comm.send(dict(content), buffers=buffers)

    def hear(self, content: Any) -> None:
        """A page's message; whatever goes wrong with it, the next one is heard."""
        if not isinstance(content, Mapping):
            return
        self.audience.heard()
        answers = {"hello": self._hello, "request": self._request, "dashboard": self._dashboard, "leave": self._leave}
        answer = answers.get(str(content.get("type")))  # a page that is only "here" needs no answer
        if answer is not None:
            answer(content)

    def tell_sweeps(self, *, now: bool = False) -> None:
        """Tell the page of the sweeps if there is news, at most twice a second."""
        with self._telling:
            version = self._overview.version
            if not self._greeted or (version == self._told_version and not now and self._told_trouble is None):
                return
            if not now and (time.monotonic() < self._next_list or not self.audience.wants()):
                return
            self._told_version, self._told_trouble = version, None
            self._next_list = time.monotonic() + max(LIST_EVERY_S, publisher().pace_s)
            self.send({"type": "sweeps", "storage": self._overview.storage, "sweeps": self._overview.sweeps})

    @property
    def listens(self) -> bool:
        """Whether it is time to look what the page could be told of the sweeps."""
        return self.audience.silent_s < SILENT_AFTER_S and time.monotonic() >= self._next_list

    def tell_trouble(self, text: str) -> None:
        """Say once that the store cannot be read."""
        with self._telling:
            if self._greeted and text != self._told_trouble:
                self._told_trouble = text
                self.send({"type": "trouble", "text": text})

    def close(self) -> None:
        """The page has gone, or is taken to have."""
        for sweep_id in tuple(self.streams):
            self._leave({"sweep": sweep_id})
        with contextlib.suppress(Exception):
            self._comm.close()

    # -- private -------------------------------------------------------------------------------------------------

    def _heard(self, message: Mapping[str, Any]) -> None:
        self.hear(message.get("content", {}).get("data"))

    def _hello(self, content: Mapping[str, Any]) -> None:
        if content.get("protocol") != PROTOCOL:
            self.send({"type": "other-protocol", "protocol": PROTOCOL, "version": nbsweep.__version__})
            return
        self._greeted = True
        try:
            self._overview.look()
        except NbsweepError as error:
            self.tell_trouble(str(error))
            return  # what is in a store that cannot be read nobody knows
        self.tell_sweeps(now=True)

    def _request(self, content: Mapping[str, Any]) -> None:
        reply: dict[str, Any] = {"type": "reply", "id": content.get("id")}
        name, asked = str(content.get("name")), content.get("content") or {}
        try:
            if name not in REQUESTS:
                raise UsageError(f"this kernel's nbsweep {nbsweep.__version__} knows no request {name!r}")
            reply["content"] = REQUESTS[name](asked)
        except NbsweepError as error:
            reply["error"] = str(error)
        except Exception as error:  # a page waits for an answer
            logging.getLogger(__name__).exception("request %r could not be answered", name)
            reply["error"] = f"{type(error).__name__}: {error}"
        self.send(reply)

    def _dashboard(self, content: Mapping[str, Any]) -> None:
        sweep_id, said = str(content.get("sweep")), content.get("content")
        try:
            stream = self.streams.get(sweep_id)
            if stream is None:
                if not isinstance(said, Mapping) or said.get("type") != "hello":
                    return  # the last words of a dashboard that has left
                stream = self.streams[sweep_id] = _LinkedStream(sweep_id, self)
                publisher().add(stream)
            stream.hear(said)
        except NbsweepError as error:  # there is no such sweep any more
            session = said.get("session") if isinstance(said, Mapping) else None
            notice = {"type": "notice", "to": session, "level": "error", "text": str(error)}
            self.send({"type": "dashboard", "sweep": sweep_id, "content": notice})

    def _leave(self, content: Mapping[str, Any]) -> None:
        stream = self.streams.pop(str(content.get("sweep")), None)
        if stream is not None:
            publisher().remove(stream)
            stream.leave()


_links: list[Link] = []
_overview = Overview()
_here: list[Any] = []
_changing = threading.Lock()


def announce() -> None:
    """Let pages link to this kernel and tell those that are there. Does nothing outside a kernel, and in Colab."""
    if _here or in_colab() or not hasattr(get_ipython(), "kernel"):
        return
    try:
        import comm as comms
    except ImportError:  # ipykernel before 6.18 has comms of its own, and no JupyterLab 4 beside it
        return
    manager = comms.get_comm_manager()
    from nbsweep.notebook import lab_requests  # noqa: F401  it registers requests, for which it needs this module

    manager.register_target(TARGET, _opened)
    here = comms.create_comm(target_name=HERE, data={"protocol": PROTOCOL, "version": nbsweep.__version__})

    # Where no page knows the target each closes it, but it must stay to be found, and be known to the next that does.
    def stay(_message: Any) -> None:
        manager.register_comm(here)

    here.on_close(stay)
    _here.append(here)


def _opened(comm: Any, message: Mapping[str, Any]) -> None:
    link = Link(comm, _overview)
    with _changing:
        _links.append(link)
        if len(_links) == 1:
            publisher().attend(_turn)
    link.hear(message.get("content", {}).get("data"))


def _forget(link: Link) -> None:
    with _changing:
        if link not in _links:
            return
        _links.remove(link)
        if not _links:
            publisher().forget(_turn)
    link.close()


def _turn() -> None:
    """On the publisher's thread: tell every page what is new, and part from those that have gone."""
    for link in tuple(_links):
        if link.audience.silent_s > GONE_AFTER_S:
            _forget(link)
    if not any(link.listens for link in tuple(_links)):
        return
    try:
        _overview.look()
    except NbsweepError as error:  # the store may be away for a while
        for link in tuple(_links):
            link.tell_trouble(str(error))
        return
    if _overview.sweeps:
        publisher().listen()
    for link in tuple(_links):
        with contextlib.suppress(NbsweepError):
            link.tell_sweeps()
