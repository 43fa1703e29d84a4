"""Pictures drawn by ourselves: goods as small vector drawings, evidence photographs as small PNG scenes."""

import base64
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from random import Random

# Each drawing lies on a field of 96 by 96; `{c}` is the colour of the goods, `{d}` a darker one of it.
SHAPES: dict[str, str] = {
    "blender": '<path d="M36 16h24l-4 40H40z" fill="{c}" opacity=".55"/><path d="M38 34h20l-2 22H40z" fill="{c}"/>'
    '<rect x="34" y="58" width="28" height="22" rx="5" fill="{d}"/><circle cx="48" cy="69" r="4" fill="#fff" opacity=".8"/>',
    "pot": '<rect x="22" y="34" width="52" height="40" rx="14" fill="{c}"/><path d="M24 40c4-14 44-14 48 0z" fill="{d}"/>'
    '<rect x="40" y="54" width="16" height="10" rx="3" fill="#fff" opacity=".75"/>',
    "kettle": '<path d="M34 30h24l8 46H28z" fill="{c}"/><path d="M58 36c16 0 16 26 4 28" fill="none" stroke="{d}" stroke-width="6"/>'
    '<path d="M34 34l-10 8 8 6z" fill="{d}"/><rect x="40" y="22" width="12" height="8" rx="3" fill="{d}"/>',
    "tower": '<rect x="32" y="18" width="32" height="62" rx="14" fill="{c}"/><rect x="38" y="50" width="20" height="3" fill="{d}"/>'
    '<rect x="38" y="57" width="20" height="3" fill="{d}"/><circle cx="48" cy="32" r="6" fill="{d}"/>',
    "fan": '<circle cx="48" cy="36" r="22" fill="none" stroke="{d}" stroke-width="4"/><path d="M48 36c-4-16 10-18 8-6s14 4 10 10-14-2-18-4-12 14-16 6 12-8 16-6" fill="{c}"/>'
    '<path d="M46 58h4v18h-4z" fill="{d}"/><rect x="34" y="76" width="28" height="5" rx="2" fill="{d}"/>',
    "vacuum": '<path d="M62 14l8 4-30 54-8-4z" fill="{c}"/><rect x="56" y="14" width="16" height="22" rx="6" fill="{d}"/>'
    '<rect x="20" y="70" width="30" height="9" rx="4" fill="{d}"/>',
    "washer": '<rect x="22" y="16" width="52" height="64" rx="6" fill="{c}"/><circle cx="48" cy="52" r="18" fill="#fff"/>'
    '<circle cx="48" cy="52" r="13" fill="{d}"/><rect x="28" y="22" width="16" height="6" rx="2" fill="#fff" opacity=".7"/>',
    "fridge": '<rect x="28" y="12" width="40" height="72" rx="5" fill="{c}"/><path d="M28 36h40M28 54h40" stroke="#fff" stroke-width="2"/>'
    '<path d="M34 20v10M34 42v8M34 60v12" stroke="{d}" stroke-width="3"/>',
    "dryer": '<circle cx="54" cy="36" r="18" fill="{c}"/><path d="M22 30h24v12H22z" fill="{d}"/><path d="M48 50h12l-4 30H44z" fill="{d}"/>',
    "brush": '<rect x="42" y="34" width="12" height="48" rx="6" fill="{c}"/><rect x="45" y="14" width="6" height="22" fill="{d}"/>'
    '<rect x="41" y="12" width="6" height="14" rx="2" fill="#fff" stroke="{d}"/>',
    "box": '<path d="M20 36l28-14 28 14v32L48 82 20 68z" fill="{c}"/><path d="M20 36l28 14 28-14M48 50v32" fill="none" stroke="{d}" stroke-width="3"/>',
    "sweater": '<path d="M36 22l-18 12 6 38h8V46v34h32V46v26h8l6-38-18-12c-4 8-20 8-24 0z" fill="{c}"/><path d="M32 74h32M38 24c4 6 16 6 20 0" fill="none" stroke="{d}" stroke-width="3"/>',
    "shirt": '<path d="M36 20L18 30l6 16 8-4v38h32V42l8 4 6-16-18-10-12 8z" fill="{c}"/><path d="M48 30v50" stroke="{d}" stroke-width="2"/><path d="M36 20l12 12 12-12" fill="none" stroke="{d}" stroke-width="3"/>',
    "trousers": '<path d="M32 16h32l6 66H54l-6-42-6 42H26z" fill="{c}"/><path d="M32 22h32" stroke="{d}" stroke-width="4"/>',
    "dress": '<path d="M38 14h4l6 8 6-8h4l2 26 14 42H22l14-42z" fill="{c}"/><path d="M36 40h24" stroke="{d}" stroke-width="4"/>',
    "coat": '<path d="M36 18L18 32l4 40h10v10h32V72h10l4-40-18-14c-4 6-20 6-24 0z" fill="{c}"/><path d="M48 24v58M32 44h32M32 58h32" stroke="{d}" stroke-width="3"/>',
    "socks": '<path d="M30 16h14v36l-8 22c-4 10-20 6-16-4l10-22z" fill="{c}"/><path d="M54 16h14v36l-8 22c-4 10-20 6-16-4l10-22z" fill="{d}" opacity=".8"/>',
    "scarf": '<path d="M30 20c16 10 20 10 36 0v14c-8 6-12 6-14 6l8 40H46l-6-40c-4 0-8-2-10-6z" fill="{c}"/><path d="M46 72h14M45 64h13" stroke="{d}" stroke-width="3"/>',
    "fruit": '<circle cx="38" cy="56" r="20" fill="{c}"/><circle cx="60" cy="60" r="16" fill="{d}"/><path d="M38 36c0-10 6-14 12-16" fill="none" stroke="#5b4630" stroke-width="3"/><path d="M44 28c8-8 18-4 18-4-4 8-12 8-18 4z" fill="#6a9a4b"/>',
    "mushroom": '<path d="M18 46c4-32 56-32 60 0z" fill="{c}"/><path d="M40 46h16l4 34H36z" fill="#efe4cf"/><path d="M26 46h44" stroke="{d}" stroke-width="4"/>',
    "pouch": '<path d="M28 18h40l4 62H24z" fill="{c}"/><path d="M28 26h40" stroke="{d}" stroke-width="4"/><rect x="34" y="42" width="28" height="20" rx="3" fill="#fff" opacity=".8"/>',
    "tin": '<ellipse cx="48" cy="50" rx="32" ry="28" fill="{c}"/><ellipse cx="48" cy="50" rx="22" ry="19" fill="none" stroke="{d}" stroke-width="3"/><ellipse cx="48" cy="50" rx="7" ry="6" fill="{d}"/>',
    "jar": '<rect x="28" y="28" width="40" height="52" rx="10" fill="{c}"/><rect x="32" y="16" width="32" height="12" rx="3" fill="{d}"/><rect x="34" y="46" width="28" height="18" fill="#fff" opacity=".8"/>',
    "gift": '<rect x="20" y="34" width="56" height="46" rx="4" fill="{c}"/><path d="M48 34v46M20 50h56" stroke="#e9c46a" stroke-width="7"/><path d="M48 34c-18-2-18-20-6-16 6 2 6 10 6 16 0-6 0-14 6-16 12-4 12 14-6 16z" fill="#e9c46a"/>',
}


