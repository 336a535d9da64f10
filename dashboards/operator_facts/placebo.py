"""A placebo report as a page shows it: sentences, bars and tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.speech import day_words, money_words
from events.models import Program
from settlement.models import PlaceboReport, ReportState
from settlement.words.placebo import error_words, reason_words, share_words, span_words, verdict_words

# Meters on the page; the file has all of them.
MOST_METERS = 20
_ROW = 44
# The widest bar leaves room for its figure.
_WIDEST = 82.0


@dataclass(frozen=True)
class Bar:
    """One rule in the chart: places in percent of the width, and pixels from the top."""

    label: str
    value: str
    y: int
    width: str
    low: str
    high: str
    tone: str

    @property
    def bar_y(self) -> int:
        """Where the bar itself begins, below its label."""
        return self.y + 18

    @property
    def whisker_y(self) -> int:
        """The middle of the bar."""
        return self.y + 25


@dataclass(frozen=True)
class Chart:
    """The bars, and how high the drawing is."""

    bars: Sequence[Bar]
    height: int


@dataclass(frozen=True)
class Table:
    """One table for components/table.html."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Verdict:
    """A rule and what became of it."""

    preset: str
    words: str
    tone: str
    mark: str


def progress(report: PlaceboReport) -> dict[str, Any]:
    """How far the work on it is, for the page's script."""
    waits = report.state == ReportState.WAITING
    text = _("Waits for a worker; it begins within seconds.") if waits else _("%(percent)d %% done")
    return {
        "moving": report.is_moving,
        "percent": None if waits else report.percent,
        "text": text % {"percent": report.percent},
        "state": report.state,
    }


def meaning(result: dict[str, Any], program: Program) -> list[str]:
    """What a report means, in plain sentences."""
    found = [_asked_nobody(result)]
    rules = {row["preset"]: row for row in result["rules"]}
    in_force = rules.get(result["in_force"])
    if in_force is not None:
        found.append(_in_force(in_force, result, program))
    if result["paid"]["events"]:
        found.append(_paid(in_force, result, program))
    best = rules.get(result["recommended"] or "")
    if best is not None and result["recommended"] != result["in_force"]:
        found.append(_better(best, in_force))
    elif best is not None:
        found.append(_("The rule in force is the recommended one."))
    return found


def _asked_nobody(result: dict[str, Any]) -> str:
    words = ngettext(
        "We settled %(days)d ordinary day from %(first)s to %(last)s as if there had been an event of one hour at "
        "%(hours)s o’clock, for %(meters)d meters. Nobody was asked for anything, so whatever is paid is paid for "
        "chance.",
        "We settled %(days)d ordinary days from %(first)s to %(last)s as if there had been an event of one hour at "
        "%(hours)s o’clock, for %(meters)d meters. Nobody was asked for anything, so whatever is paid is paid for "
        "chance.",
        result["days"],
    )
    first, last = (day_words(date.fromisoformat(result[name]), "date") for name in ("first", "last"))
    hours = ", ".join(map(str, result["hours"]))
    return words % {
        "days": result["days"], "first": first, "last": last, "hours": hours, "meters": result["meters"]
    }  # fmt: skip


def _in_force(row: dict[str, Any], result: dict[str, Any], program: Program) -> str:
    words = _(
        "The rule in force (%(rule)s) would have paid for %(nothing)s of all load: %(money)s for each hour of an event."
    )
    return words % {
        "rule": row["preset"],
        "nothing": share_words(row["for_nothing"]),
        "money": _money(row["money"] / _hours(row, result), program),
    }


def _paid(row: dict[str, Any] | None, result: dict[str, Any], program: Program) -> str:
    paid = result["paid"]
    per_hour = float(paid["money"]) / paid["hours"] if paid["hours"] else 0.0
    words = ngettext(
        "Its %(events)d settled event really paid %(money)s, which is %(hour)s for each hour.",
        "Its %(events)d settled events really paid %(money)s, which is %(hour)s for each hour.",
        paid["events"],
    ) % {
        "events": paid["events"],
        "money": _money(float(paid["money"]), program),
        "hour": _money(per_hour, program),
    }
    if row is None or per_hour <= 0:
        return words
    part = row["money"] / _hours(row, result) / per_hour
    if part >= 1:
        return words + " " + _("An ordinary day would have paid as much: these events tell nothing from chance.")
    return words + " " + _("About %(part)s of that is what an ordinary day would have paid as well.") % {
        "part": share_words(part, places=0)
    }  # fmt: skip


