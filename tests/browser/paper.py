"""How far the pages of a PDF are filled, read from what the browser's own PDF writer puts into them."""

import re
import zlib

NUMBER = rb"[-+]?(?:\d+\.?\d*|\.\d+)"
TOKEN = re.compile(
    rb"\((?:\\.|[^\\()])*\)|<<.*?>>|<[0-9A-Fa-f\s]*>|\[|\]|/[^\s/<>\[\]()]+|" + NUMBER + rb"(?![\w.])|[A-Za-z*'\"]+",
    re.S,
)
PAINT = {b"f", b"F", b"f*", b"S", b"s", b"B", b"B*", b"b", b"b*"}


def read_objects(pdf):
    """Bodies of all objects by number."""
    return {int(found[1]): found[2] for found in re.finditer(rb"(?:^|\n)(\d+) 0 obj\b(.*?)\nendobj", pdf, re.S)}


def _stream(body):
    data = body[body.index(b"stream") + 6 :].lstrip(b"\r").removeprefix(b"\n")
    data = data[: data.rindex(b"endstream")]
    return zlib.decompressobj().decompress(data) if b"/FlateDecode" in body else data


def _multiply(a, b):
    return (
        a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2], a[2] * b[1] + a[3] * b[3],
        a[4] * b[0] + a[5] * b[2] + b[4], a[4] * b[1] + a[5] * b[3] + b[5],
    )  # fmt: skip


def _heights(stream, objects, names, matrix, paper):
    """Heights, from the foot of the page, of texts and shapes that are painted; whole-page grounds left out."""
    found, stack, given, path, text = [], [], [], [], matrix
    for token in TOKEN.findall(stream):
        if re.fullmatch(NUMBER, token):
            given.append(float(token))
            continue
        if token[:1] in b"/<([])":
            given = [token] if token[:1] == b"/" else given
            continue
        if token == b"q":
            stack.append(matrix)
        elif token == b"Q" and stack:
            matrix = stack.pop()
        elif token == b"cm":
            matrix = _multiply(given[-6:], matrix)
        elif token == b"BT":
            text = matrix
        elif token == b"Tm":
            text = _multiply(given[-6:], matrix)
        elif token in (b"Tj", b"TJ"):
            found.append(text[5])
        elif token == b"re":
            x, y, width, height = given[-4:]
            path += [(x, y), (x + width, y + height)]
        elif token in (b"m", b"l", b"c", b"v", b"y") and len(given) >= 2:
            path.append((given[-2], given[-1]))
        elif token in PAINT:
            places = [one[0] * matrix[1] + one[1] * matrix[3] + matrix[5] for one in path]
            if places and max(places) - min(places) < 0.9 * paper:
                found += places
        elif token == b"Do" and given and given[-1][1:] in names:
            body = objects[names[given[-1][1:]]]
            if b"/Form" in body:
                inner = re.search(rb"/Matrix \[([^\]]*)\]", body)
                own = _multiply(tuple(map(float, inner[1].split())), matrix) if inner else matrix
                found += _heights(_stream(body), objects, names, own, paper)
            else:
                found += [matrix[5], matrix[5] + matrix[3]]
        if token in PAINT or token == b"n":
            path = []
        given = []
    return found


def fills(pdf, margin):
    """What share of each page is used, from its head to the last thing on it.

    ``margin`` is the height of each margin as a share of the page.
    """
    objects = read_objects(pdf)
    names = {}
    for body in objects.values():
        for names_of in re.findall(rb"/XObject\s*<<(.*?)>>", body, re.S):
            names |= {name: int(number) for name, number in re.findall(rb"/(\w+) (\d+) 0 R", names_of)}
    shares = []
    for body in objects.values():
        if not re.search(rb"/Type\s*/Page\b", body):
            continue
        paper = float(re.search(rb"/MediaBox\s*\[([^\]]*)\]", body)[1].split()[3])
        content = int(re.search(rb"/Contents (\d+) 0 R", body)[1])
        heights = _heights(_stream(objects[content]), objects, names, (1, 0, 0, 1, 0, 0), paper)
        inside = [one for one in heights if 0 <= one <= paper]
        top, foot = paper * (1 - margin), paper * margin
        shares.append((top - min(inside, default=top)) / (top - foot))
    return shares
