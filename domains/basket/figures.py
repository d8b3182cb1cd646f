"""Figures of rules: a network, a scatter, a heat map of what goes with what, and a second look."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from shared.reporting.figures import Figure


from collections.abc import Mapping
from typing import Any

import numpy as np

from domains.basket.rules.rule_table import RuleTable
from shared.errors import HexadError, shorten

__all__ = ["pair_heatmap", "rule_network", "rule_scatter"]

MAX_POINTS = 800
LABEL = 26


def rule_network(rules: RuleTable, n: int = 40) -> Figure:
    """Draw the n rules of the most baskets beyond chance as arrows between items on a circle, towards the consequent.

    Items that are linked lie beside one another; the broader the arrow, the higher the lift.

    Parameters
    ----------
    rules : RuleTable
    n : int
        Rules to draw at most.

    >>> from domains.basket import association_rules
    >>> rules = association_rules([["tea", "milk"], ["tea", "milk"], ["beer"]], 0.5, min_support=2)
    >>> rule_network(rules).alt
    'Network of 2 rules between 2 items.'
    """
    from shared.reporting.figures import draw

    expected = rules.columns.get(
        "expected", rules.antecedent_counts * rules.consequent_counts / max(rules.n_baskets, 1)
    )
    extra = rules.joint_counts - np.asarray(expected, dtype=float)
    shown = rules.take(np.argsort(-extra, kind="stable")[:n])
    by = "adjusted_lift" if "adjusted_lift" in rules.columns else "lift"
    values = np.asarray(shown.columns[by], dtype=float) if by in shown.columns else shown.lift
    links: dict[tuple[Any, Any], float] = {}
    for k in range(len(shown)):
        left, right = shown.names(k)
        for source in left:
            for target in right:
                links[source, target] = max(links.get((source, target), 0.0), float(values[k]))
    names = _around(links)
    angle = {name: 2 * np.pi * k / max(len(names), 1) for k, name in enumerate(names)}

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        top = max(links.values(), default=1.0)
        for (source, target), value in links.items():
            begin, stop = ((np.cos(angle[one]), np.sin(angle[one])) for one in (source, target))
            axes.annotate(
                "",
                xy=stop,
                xytext=begin,
                arrowprops={
                    "arrowstyle": "-|>",
                    "color": colours["accent"],
                    "alpha": 0.35 + 0.55 * value / top,
                    "linewidth": 0.6 + 1.8 * value / top,
                    "connectionstyle": "arc3,rad=0.18",
                    "shrinkA": 3,
                    "shrinkB": 4,
                },
            )
        for name, turn in angle.items():
            x, y = np.cos(turn), np.sin(turn)
            axes.plot([x], [y], "o", color=colours["second"], markersize=4)
            left = x < 0
            axes.text(
                1.06 * x,
                1.06 * y,
                shorten(name, LABEL),
                rotation=np.degrees(turn) + (180 if left else 0),
                fontsize=8.5,  # 11 pixels on a narrow phone
                ha="right" if left else "left",
                va="center",
                rotation_mode="anchor",
                color=colours["ink"],
            )
        axes.set_xlim(-1.75, 1.75)
        axes.set_ylim(-1.75, 1.75)
        axes.set_aspect("equal")
        axes.axis("off")

    beyond = "beyond independence" if by == "lift" else "beyond what basket sizes give"
    caption = (
        f"The {len(shown)} rules of the most baskets {beyond}; an arrow leads from what is in the basket to what comes"
        " with it, and is the broader, the higher the lift."
    )
    return draw(
        paint, alt=f"Network of {len(shown)} rules between {len(names)} items.", caption=caption, size=(6.0, 6.0)
    )


def _around(links: Mapping[tuple[Any, Any], float]) -> list[Any]:
    """Items in an order in which linked ones are near: walks from the most linked item of each component."""
    near: dict[Any, list[tuple[float, str, Any]]] = {}
    for (source, target), value in links.items():
        near.setdefault(source, []).append((-value, str(target), target))
        near.setdefault(target, []).append((-value, str(source), source))
    order: list[Any] = []
    seen: set[Any] = set()
    for start in sorted(near, key=lambda name: (-len(near[name]), str(name))):
        stack = [start]
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            order.append(name)
            stack += [other for _, _, other in sorted(near[name], key=lambda one: one[:2], reverse=True)]
    return order


def rule_scatter(rules: RuleTable) -> Figure:
    """Draw support against confidence, points growing with lift; rules that a test kept stand out.

    Parameters
    ----------
    rules : RuleTable

    >>> from domains.basket import association_rules
    >>> rule_scatter(association_rules([["a", "b"], ["a"]], 0.5, min_support=1)).alt
    'Support and confidence of 2 rules.'
    """
    from shared.reporting.figures import add_legend, draw

    if len(rules) == 0:
        raise HexadError("there are no rules to draw")
    chosen = np.arange(len(rules))[:: max(1, -(-len(rules) // MAX_POINTS))]
    kept = np.asarray(rules.columns.get("kept", np.ones(len(rules), dtype=bool)))[chosen]
    x, y = 100 * rules.measure("support")[chosen], 100 * rules.confidence[chosen]
    size = 4 + 10 * np.log2(np.clip(rules.lift[chosen], 1, 64))

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        groups = (
            ("not kept", ~kept, "soft", 0.35),
            ("kept" if "kept" in rules.columns else "rules", kept, "accent", 0.6),
        )
        for label, mask, colour, alpha in groups:
            if mask.any():
                axes.scatter(
                    x[mask], y[mask], s=size[mask], color=colours[colour], alpha=alpha, linewidth=0, label=label
                )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.xaxis.set_minor_formatter(lambda value, _: f"{value:g}" if str(f"{value:e}")[0] in "25" else "")
        axes.set_xlabel("support, % of baskets")
        axes.set_title("confidence, %", loc="left", fontsize=9)
        add_legend(axes, ends=False)

    thin = "" if len(chosen) == len(rules) else f" One rule in {-(-len(rules) // MAX_POINTS)} is drawn."
    return draw(
        paint,
        alt=f"Support and confidence of {len(rules):,} rules.",
        caption=f"The larger a point, the higher its lift.{thin}",
    )


def pair_heatmap(pairs: RuleTable, n: int = 18) -> Figure:
    """Draw what goes with what: expected and found baskets of every pair of the n most frequent items or categories.

    Parameters
    ----------
    pairs : RuleTable
        Of `item_pairs`; tested ones show lift beyond basket size.
    n : int
        Items drawn.

    >>> from domains.basket import item_pairs
    >>> pair_heatmap(item_pairs([["a", "b"], ["a", "b"], ["c"]], min_support=1)).alt
    'Heat map of 3 items.'
    """
    from shared.reporting.figures import draw

    by = "adjusted_lift" if "adjusted_lift" in pairs.columns else "lift"
    values = np.asarray(pairs.columns[by], dtype=float) if by in pairs.columns else pairs.lift
    ptr = pairs.sets.indptr
    left, right = (pairs.sets.codes[ptr[side]] for side in (pairs.antecedent, pairs.consequent))
    count = np.zeros(len(pairs.items), dtype=np.int64)
    np.maximum.at(count, left, pairs.antecedent_counts)
    np.maximum.at(count, right, pairs.consequent_counts)
    items = np.argsort(-count, kind="stable")[: min(n, int((count > 0).sum()))]
    place = np.full(len(pairs.items), -1)
    place[items] = np.arange(len(items))
    grid = np.full((len(items), len(items)), np.nan)
    inside = (place[left] >= 0) & (place[right] >= 0)
    grid[place[left[inside]], place[right[inside]]] = values[inside]
    grid = np.where(np.isnan(grid), grid.T, grid)
    order = _by_likeness(grid)
    grid, items = grid[np.ix_(order, order)], items[order]
    names = [shorten(pairs.items[code], LABEL) for code in items]

    def paint(axes: Axes, colours: Mapping[str, str]) -> None:
        from matplotlib.patches import Rectangle

        for (row, column), value in np.ndenumerate(grid):
            if np.isfinite(value):
                strength = float(np.clip(np.log2(max(value, 0.125)) / 1.5, -1, 1))
                colour = colours["accent" if strength > 0 else "second"]
                axes.add_patch(
                    Rectangle(
                        (column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=abs(strength) ** 0.8, linewidth=0
                    )
                )
        axes.set_xlim(-0.5, len(items) - 0.5)
        axes.set_ylim(len(items) - 0.5, -0.5)
        axes.set_xticks(range(len(items)), names, rotation=90, fontsize=8.5)
        axes.set_yticks(range(len(items)), names, fontsize=8.5)
        axes.grid(visible=False)
        axes.set_aspect("equal")

    what = "beyond what the sizes of baskets give" if by == "adjusted_lift" else "beyond independence"
    caption = f"Blue: together more often, {what}; orange: less often. Full colour at 2.8 times, or a third."
    return draw(paint, alt=f"Heat map of {len(items)} items.", caption=caption, size=(6.0, 5.6))


def _by_likeness(grid: Any) -> Any:
    """An order in which rows of like values lie together."""
    if len(grid) < 3:
        return np.arange(len(grid))
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import pdist

    filled = np.log2(np.clip(np.where(np.isfinite(grid), grid, 1.0), 0.125, 8.0))
    np.fill_diagonal(filled, filled.max())
    return leaves_list(linkage(pdist(filled), method="average"))
