# SPDX-License-Identifier: Apache-2.0
"""The bench's page: bars for every row, one file with nothing outside it."""
import html as escape
import os

import table

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = {"native": "native", "zeroth": "Zeroth", "xen": "Xen 4.17", "kvm": "KVM"}


def number(value):
    """A figure with thin spaces between thousands."""
    return f"{value:,}".replace(",", "\u2009")


def bar(row, column, scale):
    """One figure as a bar."""
    value = getattr(row, column)
    mark = ""
    if row.target is not None and column == ("native" if row.zeroth is None else "zeroth"):
        mark = f'<b class="target" style="left:{100 * min(1, row.target / scale):.2f}%"></b>'
    return (f'<div class="bar {column}" data-row="{escape.escape(row.row)}" data-column="{column}">'
            f'<span class="who">{NAMES[column]}</span><span class="track">'
            f'<i style="width:{100 * value / scale:.2f}%"></i>{mark}</span>'
            f'<span class="value">{number(value)}</span></div>')


def badge(row):
    """The verdict as a small label."""
    word = table.verdict(row)
    kind = {"met": "good", "MISSED": "bad", "half": "good", "> half": "soso"}.get(word)
    words = {"met": f"at most {number(row.target or 0)}: met",
             "MISSED": f"at most {number(row.target or 0)}: missed",
             "half": "at most half of Xen's", "> half": "above half of Xen's"}
    return f'<span class="badge {kind}">{words[word]}</span>' if kind else ""


def article(row):
    """One row: its name, its bars, what limits it."""
    columns = [name for name in table.COLUMNS if getattr(row, name) is not None]
    scale = max([getattr(row, name) for name in columns] + [row.target or 0, 1])
    words = f'<p class="limit">{escape.escape(row.limit)}</p>' if row.limit else ""
    return (f'<article><h3>{escape.escape(row.row)} <small>{row.unit}</small>{badge(row)}</h3>'
            + "".join(bar(row, name, scale) for name in columns) + words + "</article>")


def section(group, rows):
    """One group of rows."""
    return (f'<section><h2>{escape.escape(group["title"])}</h2>'
            f'<p class="about">{escape.escape(group["about"])}</p><div class="rows">'
            + "".join(map(article, rows)) + "</div></section>")


def summary(rows):
    """What the page says first."""
    met = [row.met() for row in rows if row.met() is not None]
    ratios = sorted(row.zeroth / row.xen for row in rows
                    if row.zeroth and row.xen and row.unit == "instructions")
    tiles = [(len(rows), "rows"), (f"{met.count(True)} / {len(met)}", "targets met")]
    if ratios:
        tiles.append((f"{100 * ratios[len(ratios) // 2]:.0f} %", "of Xen's instructions, median row"))
    return "".join(f'<div class="tile"><b>{value}</b>{words}</div>' for value, words in tiles)


def html(rows):
    """The whole page."""
    with open(os.path.join(HERE, "page.html"), encoding="utf-8") as file:
        text = file.read()
    groups = table.settings()["group"]
    order = {group["title"]: [row for row in rows if row.group == group["title"]]
             for group in groups}
    body = "".join(section(group, order[group["title"]]) for group in groups
                   if order[group["title"]])
    return text.replace("@SUMMARY@", summary(rows)).replace("@SECTIONS@", body)