def _darker(colour: str) -> str:
    parts = [int(colour[at : at + 2], 16) * 7 // 10 for at in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)


@cache
def drawing(shape: str, colour: str) -> str:
    """An address (`data:`) of the drawing, some 700 bytes."""
    inside = SHAPES[shape].replace("{c}", colour).replace("{d}", _darker(colour))
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><rect width="96" height="96" fill="#f3eee3"/>'
        f"{inside}</svg>"
    )
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


WIDE, HIGH = 480, 360


@cache
def photograph(kind: str, number: int) -> bytes:
    """A PNG of a parcel on a table, with what there is to see: crack, stain, dent, empty, label or voucher."""
    dice = Random(f"{kind} {number}")
    return _png(list(_rows(kind, dice)))


def _rows(kind: str, dice: Random) -> Iterator[bytes]:
    table = (dice.randint(150, 190), dice.randint(120, 145), dice.randint(90, 115))
    card = (dice.randint(185, 215), dice.randint(150, 170), dice.randint(105, 130))
    left, top = dice.randint(70, 120), dice.randint(50, 90)
    right, bottom = WIDE - dice.randint(70, 120), HIGH - dice.randint(40, 70)
    spot_x, spot_y = dice.randint(left + 60, right - 60), dice.randint(top + 50, bottom - 50)
    for y in range(HIGH):
        row = bytearray(bytes(table) * WIDE)
        shade = 18 - y * 30 // HIGH
        for channel in range(3):
            row[channel::3] = bytes([max(0, min(255, table[channel] + shade))]) * WIDE
        if top <= y < bottom:
            colour = tuple(max(0, value - (y - top) // 12) for value in card)
            row[left * 3 : right * 3] = bytes(colour) * (right - left)
            if kind != "empty":
                tape = (left + right) // 2
                row[(tape - 12) * 3 : (tape + 12) * 3] = bytes((214, 196, 150)) * 24
            _mark(row, kind, y, (left, top, right, bottom), (spot_x, spot_y), dice)
        yield bytes(row)


def _mark(
    row: bytearray, kind: str, y: int, box: tuple[int, int, int, int], spot: tuple[int, int], dice: Random
) -> None:
    left, top, right, bottom = box
    x, middle = spot
    if kind == "crack":
        at = x + (y * 7 % 23) - (y - middle) // 2
        if left + 4 < at < right - 8:
            row[at * 3 : (at + 4) * 3] = bytes((48, 38, 32)) * 4
    elif kind == "stain":
        half = 40 * 40 - (y - middle) ** 2
        if half > 0:
            width = int(half**0.5) + dice.randint(0, 4)
            begin, end = max(left, x - width), min(right, x + width)
            row[begin * 3 : end * 3] = bytes((112, 84, 60)) * (end - begin)
    elif kind == "dent":
        if top <= y < top + 70:
            width = 70 - (y - top)
            row[(right - width) * 3 : right * 3] = bytes((120, 92, 66)) * width
    elif kind == "empty":
        if top + 30 <= y < bottom - 30:
            row[(left + 40) * 3 : (right - 40) * 3] = bytes((96, 74, 52)) * (right - left - 80)
    elif kind in ("label", "voucher") and middle - 40 <= y < middle + 40:
        begin = max(left + 10, x - 70)
        ink = (30, 30, 34) if kind == "label" and (y // 3) % 4 else (250, 249, 244)
        for at in range(begin, min(right - 10, begin + 140)):
            on = ink if (at * 31 % 7) < 3 and (y - middle) % 20 < 11 else (250, 249, 244)
            row[at * 3 : at * 3 + 3] = bytes(on)


def _png(rows: list[bytes]) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", WIDE, HIGH, 8, 2, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\x00" + row for row in rows), 6)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
