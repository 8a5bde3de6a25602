"""Real files of every kind, small ones, that mutants are made of."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import struct
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QColor, QImage

from rbm_studio.app.drawing import Drawing
from rbm_studio.app.drawings import Kept
from rbm_studio.app.drawings_file import kept_as_json
from rbm_studio.app.images import grey_image
from rbm_studio.app.state import Settings
from rbm_studio.core.metrics import EpochRecord
from rbm_studio.core.parameters import uniform_parameters
from rbm_studio.core.settings import TrainingSettings
from rbm_studio.core.training import Training
from rbm_studio.data.handwriting import Stroke
from rbm_studio.storage.experiment_file import (
    DatasetIdentity,
    SavedExperiment,
    SavedMoment,
    SavedRun,
    save_experiment,
)
from rbm_studio.storage.model_file import SavedModel, model_bytes
from rbm_studio.storage.provenance import Provenance, TrainingData

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CANARY = "RBM_STUDIO_FUZZ_CANARY"
"""The environment variable that names the file which a pickle leaves behind when it is executed."""

_SIDE = 4
_CODES = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}


class Canary:
    """Leaves a file behind when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[[], None], tuple[()]]:
        return sing, ()


def sing() -> None:
    """Leave the file behind."""
    Path(os.environ[CANARY]).touch()


def _images(count: int = 12, side: int = _SIDE) -> NDArray[np.uint8]:
    return np.random.default_rng(count).integers(0, 256, (count, side, side)).astype(np.uint8)


def _idx(array: NDArray[Any]) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, _CODES[array.dtype.str[1:]], array.ndim, *array.shape)
    return header + array.astype(array.dtype.newbyteorder(">")).tobytes()


@cache
def idx() -> tuple[bytes, ...]:
    images = _images()
    return (
        _idx(images),
        _idx(np.arange(12, dtype=np.uint8)),
        _idx((images / np.float32(255)).astype(np.float32)),
        _idx(images.astype(np.int32)[:3, None]),
        _idx(_images(2, 28)),
    )


@cache
def gzipped() -> tuple[bytes, ...]:
    return tuple(gzip.compress(data, level, mtime=0) for data in (*idx(), bytes(9000)) for level in (1, 9))


