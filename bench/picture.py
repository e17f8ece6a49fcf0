"""Bars and curves as SVG, readable on light and on dark paper."""

from collections.abc import Mapping, Sequence
from html import escape

from bench.samples import Samples

WIDTH, LABEL, BAR, LINE = 720, 230, 380, 22
COLOURS = ("#3b82f6", "#f59e0b", "#10b981", "#8b5cf6", "#ef4444", "#64748b")


def draw(
    title: str, units: Mapping[str, str], samples: Samples, curves: Mapping[str, Sequence[float]] | None = None
) -> str:
    """One group of bars for each metric: the median, with a line from the lowest to the highest sample."""
    parts: list[str] = []
    y = 34.0
    names = list(dict.fromkeys(name for found in samples.by_metric.values() for name in found))
    for metric, unit in units.items():
        y += 10
        parts.append(_text(0, y, f"{metric} [{unit}]", "bold"))
        y += LINE
        for name in samples.by_metric[metric]:
            parts.append(_bar(y, name, metric, samples, COLOURS[names.index(name) % len(COLOURS)]))
            y += LINE
    if curves:
        drawn, y = _curves(y + 10, curves)
        parts += drawn
    height = round(y + 10)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
        f' role="img" aria-label="{escape(title)}"><style>text{{font:13px sans-serif;fill:#64748b}}</style>'
        f"{_text(0, 18, title, 'bold')}{''.join(parts)}</svg>\n"
    )


def _bar(y: float, name: str, metric: str, samples: Samples, colour: str) -> str:
    figure = samples.figure(metric, name)
    longest = max(max(values) for values in samples.by_metric[metric].values()) or 1

    def at(value: float) -> float:
        return LABEL + BAR * value / longest

    return (
        f'{_text(0, y, name)}<rect x="{LABEL}" y="{y - 12:.1f}" width="{at(figure.median) - LABEL:.1f}" height="15"'
        f' fill="{colour}"/><path d="M{at(figure.low):.1f} {y - 4.5:.1f}H{at(figure.high):.1f}" stroke="#64748b"'
        f' stroke-width="2"/>{_text(LABEL + BAR + 8, y, str(figure))}'
    )


def _curves(y: float, curves: Mapping[str, Sequence[float]]) -> tuple[list[str], float]:
    """Lines on a common scale that starts at zero."""
    highest = max(max(values) for values in curves.values()) or 1
    height, parts = 140.0, []
    for number, (name, values) in enumerate(curves.items()):
        colour = COLOURS[number % len(COLOURS)]
        step = BAR / max(len(values) - 1, 1)
        points = " ".join(f"{LABEL + i * step:.1f},{y + height * (1 - v / highest):.1f}" for i, v in enumerate(values))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(0, y + 20 + number * LINE, f"{name}: {values[0]:.1f} to {values[-1]:.1f}"))
    parts.append(f'<path d="M{LABEL} {y}V{y + height}H{LABEL + BAR}" fill="none" stroke="#64748b"/>')
    return parts, y + height + LINE


def _text(x: float, y: float, words: str, weight: str = "normal") -> str:
    return f'<text x="{x}" y="{y:.1f}" font-weight="{weight}">{escape(words)}</text>'
