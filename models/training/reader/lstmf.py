"""Writes Tesseract's training pages (.lstmf): a list of line pictures with their texts.

The format is that of DocumentData::SaveDocument in Tesseract 5 (little endian): a count, then per page a flag byte,
file name, page number, PNG bytes, language, text, boxes, texts of boxes, and a flag for vertical text.
"""
import pathlib
import struct

import cv2
import numpy



def _string(text):
    data = text.encode()
    return struct.pack("<I", len(data)) + data


def _page(picture, text, number):
    png = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
    height, width = picture.shape
    box = struct.pack("<hhhh", 0, 0, width, height)
    return b"".join([b"\x01", _string(""), struct.pack("<i", number), struct.pack("<I", len(png)), png, _string(""),
                     _string(text), struct.pack("<I", 1), box, struct.pack("<I", 1), _string(text), b"\x00"])


def write(path, lines):
    """lines: (picture, text) pairs; all in one document."""
    pages = [_page(picture, text, number) for number, (picture, text) in enumerate(lines)]
    with open(path, "wb") as stream:
        stream.write(struct.pack("<I", len(pages)))
        stream.writelines(pages)


def read(path):
    """The (picture, text) pairs of a document that write() made."""
    data = pathlib.Path(path).read_bytes()
    count, place = struct.unpack_from("<I", data)[0], 4

    def block():
        nonlocal place
        size = struct.unpack_from("<I", data, place)[0]
        place += 4 + size
        return data[place - size:place]

    lines = []
    for _ in range(count):
        place += 1
        block()  # file name
        place += 4
        png = numpy.frombuffer(block(), numpy.uint8)
        block()  # language
        text = block().decode()
        place += 4 + 8 + 4
        block()  # text of the box
        place += 1
        lines.append((cv2.imdecode(png, cv2.IMREAD_GRAYSCALE), text))
    return lines
