"""What a desktop knows the program and its files by. Nothing is built here: that would need the network."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from rbm_studio.assets import resource
from rbm_studio.storage.experiment_file import EXPERIMENT_SUFFIX

ROOT = Path(__file__).resolve().parent.parent
MIME_TYPE = "application/x-rbm-studio-experiment"
XMLNS = "{http://www.freedesktop.org/standards/shared-mime-info}"


@pytest.fixture
def project() -> dict[str, Any]:
    path = ROOT / "pyproject.toml"
    if not path.is_file():
        pytest.skip("not a checkout")
    return tomllib.loads(path.read_text())


def entry() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(resource("desktop", "rbm-studio.desktop"), encoding="utf-8")
    return parser["Desktop Entry"]


def test_the_desktop_entry_opens_experiments_with_the_installed_program(project: dict[str, Any]) -> None:
    found = entry()
    assert (found["Type"], found["Name"], found["Terminal"]) == ("Application", "RBM Studio", "false")
    program, field = found["Exec"].split()
    assert program in project["project"]["scripts"]
    assert field == "%f"
    assert found["MimeType"].split(";") == [MIME_TYPE, ""]
    # A name without a suffix is looked for among the installed icons.
    assert found["Icon"] == "rbm-studio"
    for name in ("Categories", "Keywords", "MimeType"):
        assert found[name].endswith(";")


def test_the_mime_type_is_that_of_experiments() -> None:
    (kind,) = ET.parse(resource("desktop", "rbm-studio.xml")).getroot().iter(f"{XMLNS}mime-type")
    assert kind.get("type") == MIME_TYPE
    (glob,) = kind.iter(f"{XMLNS}glob")
    assert glob.get("pattern") == f"*{EXPERIMENT_SUFFIX}"
    assert [each.get("type") for each in kind.iter(f"{XMLNS}sub-class-of")] == ["application/zip"]
    assert kind.findtext(f"{XMLNS}comment")


def test_the_wheel_takes_them_where_a_desktop_looks(project: dict[str, Any]) -> None:
    shared = project["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]
    assert set(shared.values()) == {
        "share/applications/rbm-studio.desktop",
        "share/mime/packages/rbm-studio.xml",
        "share/icons/hicolor/scalable/apps/rbm-studio.svg",
    }
    for source, target in shared.items():
        assert (ROOT / source).is_file()
        assert Path(source).name == Path(target).name


@pytest.mark.skipif(shutil.which("desktop-file-validate") is None, reason="needs desktop-file-validate")
def test_the_desktop_entry_is_valid() -> None:
    path = resource("desktop", "rbm-studio.desktop")
    subprocess.run(["desktop-file-validate", str(path)], check=True, timeout=30)