def _better(best: dict[str, Any], in_force: dict[str, Any] | None) -> str:
    if in_force is None:
        return _("Recommended is %(rule)s.") % {"rule": best["preset"]}
    words = _("Recommended is %(rule)s: it pays for %(nothing)s of load instead of %(now)s.")
    return words % {
        "rule": best["preset"],
        "nothing": share_words(best["for_nothing"]),
        "now": share_words(in_force["for_nothing"]),
    }


def _hours(row: dict[str, Any], result: dict[str, Any]) -> float:
    """Over how many hours the rule's money was added up, for each meter: those of which it says something."""
    return float(result["days"] * len(result["hours"]) * (row.get("coverage") or 1))


def _money(amount: float, program: Program) -> str:
    return money_words(Decimal(f"{amount:.2f}"), program.distributor.currency)


def chart_of(result: dict[str, Any]) -> Chart:
    """Pay for nothing by rule, the least first, each with its interval."""
    rows = sorted(result["rules"], key=lambda row: row["for_nothing"])
    most = max((row["intervals"]["for_nothing"][1] or row["for_nothing"] for row in rows), default=1) or 1
    bars = []
    for at, row in enumerate(rows):
        low, high = row["intervals"]["for_nothing"]
        bars.append(
            Bar(
                label=_marked(row["preset"], result),
                value=share_words(row["for_nothing"]),
                y=at * _ROW,
                width=_place(row["for_nothing"], most),
                low=_place(low or row["for_nothing"], most),
                high=_place(high or row["for_nothing"], most),
                tone=_tone(row["preset"], result),
            )
        )
    return Chart(bars, len(rows) * _ROW)


def _place(share: float, most: float) -> str:
    return f"{_WIDEST * share / most:.2f}%"


def _tone(preset: str, result: dict[str, Any]) -> str:
    if preset == result["recommended"]:
        return "best"
    return "now" if preset == result["in_force"] else "rest"


def _marked(preset: str, result: dict[str, Any]) -> str:
    marks = []
    if preset == result["recommended"]:
        marks.append(_("recommended"))
    if preset == result["in_force"]:
        marks.append(_("in force"))
    return f"{preset} ({', '.join(marks)})" if marks else preset


def rules_table(result: dict[str, Any], program: Program) -> Table:
    """Every rule with its figures, in the order in which they were tried."""
    rows = []
    for row in result["rules"]:
        low, high = row["intervals"]["for_nothing"]
        rows.append(
            [
                _marked(row["preset"], result),
                share_words(row["for_nothing"]),
                f"{share_words(low)} – {share_words(high)}",
                share_words(row["bias"], signed=True),
                error_words(row["rrmse"]),
                share_words(row.get("coverage")),
                _money(row["money"] / _hours(row, result), program),
            ]
        )
    columns = [
        _("Rule"), _("Paid for nothing, of load"), _("95 of 100"), _("Bias"), _("Typical error"), _("Hours covered"),
        _("Money per event hour"),
    ]  # fmt: skip
    return Table(_("What each rule would have paid on ordinary days"), columns, rows)


def halves_table(result: dict[str, Any]) -> Table | None:
    """The recommended rule and the one in force on the days that chose and on the later ones; None without halves."""
    halves = result.get("halves")
    if not halves:
        return None
    chosen = dict.fromkeys((result["recommended"], result["in_force"]))
    rows = [
        [_marked(row["preset"], result), _half_words(halves[half], half), *_half_cells(row[half])]
        for name in chosen
        for row in result["rules"]
        if row["preset"] == name
        for half in ("earlier", "later")
    ]
    columns = [
        _("Rule"), _("Days"), _("Paid for nothing, of load"), _("95 of 100"), _("Bias"), _("Typical error"),
        _("95 of 100"),
    ]  # fmt: skip
    return Table(_("Chosen on the earlier half of the days, and how it did on the later half"), columns, rows)


def _half_words(days: list[Any], half: str) -> str:
    first, last = (day_words(date.fromisoformat(text), "date") for text in days[:2])
    words = {"earlier": _("earlier: %(first)s to %(last)s"), "later": _("later: %(first)s to %(last)s")}[half]
    return words % {"first": first, "last": last}


def _half_cells(row: dict[str, Any]) -> list[str]:
    low, high = row["intervals"]["rrmse"]
    return [
        share_words(row["for_nothing"]), span_words(row), share_words(row["bias"], signed=True),
        error_words(row["rrmse"]), f"{error_words(low)} – {error_words(high)}",
    ]  # fmt: skip


