"""An audit's figures as CSV rows."""

from collections.abc import Iterator
from typing import Any, Protocol

from common.spreadsheet import safe_cell

COLUMNS = (
    "preset", "scope", "name", "cells", "median_rrmse", "rrmse_low", "rrmse_high", "bias", "bias_low", "bias_high",
    "pay_for_nothing", "pay_low", "pay_high", "money", "verdict", "coverage",
)  # fmt: skip


class Writer(Protocol):
    """What takes rows."""

    def writerow(self, row: Any, /) -> Any:
        """Takes one."""


def write_placebo_csv(writer: Writer, result: dict[str, Any]) -> int:
    """How many rows were written below the head: shares as parts of 1, one scope each."""
    writer.writerow(COLUMNS)
    count = 0
    for row in _rows(result):
        writer.writerow(["" if value is None else value for value in row])
        count += 1
    return count


def _rows(result: dict[str, Any]) -> Iterator[list[Any]]:
    for rule in result["rules"]:
        yield _whole(rule)
        for half in ("earlier", "later"):
            if rule.get(half):
                yield _of_half(rule, half, rule[half])
        for each in rule["hours"]:
            yield _part(rule, "hour", str(each["hour"]), each)
        for each in rule["segments"]:
            yield _part(rule, each["kind"], safe_cell(each["name"]), each)
        for meter in result["meter_rows"]:
            rrmse, bias, nothing = meter["figures"][rule["preset"]]
            figures = {"cells": None, "rrmse": rrmse, "bias": bias, "for_nothing": nothing}
            yield _part(rule, "meter", safe_cell(meter["number"]), figures)
    for row in result["not_applicable"]:
        yield [row["preset"], "all", "", *[None] * 11, f"not applicable: {row['reason']}", row.get("share")]


def _whole(rule: dict[str, Any]) -> list[Any]:
    spans = rule["intervals"]
    return [
        rule["preset"], "all", "", rule["cells"], rule["rrmse"], *spans["rrmse"], rule["bias"], *spans["bias"],
        rule["for_nothing"], *spans["for_nothing"], f"{rule['money']:.2f}", rule["verdict"],
        rule.get("coverage"),
    ]  # fmt: skip


def _of_half(rule: dict[str, Any], name: str, each: dict[str, Any]) -> list[Any]:
    spans = each["intervals"]
    return [
        rule["preset"], "half", name, each["cells"], each["rrmse"], *spans["rrmse"], each["bias"], *spans["bias"],
        each["for_nothing"], *spans["for_nothing"], None, None, None,
    ]  # fmt: skip


def _part(rule: dict[str, Any], scope: str, name: str, each: dict[str, Any]) -> list[Any]:
    return [
        rule["preset"], scope, name, each["cells"], each["rrmse"], None, None, each["bias"], None, None,
        each["for_nothing"], None, None, None, None, None,
    ]  # fmt: skip