def _npy(array: NDArray[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


@cache
def npy() -> tuple[bytes, ...]:
    images = _images()
    return (
        _npy(images),
        _npy(np.asfortranarray(images)),
        _npy(images.reshape(12, -1) / 255),
        _npy(images > 99),
        _npy(np.arange(12)),
        _npy(np.array([Canary(), 1], dtype=object), allow_pickle=True),
    )


@cache
def npz() -> tuple[bytes, ...]:
    images, labels = _images(), np.arange(12)
    contents: tuple[dict[str, Any], ...] = (
        {"images": images, "labels": labels},
        {"x_train": images, "y_train": labels, "x_test": images[:3], "y_test": labels[:3]},
        {"anything": images / 255},
        {"images": np.array([Canary()], dtype=object)},
    )
    made = []
    for save in (np.savez, np.savez_compressed):
        for arrays in contents:
            stream = io.BytesIO()
            save(stream, **arrays)
            made.append(stream.getvalue())
    return tuple(made)


@cache
def csv() -> tuple[bytes, ...]:
    rng = np.random.default_rng(0)
    table = np.hstack([rng.integers(0, 256, (30, 784)), np.arange(30)[:, None] // 15])
    text = "".join(",".join(map(str, row)) + "\n" for row in table).encode()
    return tuple(
        gzip.compress(each, 1, mtime=0) for each in (text, text.replace(b"\n", b"\r\n"), text[: len(text) // 2])
    )


@cache
def _saved_models() -> tuple[SavedModel, ...]:
    rng = np.random.default_rng(0)
    settings = TrainingSettings(batch_size=4, epochs=2, gradient="pcd", centred=True)
    data = _images(8).reshape(8, -1)
    training = Training(uniform_parameters(_SIDE * _SIDE, 3, rng), data, settings)
    for _ in range(3):
        training.step()
    history = (EpochRecord(1.0, 0.5, None), EpochRecord(2.0, -0.25, 0.75))
    about = TrainingData(8, "Über.npz", 2, (_SIDE, _SIDE), "0" * 64, "f" * 64, "binary", "grey", 0.5, "~/Über.npz")
    provenance = Provenance(about, "0.1.0", 2, "NumPy 2.4.1, OpenBLAS 0.3.31 Haswell")
    whole = SavedModel(training.snapshot(), settings, history, (_SIDE, _SIDE), training.state, provenance)
    labelled = uniform_parameters(_SIDE * _SIDE, 3, rng, 2)
    return whole, SavedModel(whole.parameters), SavedModel(labelled, TrainingSettings(), (), (_SIDE, _SIDE))


@cache
def safetensors() -> tuple[bytes, ...]:
    return tuple(map(model_bytes, _saved_models()))


def drawn() -> list[dict[str, Any]]:
    """Return drawings as JSON holds them."""
    rng = np.random.default_rng(0)
    line = Stroke(rng.random((5, 2)).astype(np.float32), rng.random(5).astype(np.float32))
    eraser = Stroke(rng.random((3, 2)).astype(np.float32), erases=True)
    drawings = Drawing((line, eraser)), Drawing(picture=grey_image(_images(1, 9)[0]), is_imported=True)
    return [kept_as_json(Kept(drawing)) for drawing in drawings]


@cache
def drawings() -> tuple[bytes, ...]:
    content = {"format": "RBM Studio drawings", "version": 1}
    return tuple(json.dumps({**content, "drawings": kept}).encode() for kept in (drawn(), []))


def experiments_saved() -> tuple[SavedExperiment, ...]:
    """Return experiments as they come before they are written."""
    whole, _, labelled = _saved_models()
    training = whole.settings.as_dict() if whole.settings is not None else {}
    own = vars(Settings()) | {"hidden_num": 3, "image_shape": [_SIDE, _SIDE], "training": training}
    facts = {"id": "a", "saved": "2026-01-01T00:00:00+00:00", "notes": "Über\nall", "settings": own,
             "selection": {"units": [0, 2], "pixel": 3}, "present_run": 1, "is_new": False}  # fmt: skip
    about = {"name": "Run 1", "dataset": "x", "began": "2026-01-01T00:00:00+00:00", "seconds": 1.5, "epochs": 2.0,
             "settings": own}  # fmt: skip
    of = {"dataset": "x", "digest": "0" * 64, "train_num": 200, "test_num": 20, "image_shape": [_SIDE, _SIDE],
          "threshold": 0.5, "batch_size": 0}  # fmt: skip
    measures = [{**of, "from": 0, "binarisation": "grey"}, {**of, "from": 1, "binarisation": "threshold"}]
    curves = {"live": np.array([[0.5, 1.0, np.nan, np.nan], [1.0, 0.5, 0.6, 0.4]])}
    plain = SavedModel(whole.parameters, whole.settings, (), whole.image_shape)
    full = SavedExperiment(
        facts,
        whole,
        DatasetIdentity("x", "0" * 64, 200, 20, (_SIDE, _SIDE)),
        (SavedMoment(0.0, plain), SavedMoment(1.5, whole, EpochRecord(1.0, 0.5, None))),
        (
            SavedRun({**about, "id": "r1", "measures": {"live": measures}}, curves, plain),
            SavedRun({**about, "id": "r2"}, curves),
        ),
        {"canvas": drawn()[0], "kept": drawn()},
    )
    facts = {**facts, "present_run": None, "selection": {"units": [], "pixel": -1}}
    nothing: dict[str, Any] = {"canvas": None, "kept": []}
    return full, SavedExperiment(facts, drawings=nothing), SavedExperiment(facts, labelled, drawings=nothing)


@cache
def experiments() -> tuple[bytes, ...]:
    made = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "seed.rbmx")
        for experiment in experiments_saved():
            save_experiment(path, experiment)
            made.append(path.read_bytes())
    return tuple(made)


@cache
def pictures() -> tuple[bytes, ...]:
    image = grey_image(_images(1, 20)[0])
    coloured = QImage(9, 14, QImage.Format.Format_ARGB32)
    coloured.fill(QColor(200, 30, 30, 128))
    made = [_written(each, kind) for kind in ("png", "bmp", "jpg", "tiff", "webp") for each in (image, coloured)]
    return (*made, _GIF)


_GIF = bytes.fromhex(
    "47494638396104000400800000000000ffffff21f90400000000002c00000000040004000002058c8fa9cb5100 3b".replace(" ", "")
)


def _written(image: QImage, kind: str) -> bytes:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, kind):  # type: ignore[call-overload]
        raise RuntimeError(f"Qt cannot write {kind}")
    return bytes(buffer.data().data())


@cache
def pickles() -> tuple[bytes, ...]:
    return tuple(pickle.dumps({"w": Canary()}, protocol) for protocol in (0, 2, 4))
