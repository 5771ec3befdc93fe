"""Type faces of drawn plates: masks of single characters from Debian's free fonts.

No font of a plate maker is used. The faces named here come in groups that resemble those of plates (road sign
faces, DIN, condensed grotesques, typewriter-like). A face that is not installed is left out; at least one of
each group must be there.
"""
import functools
import pathlib

import cv2
import numpy
from PIL import Image, ImageDraw, ImageFont

FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts")
MASK_HEIGHT_PX = 96  # cap height of a cached mask

GROUPS = {
    "din": ["OSP-DIN.ttf", "RG2014D.ttf", "RG2014C.ttf", "Roboto-Bold.ttf", "ClearSans-Bold.ttf",
            "LiberationSans-Bold.ttf", "Oxygen-Sans-Bold.ttf", "Play-Bold.ttf"],
    "fe": ["RG2014D.ttf", "DejaVuSansMono-Bold.ttf", "JetBrainsMono-ExtraBold.ttf", "B612Mono-Bold.otf",
           "OSP-DIN.ttf", "LiberationMono-Bold.ttf", "NotoSansMono-Bold.ttf"],
    "condensed": ["RG2014B.ttf", "RG2014C.ttf", "LiberationSansNarrow-Bold.ttf", "RobotoCondensed-Bold.ttf",
                  "DejaVuSansCondensed-Bold.ttf", "RobotoCondensed-Medium.ttf", "Dosis-Bold.otf"],
    "rounded": ["Dosis-ExtraBold.otf", "Dosis-Bold.otf", "Dosis-SemiBold.otf", "Play-Bold.ttf",
                "routed-gothic-narrow.ttf", "routed-gothic.ttf", "B612-Bold.otf", "millimetreA Bold 01.otf"],
    "grotesque": ["LiberationSans-Bold.ttf", "FreeSansBold.ttf", "DejaVuSans-Bold.ttf", "Roboto-Bold.ttf",
                  "Cabin-Bold.otf", "Manrope-Bold.ttf", "OpenSans-Bold.ttf", "Lato-Bold.ttf", "Karla-Bold.otf",
                  "RG2014E.ttf", "RG2014EM.ttf", "ClearSans-Bold.ttf"],
    "mono": ["DejaVuSansMono-Bold.ttf", "LiberationMono-Bold.ttf", "JetBrainsMono-Bold.ttf",
             "NotoSansMono-Bold.ttf", "Inconsolata.otf", "FreeMonoBold.ttf", "B612Mono-Bold.otf"],
    "caption": ["LiberationSans-Regular.ttf", "LiberationSerif-Italic.ttf", "DejaVuSans-Bold.ttf",
                "LiberationSans-BoldItalic.ttf", "Lato-Bold.ttf", "DejaVuSerif-Bold.ttf", "RG2014C.ttf"],
    "ideograph": ["wqy-zenhei.ttc"],
}


class MissingFonts(RuntimeError):
    """A whole group of faces is not installed."""


@functools.lru_cache(maxsize=None)
def _installed():
    found = {}
    for folder in FONT_FOLDERS:
        for path in sorted(pathlib.Path(folder).rglob("*")):
            if path.suffix.lower() in (".ttf", ".otf", ".ttc"):
                found.setdefault(path.name, str(path))
    return found


@functools.lru_cache(maxsize=None)
def faces(group):
    """Paths of the installed faces of a group, in a fixed order."""
    paths = [_installed()[name] for name in GROUPS[group] if name in _installed()]
    if not paths:
        raise MissingFonts(f"no face of the group '{group}' is installed; apt-get install the fonts- packages "
                           "that models/training/renderer/README.md names")
    return paths


@functools.lru_cache(maxsize=None)
def _font(path, cap_height_px):
    probe = ImageFont.truetype(path, 200)
    box = probe.getbbox("H")
    return ImageFont.truetype(path, max(6, round(200 * cap_height_px / max(1, box[3] - box[1]))))


@functools.lru_cache(maxsize=4096)
def glyph(path, character):
    """Mask (uint8, 255 = ink) of one character, cut to its ink in width and to the cap height in height."""
    font = _font(path, MASK_HEIGHT_PX)
    reference = font.getbbox("品" if ord(character) > 0x2E80 else "H")
    left, _, right, _ = font.getbbox(character)
    picture = Image.new("L", (max(8, right - left), max(8, reference[3] - reference[1])), 0)
    ImageDraw.Draw(picture).text((-left, -reference[1]), character, font=font, fill=255)
    return numpy.asarray(picture)


def caption_mask(path, text, height_px):
    """Mask of a small line of text, about height_px high."""
    font = _font(path, height_px)
    left, top, right, bottom = font.getbbox(text)
    picture = Image.new("L", (max(4, right - left), max(4, bottom - top)), 0)
    ImageDraw.Draw(picture).text((-left, -top), text, font=font, fill=255)
    return numpy.asarray(picture)


def scaled(mask, width_px, height_px):
    """The mask at another size, for cells of any stretch."""
    size = (max(2, int(round(width_px))), max(2, int(round(height_px))))
    return cv2.resize(mask, size, interpolation=cv2.INTER_AREA)


def blend(picture, mask, left, top, colour):
    """Paints colour through the mask into an RGB picture; what lies outside is cut off."""
    height, width = mask.shape
    x0, y0 = max(0, int(left)), max(0, int(top))
    x1, y1 = min(picture.shape[1], int(left) + width), min(picture.shape[0], int(top) + height)
    if x0 >= x1 or y0 >= y1:
        return
    part = mask[y0 - int(top):y1 - int(top), x0 - int(left):x1 - int(left), None].astype(numpy.float32) / 255.0
    area = picture[y0:y1, x0:x1].astype(numpy.float32)
    picture[y0:y1, x0:x1] = (area * (1 - part) + numpy.float32(colour) * part).astype(numpy.uint8)