def verdicts(result: dict[str, Any]) -> list[Verdict]:
    """Every rule with why it is recommended or not; those that could not be tried last."""
    tones = {"best": "good", "best_biased": "attention", "close": "info"}
    labels = {
        "best": _("Recommended"), "best_biased": _("Recommended, with a warning"), "close": _("Close"),
        "dearer": _("Dearer"), "biased": _("Biased"),
    }  # fmt: skip
    found = [
        Verdict(row["preset"], verdict_words(row, result), tones.get(row["verdict"], ""), labels[row["verdict"]])
        for row in result["rules"]
    ]
    missing = [
        Verdict(row["preset"], _("Not applicable: %(why)s.") % {"why": reason_words(row)}, "", _("Not tried"))
        for row in result["not_applicable"]
    ]
    return found + missing


def parts_tables(result: dict[str, Any]) -> list[Table]:
    """By hour and by segment: the rule in force beside the recommended one."""
    chosen = [
        row
        for name in dict.fromkeys((result["in_force"], result["recommended"]))
        for row in result["rules"]
        if row["preset"] == name
    ]
    if not chosen:
        return []
    kinds = {
        "size": _("By size (kW on average in these hours)"), "solar": _("With and without solar"),
        "use": _("By kind of use"), "holder": _("Homes and organizations"),
    }  # fmt: skip
    hours = [(str(each["hour"]), [row["hours"][at] for row in chosen]) for at, each in enumerate(chosen[0]["hours"])]
    tables = [_part(_("By hour of the day"), _("Hour"), hours, chosen)]
    for kind, caption in kinds.items():
        names = [each["name"] for each in chosen[0]["segments"] if each["kind"] == kind]
        cells = [
            (segment_words(kind, name), [_segment(row, kind, name) for row in chosen])
            for name in sorted(names, key=_in_order)
        ]
        if len(cells) > 1:
            tables.append(_part(caption, _("Meters"), cells, chosen))
    return tables


def _segment(row: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(each for each in row["segments"] if (each["kind"], each["name"]) == (kind, name))
    return found


_SIZES = ("below_5", "below_50", "below_500", "above_500")


def _in_order(name: str) -> tuple[int, str]:
    return (_SIZES.index(name), "") if name in _SIZES else (len(_SIZES), name)


def _part(
    caption: str, first: str, cells: Sequence[tuple[str, list[dict[str, Any]]]], chosen: Sequence[dict[str, Any]]
) -> Table:
    columns = [first]
    for row in chosen:
        columns += [
            _("%(rule)s: for nothing") % {"rule": row["preset"]},
            _("bias"),
            _("typical error"),
        ]
    rows = [
        [
            label,
            *(
                text
                for each in found
                for text in (
                    share_words(each["for_nothing"]), share_words(each["bias"], signed=True), error_words(each["rrmse"])
                )
            ),
        ]
        for label, found in cells
    ]  # fmt: skip
    return Table(caption, columns, rows)


def segment_words(kind: str, name: str) -> str:
    """What a segment is called."""
    known = {
        ("size", "below_5"): _("below 5 kW"),
        ("size", "below_50"): _("5 to 50 kW"),
        ("size", "below_500"): _("50 to 500 kW"),
        ("size", "above_500"): _("500 kW and more"),
        ("solar", "solar"): _("feed into the grid"),
        ("solar", "no_solar"): _("only use"),
        ("holder", "home"): _("homes"),
        ("holder", "organization"): _("organizations"),
        ("holder", "nobody"): _("of nobody"),
        ("use", ""): _("not said"),
    }
    return known.get((kind, name), name)


def meters_table(result: dict[str, Any]) -> Table | None:
    """The meters with the largest typical error under the rule in force, else under the recommended one."""
    tried = {row["preset"] for row in result["rules"]}
    rule = result["in_force"] if result["in_force"] in tried else result["recommended"]
    if rule is None:
        return None
    rows = sorted(result["meter_rows"], key=lambda row: -(row["figures"][rule][0] or 0))[:MOST_METERS]
    cells = [
        [row["number"], error_words(rrmse), share_words(bias, signed=True), share_words(nothing)]
        for row in rows
        for rrmse, bias, nothing in [row["figures"][rule]]
    ]
    columns = [_("Meter"), _("Typical error"), _("Bias"), _("Paid for nothing, of load")]
    return Table(_("Meters that %(rule)s fits worst") % {"rule": rule}, columns, cells)
