"""How far the pages of a PDF are filled, read from what the browser's own PDF writer puts into them."""

import re
import zlib

NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)"
TOKEN = re.compile(
    rb"\((?:\\.|[^\\()])*\)|<<.*?>>|<[0-9A-Fa-f\s]*>|\[|\]|/[^\s/<>\[\]()]+|" + NUMBER + rb"(?![\w.])|[A-Za-z*'\"]+",
    re.DOTALL,
)
PAINT = {b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*"}


def read_objects(pdf):
    """Bodies of all objects by number."""
    return {int(found[1]): found[2] for found in re.finditer(rb"(?:^|\n)(\d+) 0 obj\b(.*?)\nendobj", pdf, re.DOTALL)}


def _stream(body):
    data = body[body.index(b"stream") + 6 :].lstrip(b"\r").removeprefix(b"\n")
    data = data[: data.rindex(b"endstream")]
    return zlib.decompressobj().decompress(data) if b"/FlateDecode" in body else data


def _multiply(a, b):
    return (
        a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4], a[4] * b[1] + a[5] * b[3] + b[5],
    )  # fmt: skip


class _Sheet:
    """Follows the drawing of a page, and notes the heights, from its foot, of what is painted."""

    def __init__(self, objects, names, paper):
        self.objects, self.names, self.paper = objects, names, paper
        self.matrix = self.text = (1, 0, 0, 1, 0, 0)
        self.stack, self.path, self.heights = [], [], []

    def follow(self, stream):
        given = []
        for token in TOKEN.findall(stream):
            if re.fullmatch(NUMBER, token):
                given.append(float(token))
            elif token[:1] == b"/":
                given.append(token[1:])
            elif token[:1] not in b"<([])":
                self._do(token, given)
                given = []

    def _do(self, operator, given):
        if operator in PAINT:
            self._paint()
        elif operator in (b"m", b"l", b"c", b"v", b"y"):
            self.path.append(tuple(given[-2:]))
        elif operator in (b"Tj", b"TJ"):
            self.heights.append(self.text[5])
        elif (act := getattr(self, f"_{operator.decode()}", None)) is not None:
            act(given)

    def _paint(self):
        _, b, _, d, _, f = self.matrix
        places = [x * b + y * d + f for x, y in self.path]
        if places and max(places) - min(places) < 0.8 * self.paper:  # else it is the ground of the whole page
            self.heights += places
        self.path = []

    def _n(self, given):
        self.path = []

    def _q(self, given):
        self.stack.append(self.matrix)

    def _Q(self, given):
        self.matrix = self.stack.pop()

    def _cm(self, given):
        self.matrix = _multiply(given, self.matrix)

    def _BT(self, given):
        self.text = self.matrix

    def _Tm(self, given):
        self.text = _multiply(given, self.matrix)

    def _re(self, given):
        x, y, width, height = given
        self.path += [(x, y), (x + width, y), (x, y + height), (x + width, y + height)]

    def _Do(self, given):
        """Draw a part that several pages may share, or a picture of dots."""
        body = self.objects[self.names[given[-1]]]
        if b"/Form" not in body:
            self.heights += [self.matrix[5], self.matrix[5] + self.matrix[3]]
            return
        kept = self.matrix, self.stack
        own = re.search(rb"/Matrix \[([^\]]*)\]", body)
        self.matrix, self.stack = _multiply(tuple(map(float, own[1].split())), self.matrix) if own else self.matrix, []
        self.follow(_stream(body))
        self.matrix, self.stack = kept


def fills(pdf, margin):
    """What share of each page is used, from its head to the last thing on it.

    ``margin`` is the height of each margin as a share of the page.
    """
    objects = read_objects(pdf)
    names = {}
    for body in objects.values():
        for names_of in re.findall(rb"/XObject\s*<<(.*?)>>", body, re.DOTALL):
            names |= {name: int(number) for name, number in re.findall(rb"/(\w+) (\d+) 0 R", names_of)}
    shares = []
    for body in objects.values():
        if not re.search(rb"/Type\s*/Page\b", body):
            continue
        paper = float(re.search(rb"/MediaBox\s*\[([^\]]*)\]", body)[1].split()[3])
        content = int(re.search(rb"/Contents (\d+) 0 R", body)[1])
        sheet = _Sheet(objects, names, paper)
        sheet.follow(_stream(objects[content]))
        inside = [one for one in sheet.heights if 0 <= one <= paper]
        top, foot = paper * (1 - margin), paper * margin
        shares.append((top - min(inside, default=top)) / (top - foot))
    return shares
