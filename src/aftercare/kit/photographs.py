"""Where a photograph was taken, blanked out of a JPEG in place: the file keeps its length, turn and time."""

import struct
from typing import IO

GPS_POINTER = 0x8825
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}


def blank_position(photograph: IO[bytes]) -> bool:
    """Overwrites the GPS block of a JPEG with zeros; True when there was one. A damaged header is left as it is."""
    photograph.seek(2)
    while True:
        head = photograph.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] == 0xDA:
            return False
        length = struct.unpack(">H", head[2:])[0] - 2
        begins = photograph.tell()
        if head[1] == 0xE1:
            segment = bytearray(photograph.read(length))
            if segment[:6] == b"Exif\0\0" and _blank(memoryview(segment)[6:]):
                photograph.seek(begins)
                photograph.write(segment)
                return True
        photograph.seek(begins + length)


def _blank(tiff: memoryview) -> bool:
    order = {b"II": "<", b"MM": ">"}.get(bytes(tiff[:2]))
    if order is None:
        return False
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        for place, tag, _, _ in _entries(tiff, order, first):
            if tag == GPS_POINTER:
                (gps,) = struct.unpack_from(f"{order}I", tiff, place + 8)
                _blank_directory(tiff, order, gps)
                tiff[place : place + 12] = bytes(12)
                return True
    except struct.error:
        return False
    return False


def _entries(tiff: memoryview, order: str, at: int) -> list[tuple[int, int, int, int]]:
    """(place, tag, type, count) of a directory's entries."""
    (count,) = struct.unpack_from(f"{order}H", tiff, at)
    places = [at + 2 + 12 * number for number in range(count)]
    return [(place, *struct.unpack_from(f"{order}HHI", tiff, place)) for place in places]


def _blank_directory(tiff: memoryview, order: str, at: int) -> None:
    entries = _entries(tiff, order, at)
    for place, _, kind, count in entries:
        size = _SIZES.get(kind, 1) * count
        if size > 4:
            (value,) = struct.unpack_from(f"{order}I", tiff, place + 8)
            end = min(value + size, len(tiff))
            tiff[value:end] = bytes(max(0, end - value))
    tiff[at : at + 2 + 12 * len(entries)] = bytes(2 + 12 * len(entries))
