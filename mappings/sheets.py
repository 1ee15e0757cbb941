"""Reading one mapping file into its rows, and finding all that is wrong with it, by line and column."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from mappings.rows import Row

AnyRow = TypeVar("AnyRow", bound=Row)
NumberedLine = tuple[int, list[str]]


@dataclass(frozen=True)
class Reading(Generic[AnyRow]):
    """What a file holds. Where there is a problem, the rows are not to be used."""

    rows: tuple[AnyRow, ...] = ()
    problems: Sequence[str] = ()
    digest: str = ""


@dataclass(frozen=True)
class Sheet(Generic[AnyRow]):
    """One mapping file: its name, the shape of its rows, and the columns in which no value stands twice."""

    file: str
    row: type[AnyRow]
    unique: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the file, in the order in which it is written; they are read in any order."""
        return tuple(self.row.model_fields)

    def read(self, folder: Path) -> Reading[AnyRow]:
        """The rows of the file in `folder`, or every problem it has, with file, line and column."""
        try:
            content = (folder / self.file).read_bytes()
            lines = list(_lines(content.decode("utf-8-sig")))
        except OSError as error:
            return Reading(problems=[f"{folder / self.file} cannot be read ({error.strerror})"])
        except UnicodeDecodeError as error:
            line = error.object.count(b"\n", 0, error.start) + 1
            return Reading(problems=[f"{self.file}, line {line}: is not UTF-8"])
        except csv.Error as error:
            return Reading(problems=[f"{self.file}, {error}"])
        header = lines[0][1] if lines else []
        problems = list(self._header_problems(header))
        if problems:
            return Reading(problems=problems)
        rows, problems = self._rows(header, lines[1:])
        return Reading(rows, problems, hashlib.sha256(content).hexdigest())

    def write(self, folder: Path, rows: Iterable[AnyRow]) -> None:
        """Write the file that reads as these rows, in UTF-8, with the line ends of RFC 4180."""
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, self.columns)
        writer.writeheader()
        writer.writerows(row.model_dump() for row in rows)
        (folder / self.file).write_bytes(text.getvalue().encode())

    def _header_problems(self, header: list[str]) -> Iterator[str]:
        for column in self.columns:
            if column not in header:
                yield f"{self.file}, line 1, column {column}: is missing"
        for place, column in enumerate(header):
            if column not in self.columns:
                yield f"{self.file}, line 1, column {column or place + 1}: is not a column of this file"
            elif column in header[:place]:
                yield f"{self.file}, line 1, column {column}: stands twice"

    def _rows(self, header: list[str], lines: Sequence[NumberedLine]) -> tuple[tuple[AnyRow, ...], list[str]]:
        rows: list[AnyRow] = []
        problems: list[str] = []
        first_seen: dict[tuple[str, str], int] = {}
        for line, cells in lines:
            where = f"{self.file}, line {line}, column"
            if len(cells) != len(header):
                column = header[min(len(cells), len(header) - 1)]
                problems.append(f"{where} {column}: there are {len(cells)} cells for {len(header)} columns")
                continue
            named = dict(zip(header, cells, strict=True))
            try:
                rows.append(self.row.model_validate(named))
            except ValidationError as error:
                problems += [
                    f"{where} {wrong['loc'][0]}: {wrong['msg']} (found {wrong['input']!r})" for wrong in error.errors()
                ]
            for column in self.unique:
                before = first_seen.setdefault((column, named[column]), line)
                if before != line and named[column]:
                    problems.append(f"{where} {column}: {named[column]} stands on line {before} already")
        return tuple(rows), problems


def _lines(text: str) -> Iterator[NumberedLine]:
    """Each row that is not blank, with the line it begins on, since a quoted cell may span several."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        raise csv.Error(f"line {begins}: is not CSV ({error})") from error
