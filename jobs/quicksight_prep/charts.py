"""The report's charts: pygal's scales and shapes, the page's own texts and colours.

Of pygal's SVG only the shapes stay: its style and script would break the page's policy, and the page is light or dark.
A text is in both languages, of which the page hides one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import pygal
from markupsafe import Markup

from jobs.quicksight_prep.phrases import LANGUAGES, Short, say

# pygal adds a finder for its plug-ins, by an interface that Python 3.12 does not ask and 3.11 warns of at each import.
sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

_SVG = "{http://www.w3.org/2000/svg}"
ET.register_namespace("", _SVG[1:-1])

WIDE, NARROW = 520, 326
_NAMES = 206  # what the names before the bars take, where there is room for them
_FIGURES = 112  # and the figures after them
_THICK = 14
_TALL = 210

Draw = Callable[[int], ET.Element]


@dataclass(frozen=True)
class Bar:
    """From `start` to `end`: a step of the bridge starts where the one before it ended. tone: a class of report.css."""

    name: Any
    figure: Any
    end: int
    start: int = 0
    tone: str = "a"


@dataclass(frozen=True)
class Curve:
    name: Any
    values: Sequence[int]
    tone: str


def drawn(name: str, title: Any, draw: Draw) -> Markup:
    """In two widths, of which the page shows one: a wide chart, made smaller, cannot be read on a phone."""
    return Markup("").join(
        _finished(draw(width), f"{name}-{width}", width, title) for width in (WIDE, NARROW)
    )


def lying(bars: Sequence[Bar]) -> Draw:
    """A row a bar; its name is before it or, in a narrow chart, above."""

    def draw(width: int) -> ET.Element:
        wide = width == WIDE
        row, names = (27, _NAMES) if wide else (42, 0)
        chart = pygal.HorizontalStackedBar(
            **_plain(width, row * len(bars)),
            show_x_labels=False,
            show_y_labels=False,
            margin_left=names,
            margin_right=_FIGURES,
        )
        # pygal draws from the bottom up, and stacks what is above zero apart from what is below.
        for values in zip(*(_stacked(bar) for bar in reversed(bars)), strict=True):
            chart.add("", list(values))
        root, plot = _shapes(chart)
        unseen, *seen = plot.findall(f"{_SVG}g[@class]")
        plot.remove(unseen)
        ends = [0.0] * len(bars)
        for series in seen:
            for place, mark in enumerate(reversed(series.findall(f"{_SVG}g/{_SVG}g"))):
                bar, rect = bars[place], mark[0]
                left, length = float(rect.get("x", 0)), float(rect.get("width", 0))
                ends[place] = max(ends[place], left + length)
                if not length and (bar.start != bar.end or series is not seen[0]):
                    mark.clear()
                    continue
                top = row * place + (7 if wide else row - _THICK - 4)
                _set(rect, y=top, height=_THICK, rx=2, width=max(length, 1))
                _named(rect, bar.tone, bar.name, bar.figure)
        for place, bar in enumerate(bars):
            base = row * place + (7 if wide else row - _THICK - 4) + _THICK - 3
            if wide:
                _text(plot, -8, base, bar.name, "end")
            else:
                _text(plot, 0, base - _THICK - 3, bar.name)
            _text(plot, ends[place] + 6, base, bar.figure, tone="figure")
        return root

    return draw


def standing(bars: Sequence[Bar]) -> Draw:
    """A column a bar, its figure above and its name below."""

    def draw(width: int) -> ET.Element:
        chart = pygal.Bar(
            **_plain(width, _TALL),
            show_x_labels=False,
            show_y_labels=False,
            margin_top=22,
            margin_bottom=22,
        )
        chart.add("", [bar.end for bar in bars])
        root, plot = _shapes(chart)
        for bar, mark in zip(bars, plot.iter(f"{_SVG}rect"), strict=True):
            left, length = float(mark.get("x", 0)), float(mark.get("width", 0))
            middle, thick = left + length / 2, min(length * 2 / 3, 64)
            _set(mark, x=middle - thick / 2, width=thick, rx=2)
            _named(mark, bar.tone, bar.name, bar.figure)
            _text(plot, middle, float(mark.get("y", 0)) - 7, bar.figure, "middle", "figure")
            _text(plot, middle, _TALL - 26, bar.name, "middle")
        return root

    return draw


def curves(days: Sequence[Any], lines: Sequence[Curve], currency: str) -> Draw:
    """A line a series over two days or more, from zero up; a few of the days are named below."""

    def draw(width: int) -> ET.Element:
        chart = pygal.Line(
            **_plain(width, _TALL),
            show_x_labels=False,
            margin_right=12,
            margin_top=8,
            margin_bottom=24,
            include_x_axis=True,
            show_dots=False,
            y_labels=_round_amounts([value for line in lines for value in line.values]),
            value_formatter=lambda value: str(round(value)),
        )
        for line in lines:
            chart.add("", list(line.values))
        root, plot = _shapes(chart)
        for guide in plot.findall(f"{_SVG}g[@class]/{_SVG}g"):
            label = guide.find(f"{_SVG}text")
            if label is not None:
                guide.remove(label)
                height = float(label.get("y", 0))
                _text(plot, -6, height, Short(int(label.text or 0), currency), "end", "axis")
        shapes = [group for group in plot if "series" in group.get("class", "")]
        for line, group in zip(lines, shapes, strict=True):
            group.set("class", f"curve {line.tone}")
        points = _points(shapes[0])
        for place in _spread(len(days), 7 if width == WIDE else 4):
            anchor = "middle" if 0 < place < len(days) - 1 else "start" if not place else "end"
            _text(plot, points[place], _TALL - 12, days[place], anchor, "axis")
        return root

    return draw


def _round_amounts(values: Sequence[int]) -> list[int]:
    """For an axis, four to eight, with zero and all values between them; pygal's own can be two."""
    low, high = min(0, *values), max(0, *values)
    high += low == high
    tens = 10 ** max(len(str(high - low)) - 2, 0)
    # A step of 25 would need two decimals in millions, of which a label has one.
    step = next(tens * n for n in (1, 2, 5, 10, 20) if high - low <= 6 * tens * n)
    return list(range(low // step * step, high + step, step))


def _points(group: ET.Element) -> list[float]:
    """Where the days stand, as pygal placed a line's points (`M9.07 139.19 L24.72 94.0 40.37 3.6`)."""
    path = group.find(f"{_SVG}path")
    assert path is not None
    return [float(number) for number in path.get("d", "").translate(_NO_VERBS).split()[::2]]


_NO_VERBS = str.maketrans("ML", "  ")


def _spread(many: int, at_most: int) -> list[int]:
    """Places of the first, the last and evenly some between."""
    few = min(many, at_most)
    return sorted({round(n * (many - 1) / max(few - 1, 1)) for n in range(few)})


def _stacked(bar: Bar) -> tuple[int, int, int]:
    """What is left out, what is above zero, what is below."""
    low, high = sorted((bar.start, bar.end))
    if low >= 0:
        return low, high - low, 0
    if high <= 0:
        return high, 0, low - high
    return 0, high, low


def _plain(width: int, height: int) -> dict[str, Any]:
    """What the page draws itself or does without."""
    return {
        "width": width,
        "height": height,
        "margin": 0,
        "spacing": 0,
        "show_legend": False,
        "js": [],
    }


def _shapes(chart: pygal.graph.base.BaseGraph) -> tuple[ET.Element, ET.Element]:
    """The chart without style, script, grounds and the places of tooltips; and the group that its shapes are in."""
    drawing = ET.fromstring(chart.render())
    plot = drawing.find(f"{_SVG}g/{_SVG}g")
    assert plot is not None
    for group in list(plot.iter()):
        for child in list(group):
            if child.tag in (f"{_SVG}desc", f"{_SVG}title") or child.get("class") == "background":
                group.remove(child)
    root = ET.Element(f"{_SVG}svg", viewBox=drawing.get("viewBox", ""))
    root.append(plot)
    return root, plot


def _finished(root: ET.Element, name: str, width: int, title: Any) -> Markup:
    root.attrib |= {
        "class": "wide" if width == WIDE else "narrow",
        "role": "img",
        "aria-labelledby": f"{name}-t",
    }
    told = ET.Element(f"{_SVG}title", {"id": f"{name}-t", "data-en": say(title, "en")})
    told.text = say(title, "pt")
    root.insert(0, told)
    return Markup(ET.tostring(root, encoding="unicode"))  # ElementTree has escaped it


def _named(mark: ET.Element, tone: str, name: Any, figure: Any) -> None:
    """A mark says what it is where a pointer rests on it."""
    mark.set("class", f"mark {tone}")
    pt, en = (f"{say(name, language)}: {say(figure, language)}" for language in LANGUAGES)
    ET.SubElement(mark, f"{_SVG}title", {"data-en": en}).text = pt


def _text(
    group: ET.Element, x: float, y: float, thing: Any, anchor: str = "start", tone: str = "name"
) -> None:
    place = {"x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor, "class": tone}
    pt, en = (say(thing, language) for language in LANGUAGES)
    if pt == en:
        ET.SubElement(group, f"{_SVG}text", place).text = pt
        return
    for language, told in (("pt-BR", pt), ("en", en)):
        ET.SubElement(group, f"{_SVG}text", place | {"lang": language}).text = told


def _set(mark: ET.Element, **values: float) -> None:
    for name, value in values.items():
        mark.set(name, f"{value:.1f}")
    mark.attrib.pop("ry", None)
