"""The data, and its split: the same rows for everyone."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).parent / "data" / "breast_cancer.csv"
LABELS = ("malignant", "benign")
_HELD_OUT_SHARE = 0.2


@dataclass(frozen=True)
class Rows:
    """Rows of the data set, their cells as text: the label first, then the features.

    Attributes:
        names: the columns', in the same order.
    """

    names: list[str]
    cells: list[list[str]]

    @property
    def labels(self) -> list[int]:
        """Each row's label: an index of LABELS."""
        return [int(row[0]) for row in self.cells]

    def labelled_csv(self) -> bytes:
        """CSV with a header, the label first."""
        return _csv([self.names, *self.cells])

    def features_csv(self) -> bytes:
        """CSV without header and label: what an endpoint is asked with."""
        return _csv([row[1:] for row in self.cells])


def load() -> Rows:
    """The whole data set."""
    with FILE.open(newline="") as file:
        names, *cells = csv.reader(file)
    return Rows(names, cells)


def split(rows: Rows, seed: int) -> tuple[Rows, Rows]:
    """Training and held-out rows; both hold the labels in the share that the whole has."""
    chooser = random.Random(seed)  # noqa: S311 - chooses rows, hides nothing
    train: list[list[str]] = []
    held_out: list[list[str]] = []
    for label in sorted(set(rows.labels)):
        of_label = [row for row in rows.cells if int(row[0]) == label]
        chooser.shuffle(of_label)
        count = round(len(of_label) * _HELD_OUT_SHARE)
        held_out += of_label[:count]
        train += of_label[count:]
    chooser.shuffle(train)
    chooser.shuffle(held_out)
    return Rows(rows.names, train), Rows(rows.names, held_out)


def _csv(rows: list[list[str]]) -> bytes:
    return "".join(f"{','.join(row)}\n" for row in rows).encode()
