#!/usr/bin/env python3
"""Writes `images/`: encoded patterns as Pillow writes them, beside the pixels that Pillow reads of them (`NAME.png`),
and verification sets as Python 3 pickles them in protocols 0 to 2.

    pip install pillow==13.0.0 && python crates/data/tests/images.py
"""

import io
import pathlib
import pickle
import struct
import zlib

from PIL import Image, ImageDraw, ImageOps

SIDE = 32
HERE = pathlib.Path(__file__).parent / "images"


def pattern() -> Image.Image:
    """Nothing in it is symmetric, so that no turn goes unseen."""
    image = Image.new("RGB", (SIDE, SIDE))
    for y in range(SIDE):
        for x in range(SIDE):
            image.putpixel((x, y), (40 + 5 * x, 60 + 4 * y, 200 - 3 * x - 2 * y))
    draw = ImageDraw.Draw(image)
    draw.ellipse((4, 6, 18, 24), fill=(220, 160, 120))
    draw.rectangle((22, 2, 30, 8), fill=(20, 40, 160))
    return image


def encoded(image: Image.Image, form: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, format=form, **options)
    return file.getvalue()


def adobe(jpeg: bytes) -> tuple[int, int]:
    """Where Adobe's segment, which says how colours are meant, begins and ends."""
    begin = jpeg.find(b"\xff\xee")
    return begin, begin + 2 + struct.unpack(">H", jpeg[begin + 2 : begin + 4])[0]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png16(image: Image.Image) -> bytes:
    """16 bits a channel, which Pillow does not write."""
    rows = b"".join(
        b"\0" + b"".join(struct.pack(">HHH", *(257 * v for v in image.getpixel((x, y)))) for x in range(SIDE))
        for y in range(SIDE)
    )
    head = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def files() -> dict[str, bytes]:
    image = pattern()
    jpeg = {"form": "JPEG", "quality": 95}
    cmyk = encoded(image.convert("CMYK"), **jpeg)
    begin, end = adobe(cmyk)
    transparent = image.convert("RGBA")
    transparent.putalpha(Image.linear_gradient("L").resize((SIDE, SIDE)))
    found = {
        "progressive.jpg": encoded(image, progressive=True, **jpeg),
        "grey.jpg": encoded(image.convert("L"), **jpeg),
        "cmyk.jpg": cmyk,
        "cmyk-unmarked.jpg": cmyk[:begin] + cmyk[end:],
        "ycck.jpg": cmyk[: end - 1] + b"\x02" + cmyk[end:],
        "rgb16.png": png16(image),
        "palette.png": encoded(image.quantize(16), "PNG", transparency=3),
        "grey-alpha.png": encoded(image.convert("LA"), "PNG"),
        "rgb-alpha.png": encoded(transparent, "PNG"),
        "bits.png": encoded(image.convert("1"), "PNG"),
    }
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[274] = orientation
        found[f"exif-{orientation}.jpg"] = encoded(image, exif=exif, **jpeg)
    exif = Image.Exif()
    exif[274] = 6
    return found | {"exif-6.png": encoded(image, "PNG", exif=exif)}


def main() -> None:
    HERE.mkdir(exist_ok=True)
    for name, content in files().items():
        (HERE / name).write_bytes(content)
        read = ImageOps.exif_transpose(Image.open(io.BytesIO(content))).convert("RGB")
        (HERE / f"{name}.png").write_bytes(encoded(read, "PNG", optimize=True))
    images = [encoded(pattern().rotate(90 * turn), "PNG") for turn in range(4)]
    for protocol in range(3):
        (HERE / f"protocol-{protocol}.bin").write_bytes(pickle.dumps((images, [True, False]), protocol))


if __name__ == "__main__":
    main()
