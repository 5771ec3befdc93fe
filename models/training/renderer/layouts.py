"""Plate layouts: what a jurisdiction's plates look like, as data.

A pattern is written with: L letter, D digit, X letter or digit, other capitals in quotes stand for themselves,
' ' gap, '-' dash, '.' dot, '*' emblem or seal, '/' next row, '^' ideograph, '|' two small letters one above the other (both
drawn, never read).
Texts are invented by chance; patterns are what the jurisdiction prints.
"""
import dataclasses

WHITE, CREAM, GREY = (236, 238, 240), (232, 228, 210), (170, 174, 178)
BLACK, NIGHT_BLUE, RED, GREEN = (22, 22, 26), (24, 34, 92), (176, 32, 40), (20, 90, 50)
YELLOW, AMBER, BLUE, DARK = (244, 204, 40), (232, 168, 28), (28, 62, 156), (30, 30, 34)
BAND_BLUE = (24, 62, 168)


@dataclasses.dataclass(frozen=True)
class Layout:
    name: str
    patterns: tuple
    size_mm: tuple = (520, 110)
    colours: tuple = ((WHITE, BLACK),)      # (ground, ink), one is taken
    fonts: tuple = ("din",)
    height: tuple = (0.60, 0.74)            # of the characters, as share of the plate (of a row, if two)
    stretch: tuple = (0.85, 1.1)            # width of the characters against the face
    band: str = ""                          # "", "left", "left-maybe", "both", "top"
    captions: tuple = ()                    # lines that may stand above or below
    caption_places: tuple = ()              # of "top", "bottom"
    ornament: float = 0.0                   # chance of a picture in the ground
    weight: float = 1.0


STATES = ("California", "TEXAS", "FLORIDA", "NEW YORK", "OHIO", "Pennsylvania", "VIRGINIA", "Tennessee", "COLORADO",
          "Minnesota", "WISCONSIN", "OREGON", "Washington", "NEBRASKA", "KANSAS", "Missouri", "Louisiana", "IDAHO",
          "Garden State", "Empire State", "Show-Me State", "Land of Lincoln", "Vacationland", "Aloha State",
          "10,000 lakes", "The Lone Star State", "Sunshine State", "America's Dairyland", "dealer.com", "FORD CITY",
          "MOTORS", "Great Lakes", "First in Flight", "Live Free or Die", "LINCOLN", "JUN", "DEC 09", "www.state.us")
CITIES = ("SP-SAO PAULO", "PR-CURITIBA", "BA-SALVADOR", "RJ-RIO DE JANEIRO", "MG-CONTAGEM", "BRASIL", "SC-ITAJAI",
          "PR-PARANAVAI", "RS-PELOTAS", "PR-LONDRINA")
DEALERS = ("AUTOHAUS", "RENAULT", "www.auto.eu", "AUTO CENTAR", "CITROEN", "TOYOTA", "MOTOR CARS", "OPEL", "OSIGURANJE",
           "HYUNDAI", "GARAGE")

_US_PATTERNS = ("LLL DDDD", "LLL-DDDD", "DLLLDDD", "LLL DDD", "DDD LLL", "DDD-LLL", "LLLDDD", "DDDLLL", "LLDDDD",
                "LL*DDDD", "DDD*LLL", "LLL*DDD", "XXXXXX", "XXXXXXX", "XXXXX", "XXXX", "LL D*LDL", "LLDLDL", "DDDDDDD",
                "LDDLLL", "LLLLLLL", "LLLLLL", "LLLL", "DDLLDD", "XXX XXXX", "XX XXXX", "DDD*DDDD", "DLDDDD", "DDDDLL",
                "LLD*LDL", "XXD*LDX", "D*DDDDD", "LLLLDDD", "DDD DDD", "|LLDDD", "LLLDDD|", "*DDDD|", "|DDDDDD", "DDDDD|", "*LLDD", "|DDDDL", "*XXXXX")

