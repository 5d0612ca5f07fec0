"""Rows read from the pages of a SQLite file without its help, for files that it gives up on.

Every row of a table lies whole in a leaf page (with overflow pages for what is long), so rows can be found page by page
whatever has become of the header, the schema and the pages between. Which table a row belongs to is told by its shape.
The format: sqlite.org/fileformat2.html, sections 1.6 (pages), 2.1 (records).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from mmap import mmap
from typing import Any, TypeAlias

from sqlalchemy import Column, Float, LargeBinary, String, Table, Text
from sqlalchemy.types import TypeEngine

from nbsweep.store import schema

__all__ = ["looks_like_ours", "page_size_of", "recovered_rows"]

MAGIC = b"SQLite format 3\x00"
_LEAF = 0x0D
_HEADER_BYTES = 100
_DEFAULT_PAGE = 4096
_WORDS = {("history", "kind"): ("row", "key", "peak"), ("console", "stream"): ("stdout", "stderr")}
_JSON = {"config", "summary", "tags", "suggestion"}
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


Data: TypeAlias = bytes | mmap


def page_size_of(data: Data) -> int:
    """The page size that the header names, or SQLite's own choice where the header is of no use."""
    (size,) = struct.unpack(">H", data[16:18]) if len(data) >= 18 else (0,)
    size = 65536 if size == 1 else int(size)
    return size if 512 <= size <= 65536 and size & (size - 1) == 0 else _DEFAULT_PAGE


def looks_like_ours(data: Data) -> bool:
    """Whether a file that SQLite refuses was a database of nbsweep's: it has its rows, or its tables' definitions."""
    named = all(data.find(b"CREATE TABLE " + name) >= 0 for name in (b"history", b"runs"))
    return named or any(True for table in ("sweeps", "runs") for _ in recovered_rows(data, table))


def recovered_rows(data: Data, table: str) -> Iterator[tuple[object, ...]]:
    """Rows of one table, in the order of the schema's columns; a row may come twice, in an earlier state.

    Parameters
    ----------
    data : bytes or mmap
        The whole file.
    table : str
    """
    shape = schema.metadata.tables[table]
    for record in _records(data):
        row = _fitted(record, shape)
        if row is not None:
            yield row


def _records(data: Data) -> Iterator[list[object]]:
    size = page_size_of(data)
    for start in range(0, len(data), size):
        page = data[start : start + size]
        header = _HEADER_BYTES if start == 0 else 0
        if len(page) < header + 8 or page[header] != _LEAF:
            continue
        (cells,) = struct.unpack(">H", page[header + 3 : header + 5])
        for i in range(cells):
            place = header + 8 + 2 * i
            if place + 2 > len(page):
                break
            (offset,) = struct.unpack(">H", page[place : place + 2])
            try:
                yield _record(_payload(data, page, offset, size))
            except (IndexError, ValueError, struct.error):
                continue  # this cell is lost; the next one may not be


def _payload(data: Data, page: bytes, offset: int, size: int) -> bytes:
    length, at = _varint(page, offset)
    _rowid, at = _varint(page, at)
    most, least = size - 35, (size - 12) * 32 // 255 - 23
    if length > len(data):
        raise ValueError("longer than the file")
    if length <= most:
        return _exactly(page[at : at + length], length)
    local = least + (length - least) % (size - 4)
    local = local if local <= most else least
    payload = bytearray(_exactly(page[at : at + local], local))
    (following,) = struct.unpack(">I", page[at + local : at + local + 4])
    while len(payload) < length:
        start = (following - 1) * size
        if following < 1 or start + size > len(data):
            raise ValueError("the chain of overflow pages breaks off")
        (following,) = struct.unpack(">I", data[start : start + 4])
        payload += data[start + 4 : start + size][: length - len(payload)]
    return bytes(payload)


def _record(payload: bytes) -> list[object]:
    end, at = _varint(payload, 0)
    kinds: list[int] = []
    while at < end:
        kind, at = _varint(payload, at)
        kinds.append(kind)
    values: list[object] = []
    at = end
    for kind in kinds:
        value, at = _value(payload, at, kind)
        values.append(value)
    return values


def _value(payload: bytes, at: int, kind: int) -> tuple[object, int]:
    if kind == 0:
        return None, at
    if kind in (8, 9):
        return kind - 8, at
    if kind in _INTEGER_BYTES:
        count = _INTEGER_BYTES[kind]
        return int.from_bytes(_exactly(payload[at : at + count], count), "big", signed=True), at + count
    if kind == 7:
        return struct.unpack(">d", payload[at : at + 8])[0], at + 8
    if kind < 12:
        raise ValueError("a reserved type")
    count = (kind - 12) // 2
    raw = _exactly(payload[at : at + count], count)
    return (raw.decode("utf-8") if kind % 2 else raw), at + count


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for i in range(8):
        byte = data[at + i]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + i + 1
    return value << 8 | data[at + 8], at + 9


def _exactly(part: bytes, count: int) -> bytes:
    if len(part) != count:
        raise ValueError("the page ends before the value does")
    return part


def _fitted(record: list[object], table: Table) -> tuple[object, ...] | None:
    """The record as a row of `table`; None where it is none. Older rows lack the columns that were added since."""
    columns = list(table.columns)
    missing = columns[len(record) :]
    if len(record) > len(columns) or not all(c.nullable or c.server_default is not None for c in missing):
        return None
    row = [_fits(column, value) for column, value in zip(columns, record, strict=False)]
    if any(value is _UNFIT for value in row):
        return None
    return (*row, *(_default(column) for column in missing))


_UNFIT = object()


def _fits(column: Column[Any], value: object) -> object:
    if value is None:
        return None if column.nullable else _UNFIT
    kind = column.type
    if isinstance(kind, (String, Text)):
        return value if isinstance(value, str) and _says_what_it_should(column, value) else _UNFIT
    if isinstance(kind, Float):
        return float(value) if isinstance(value, (int, float)) else _UNFIT
    return value if isinstance(value, _python_type(kind)) else _UNFIT


def _python_type(kind: TypeEngine[Any]) -> type:
    return bytes if isinstance(kind, LargeBinary) else int


def _says_what_it_should(column: Column[Any], value: str) -> bool:
    if column.name in _JSON:
        try:
            json.loads(value)
        except ValueError:
            return False
    words = _WORDS.get((column.table.name, column.name))
    return words is None or value in words


def _default(column: Column[Any]) -> object:
    default: Any = column.server_default
    return None if default is None else int(default.arg)