LAYOUTS = (
    Layout("us", _US_PATTERNS, (305, 152),
           ((WHITE, NIGHT_BLUE), (WHITE, BLACK), (WHITE, RED), (CREAM, GREEN), (YELLOW, BLACK), (NIGHT_BLUE, WHITE),
            ((150, 190, 220), NIGHT_BLUE), ((240, 180, 100), NIGHT_BLUE), (GREEN, WHITE), (WHITE, GREEN)),
           ("condensed", "rounded", "din"), (0.40, 0.56), (0.65, 1.15), captions=STATES,
           caption_places=("top", "bottom"), ornament=0.45, weight=7),
    Layout("hr", ("LL*DDD-LL", "LL*DDDD-LL", "LL*DDDD-L", "LL*DDD-L", "LL*DDD-LL"), captions=DEALERS,
           fonts=("din", "condensed"), stretch=(0.7, 1.05), caption_places=(), weight=5),
    Layout("hr-two", ("LL*/DDD-LL", "LL*/DDDD-LL", "LL*/DDDD-L"), (300, 200), fonts=("din",), weight=0.9),
    Layout("de", ("L*LL DDDD", "LL*LL DDD", "LLL*L DDD", "L*L DDDD", "LL*L DDDD", "L*LL DDD", "LLL*LL DD"),
           fonts=("fe",), band="left", stretch=(0.75, 1.0), captions=DEALERS, weight=3),
    Layout("de-two", ("LL**/LL DDD", "L**/LL DDDD", "LLL*/L DDD", "LL*/DDD L"), (340, 200), fonts=("fe",),
           band="left-maybe", weight=1),
    Layout("at", ("LL*DDDLL", "L*DDDDDL", "LL*DLLL", "L*DDDDL"), colours=((WHITE, BLACK),), fonts=("din", "condensed"),
           band="left", weight=1),
    Layout("at-two", ("LL*/DDDLL", "L*/DDDDDL", "LL*/DD LL", "L*/DDD L"), (280, 200), band="left-maybe", weight=1),
    Layout("gb", ("LLDD LLL", "LLDD LLL", "LDDD LLL", "LDD LLL", "LLL DDDL", "LL DDDD"), (520, 111),
           ((WHITE, BLACK), (YELLOW, BLACK), (BLACK, GREY)), ("grotesque", "din"), (0.66, 0.8), (0.62, 0.85),
           band="left-maybe", captions=DEALERS, caption_places=("bottom",), weight=2),
    Layout("gb-two", ("LLDD/LLL", "LDDD/LLL", "LLL/DDDL"), (285, 203), ((YELLOW, BLACK), (WHITE, BLACK)),
           ("grotesque",), (0.7, 0.82), (0.62, 0.85), weight=0.8),
    Layout("ro", ("LL DD LLL", "B DD LLL", "B DDD LLL", "LL DD LLL"), band="left", fonts=("din", "condensed"),
           weight=2),
    Layout("pl", ("LL DDDDD", "LLL DDDDL", "LLL DLDD", "LL DDDDL", "LL DDDLL", "LLL LDDDD", "LL DLDDD"), band="left",
           fonts=("din", "condensed", "rounded"), weight=1.5),
    Layout("ua", ("LL DDDD LL", "LL DDDD LL", "DDDDD LL"), band="left-maybe", fonts=("din", "condensed"), weight=1),
    Layout("es", ("DDDD LLL", "L DDDD LL", "LL DDDD L"), band="left-maybe", fonts=("din", "rounded"), weight=1),
    Layout("fr", ("LL-DDD-LL", "DDDD LL DD", "DDD LLL DD"), colours=((WHITE, BLACK), (YELLOW, BLACK)), band="both",
           fonts=("din", "condensed"), weight=1),
    Layout("it", ("LL DDDLL", "LL*DDDLL"), band="both", fonts=("din", "condensed"), weight=1),
    Layout("nl", ("DD-LL-LL", "LL-DDD-L", "D-LLL-DD", "LL-LL-DD", "DD-LLL-D", "LL-DD-LL"), colours=((YELLOW, BLACK),
           (AMBER, BLACK)), band="left-maybe", fonts=("grotesque", "condensed"), weight=1),
    Layout("gr", ("LLL-DDDD", "LLL*DDDD", "LLL DDDD"), band="left-maybe", fonts=("din", "grotesque"),
           colours=((WHITE, BLACK), (AMBER, BLACK)), weight=1),
    Layout("cz", ("DLD DDDD", "DL*DDDD", "LLL DD-DD", "DLD*DDDD"), band="left-maybe", fonts=("din", "condensed")),
    Layout("balkan", ("LL*DDD-LL", "LDD-L-DDD", "DDD-L-DDD", "LL*LL-DDD", "LL*DDDLL", "LLL-DDD", "LL DDDLL",
                      "LL LDDD", "LL DDDD LL"), band="left-maybe", fonts=("din", "condensed", "rounded"), weight=1.5),
    Layout("north", ("LLL DDD", "LL DDDDD", "LLL-DDD", "DDD LLL", "LL-DDDDD", "LL DD DDD"), band="left-maybe",
           fonts=("din", "grotesque"), colours=((WHITE, BLACK), (YELLOW, BLACK), (BLACK, WHITE)), weight=1),
    Layout("be", ("D-LLL-DDD", "LLL-DDD", "LLL DDD"), colours=((WHITE, RED),), band="left-maybe",
           fonts=("grotesque", "rounded")),
    Layout("ch", ("LL*DDDDDD", "LL.DDDDDD", "LL DDDDD", "L DDDDD"), fonts=("din", "condensed"), weight=0.8),
    Layout("eu-two", ("LL*/DDDLL", "LLL/DDDD", "LL/DDDDD", "DDL/DDDD", "LLL/DDD", "LLL/XXXX", "LL*/LL DD", "LD/DDDDD",
                      "LL/DD LL", "LL*/DD LLL", "DLD/DDDD", "LL/DDDD", "DDDD/LLL", "DDDDD/LL"), (330, 220),
           ((WHITE, BLACK), (WHITE, BLACK), (YELLOW, BLACK)), ("din", "grotesque", "condensed", "fe"), (0.66, 0.84),
           (0.75, 1.2), band="left-maybe", weight=2.2),
    Layout("br", ("LLL-DDDD", "LLL.DDDD", "LLL DDDD"), (400, 130),
           ((GREY, BLACK), (GREY, BLACK), (RED, WHITE), (WHITE, BLACK)), ("din", "condensed", "grotesque"), (0.48, 0.6),
           (0.75, 1.05), captions=CITIES, caption_places=("top",), weight=3),
    Layout("br-moto", ("LLL/DDDD",), (187, 136), ((GREY, BLACK), (RED, WHITE), (WHITE, BLACK)), ("din",), (0.6, 0.74),
           (0.75, 1.05), weight=0.6),
    Layout("mercosur", ("LLLDLDD", "LL DDD LL", "LLL DLDD"), (400, 130), ((WHITE, BLACK), (WHITE, RED)),
           ("fe", "din", "rounded"), (0.5, 0.62), (0.75, 1.0), band="top", captions=("BRASIL", "REPUBLICA ARGENTINA"),
           weight=1.5),
    Layout("ar", ("LLL DDD", "LLL*DDD"), (294, 129), ((BLACK, WHITE), (DARK, GREY)), ("din", "condensed"),
           (0.5, 0.64), (0.75, 1.0), captions=("ARGENTINA",), caption_places=("top", "bottom"), weight=1.5),
    Layout("ar-moto", ("LDD/DLLL", "DDD/LLL", "LLL/DDD"), (190, 140), ((BLACK, WHITE), (WHITE, BLACK)), ("din",),
           (0.6, 0.74), (0.8, 1.1), weight=0.5),
    Layout("cn", ("^L.XXXXX", "^L.DDDDD", "^L.LDDDD", "^L.LDDLD", "^LXXXXX"), (440, 140),
           ((BLUE, WHITE), (BLUE, WHITE), (BLUE, WHITE), (YELLOW, BLACK), (BLACK, WHITE), ((150, 210, 160), BLACK)),
           ("din", "condensed", "grotesque"), (0.6, 0.72), (0.8, 1.1), weight=4),
    Layout("tw", ("LLL-DDDD", "DDDD-LL", "LL-DDDD", "XX-DDDD", "DDD-LLL", "LLL-DDD", "XXX-XXX"), (380, 160),
           ((WHITE, BLACK), (WHITE, BLACK), (WHITE, GREEN), (GREEN, WHITE), (YELLOW, BLACK)),
           ("condensed", "din", "rounded"), (0.5, 0.64), (0.75, 1.1), weight=2),
    Layout("in", ("LL DD LL DDDD", "LL DD L DDDD", "LLDDLLDDDD"), (500, 120), ((WHITE, BLACK), (YELLOW, BLACK)),
           ("grotesque", "condensed", "din"), (0.5, 0.7), (0.7, 1.0), band="left-maybe", weight=1.2),
    Layout("in-two", ("LLDD LL/DDDD", "LLDDL/DDDD"), (340, 200), ((WHITE, BLACK), (YELLOW, BLACK)),
           ("grotesque", "din"), (0.6, 0.76), (0.7, 1.0), weight=0.6),
    Layout("any", ("XXXXXX", "XXXXXXX", "XXX-XXXX", "XXX XXX", "XX XXXX", "XXXXX", "XXXX", "XXX", "XXXXXXXX", "X DDDDD",
                   "DDD DDD", "DDDDDDDD"), (460, 115),
           ((WHITE, BLACK), (YELLOW, BLACK), (BLACK, WHITE), (RED, WHITE), (GREEN, WHITE), (BLUE, WHITE), (WHITE, BLUE)),
           ("din", "grotesque", "condensed", "rounded", "mono", "fe"), (0.45, 0.8), (0.65, 1.2), band="left-maybe",
           captions=DEALERS + STATES, caption_places=("top", "bottom"), ornament=0.15, weight=4),
)
BY_NAME = {layout.name: layout for layout in LAYOUTS}
LETTERS, DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
IDEOGRAPHS = "京沪津渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川贵云藏陕甘青宁新学警"


def invent(layout, chance):
    """An invented symbol string of the layout: characters, separators, '*', '^' and '/'."""
    pattern = layout.patterns[chance.randrange(len(layout.patterns))]
    symbols = []
    for sign in pattern:
        if sign == "L":
            symbols.append(chance.choice(LETTERS))
        elif sign == "D":
            symbols.append(chance.choice(DIGITS))
        elif sign == "X":
            symbols.append(chance.choice(LETTERS + DIGITS))
        else:
            symbols.append(sign)
    return "".join(symbols)


def text_of(symbols):
    """The plate text: letters and digits only, top to bottom, left to right."""
    return "".join(sign for sign in symbols if sign in LETTERS or sign in DIGITS)


def pick(chance, layouts=LAYOUTS):
    """A layout, by weight."""
    return chance.choices(layouts, weights=[layout.weight for layout in layouts])[0]
