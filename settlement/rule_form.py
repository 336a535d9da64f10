"""A baseline rule as a form with plain fields."""

from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from settlement.baselines import (
    PRESETS,
    Adjustment,
    AdjustmentKind,
    BaselineError,
    DayRule,
    Method,
    Preset,
    Rounding,
    Select,
    preset_from_data,
    rule_data,
    rule_hash,
)
from settlement.baselines.presets import SMALLEST_GROUP, EstimatedSlots, Weekend
from settlement.models import BaselineRule

NO_ADJUSTMENT = "NONE"
PERCENT = 100
METHODS = {
    Method.DAY_MATCHING: gettext_lazy("one’s own days"),
    Method.FORECAST: gettext_lazy("the prediction made before people were told"),
    Method.CONTROL_GROUP: gettext_lazy("homes held out by lot"),
}
SELECTS = {
    Select.ALL: gettext_lazy("all of them"),
    Select.TOP: gettext_lazy("those with the most use"),
    Select.MIDDLE: gettext_lazy("those in the middle"),
}
ADJUSTMENTS = {
    NO_ADJUSTMENT: gettext_lazy("no"),
    AdjustmentKind.RATIO: gettext_lazy("yes, by a factor"),
    AdjustmentKind.ADDITIVE: gettext_lazy("yes, by adding"),
}
ROUNDINGS = {
    Rounding.WH_PER_SLOT: gettext_lazy("to 1 Wh in each interval"),
    Rounding.NONE: gettext_lazy("never, only the amount to the cent"),
}


def _number(label: Any, least: int = 0, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=options.pop("most", 366), **options)


def _percent(label: Any, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(label=label, min_value=0, max_value=1000, decimal_places=4, required=False, **options)


class BaselineRuleForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """An own rule; what is entered is checked as a whole, in the words of the rule itself."""

    start_from = forms.ChoiceField(
        label=gettext_lazy("Copy of preset"),
        required=False,
        help_text=gettext_lazy("Choose one for a new rule and leave the numbers: they are taken over."),
    )
    method = forms.ChoiceField(label=gettext_lazy("Usual use comes from"), choices=list(METHODS.items()))
    pool = _number(gettext_lazy("Business days gathered"), 1)
    used = _number(gettext_lazy("of which are averaged"), 1)
    minimum = _number(gettext_lazy("and at least needed"), 1)
    select = forms.ChoiceField(label=gettext_lazy("Averaged are"), choices=list(SELECTS.items()))
    weekend_pool = _number(gettext_lazy("Weekend days gathered"), 1)
    weekend_used = _number(gettext_lazy("of which are averaged"), 1)
    weekend_minimum = _number(gettext_lazy("and at least needed"), 1)
    weekend_select = forms.ChoiceField(label=gettext_lazy("Averaged are"), choices=list(SELECTS.items()))
    weekends_apart = forms.BooleanField(label=gettext_lazy("Saturdays and Sundays apart"), required=False)
    adjustment = forms.ChoiceField(
        label=gettext_lazy("Compare the hours before the event"), choices=list(ADJUSTMENTS.items())
    )
    opens_minutes_before = _number(gettext_lazy("from, minutes before the event"), required=False, most=1440)
    window_minutes = _number(gettext_lazy("for how many minutes"), required=False, most=1440)
    low_percent = _percent(gettext_lazy("Lowest factor, percent"))
    high_percent = _percent(gettext_lazy("Highest factor, percent"))
    share_percent = _percent(
        gettext_lazy("Add at most, percent of usual use"), help_text=gettext_lazy("Empty: no limit.")
    )
    shrink_percent = _percent(gettext_lazy("Part of the difference that counts, percent"), initial=100)
    rounding = forms.ChoiceField(label=gettext_lazy("Rounded"), choices=list(ROUNDINGS.items()))
    estimates_count = forms.BooleanField(label=gettext_lazy("Estimated readings of the event earn"), required=False)
    skip_days = _number(gettext_lazy("Days right before the event left out"))
    skips_told_day = forms.BooleanField(
        label=gettext_lazy("Leave out the day before the event where people were told by then"), required=False
    )
    days_back = _number(gettext_lazy("Days looked back"), 1)
    days_back_extended = _number(gettext_lazy("and if too few were found"), 1)
    low_usage_percent = _percent(
        gettext_lazy("Leave out days under, percent of the mean"), help_text=gettext_lazy("Empty: none is left out.")
    )
    estimated_percent = _percent(gettext_lazy("Leave out days with more estimates than, percent"), initial=20)
    event_days_fallback = forms.BooleanField(label=gettext_lazy("Event days may fill up"), required=False)
    group_minimum = _number(gettext_lazy("Fewest homes held out"), required=False)

    class Meta:
        model = BaselineRule
        fields = ["distributor", "name", "description"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", _("none")), *((name, name) for name in PRESETS)]
        if "start_from" in self.fields:
            self.fields["start_from"].choices = choices  # type: ignore[attr-defined]  # a choice
        given = self.data.get("start_from") if self.is_bound else ""
        stored = preset_from_data(self.instance.data) if self.instance.pk else None
        start = PRESETS.get(str(given or "")) or stored or PRESETS["ten-in-ten-ratio-20"]
        for name, value in plain_fields(start).items():
            if name in self.fields:
                self.initial.setdefault(name, value)
        if self.is_bound and given:
            # A copy: what the preset says, under the name and in the words that were entered.
            self.data = self.data.copy()  # type: ignore[attr-defined]  # of a form that is mixed in, its data mutable
            for name, value in plain_fields(start).items():
                self.data[name] = "" if value is None else value  # type: ignore[index]  # of a form that is mixed in, its data mutable
            for name in [name for name, value in plain_fields(start).items() if value is False]:
                self.data.pop(name, None)  # type: ignore[attr-defined]  # of a form that is mixed in, its data mutable
            self.data["description"] = self.data.get("description") or start.description  # type: ignore[index]  # of a form that is mixed in, its data mutable
        self._start = start if given else stored

    def clean_name(self) -> str:
        """A preset's name belongs to the preset."""
        name = str(self.cleaned_data["name"])
        if name in PRESETS:
            raise forms.ValidationError(_("A preset has this name; choose another one."))
        return name

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                self.rule = rule_from_fields(cleaned, self._start)
            except (BaselineError, TypeError, ValueError, ZeroDivisionError) as error:
                raise forms.ValidationError(str(error)) from error
        return cleaned

    def save(self, commit: bool = True) -> Any:
        """The row with the rule and its hash."""
        self.instance.data, self.instance.sha256 = rule_data(self.rule), rule_hash(self.rule)
        return super().save(commit)


def plain_fields(rule: Preset) -> dict[str, Any]:
    """What the form's fields say of a rule."""
    adjustment = rule.adjustment
    return {
        "method": rule.method.value,
        "pool": rule.business.pool,
        "used": rule.business.used,
        "minimum": rule.business.minimum,
        "select": rule.business.select.value,
        "weekend_pool": rule.weekend.pool,
        "weekend_used": rule.weekend.used,
        "weekend_minimum": rule.weekend.minimum,
        "weekend_select": rule.weekend.select.value,
        "weekends_apart": rule.weekends is Weekend.APART,
        "adjustment": NO_ADJUSTMENT if adjustment is None else adjustment.kind.value,
        "opens_minutes_before": adjustment and adjustment.opens_minutes_before,
        "window_minutes": adjustment and adjustment.window_minutes,
        "low_percent": _shown(getattr(adjustment, "low", None)),
        "high_percent": _shown(getattr(adjustment, "high", None)),
        "share_percent": _shown(getattr(adjustment, "share", None)),
        "shrink_percent": _shown(adjustment.shrink if adjustment else Fraction(1)),
        "rounding": rule.rounding.value,
        "estimates_count": rule.estimated_slots is EstimatedSlots.COUNT,
        "skip_days": rule.skip_days,
        "skips_told_day": rule.skips_told_day,
        "days_back": rule.days_back,
        "days_back_extended": rule.days_back_extended,
        "low_usage_percent": _shown(rule.low_usage_share),
        "estimated_percent": _shown(rule.estimated_share),
        "event_days_fallback": rule.event_days_fallback,
        "group_minimum": rule.group_minimum or None,
    }


def _shown(share: Fraction | None) -> str | None:
    return None if share is None else f"{float(share * PERCENT):.4f}".rstrip("0").rstrip(".")


def rule_from_fields(said: dict[str, Any], start: Preset | None = None) -> Preset:
    """The rule that the form's fields say; weights, and fractions that percents cannot say, stay as in `start`.

    Raises:
        InvalidPreset: The rule contradicts itself, with a sentence that says how.
    """
    method = Method(said["method"])
    return Preset(
        name=said["name"],
        description=said["description"],
        business=_days(said, "", getattr(start, "business", None)),
        weekend=_days(said, "weekend_", getattr(start, "weekend", None)),
        weekends=Weekend.APART if said["weekends_apart"] else Weekend.TOGETHER,
        adjustment=_adjustment(said, getattr(start, "adjustment", None)),
        rounding=Rounding(said["rounding"]),
        estimated_slots=EstimatedSlots.COUNT if said["estimates_count"] else EstimatedSlots.EARN_NOTHING,
        skip_days=said["skip_days"],
        skips_told_day=said["skips_told_day"],
        days_back=said["days_back"],
        days_back_extended=said["days_back_extended"],
        low_usage_share=_share(said["low_usage_percent"], getattr(start, "low_usage_share", None)),
        estimated_share=_share(said["estimated_percent"], getattr(start, "estimated_share", None)) or Fraction(0),
        event_days_fallback=said["event_days_fallback"],
        method=method,
        group_minimum=(said["group_minimum"] or SMALLEST_GROUP) if method is Method.CONTROL_GROUP else 0,
    )


def _days(said: dict[str, Any], part: str, start: DayRule | None) -> DayRule:
    pool, used, minimum = (said[f"{part}{name}"] for name in ("pool", "used", "minimum"))
    select = Select(said[f"{part}select"])
    same = start is not None and (start.used, start.select) == (used, select)
    return DayRule(pool, used, minimum, select, start.weights if start is not None and same else ())


def _adjustment(said: dict[str, Any], start: Adjustment | None) -> Adjustment | None:
    if said["adjustment"] == NO_ADJUSTMENT:
        return None
    kind = AdjustmentKind(said["adjustment"])
    ratio = kind is AdjustmentKind.RATIO
    return Adjustment(
        kind,
        opens_minutes_before=said["opens_minutes_before"] or 0,
        window_minutes=said["window_minutes"] or 0,
        low=_share(said["low_percent"], getattr(start, "low", None)) if ratio else None,
        high=_share(said["high_percent"], getattr(start, "high", None)) if ratio else None,
        share=None if ratio else _share(said["share_percent"], getattr(start, "share", None)),
        shrink=_share(said["shrink_percent"], getattr(start, "shrink", None)) or Fraction(1),
    )


def _share(percent: Any, start: Fraction | None) -> Fraction | None:
    if percent is None:
        return None
    # Five sevenths is no whole number of percents: what was not touched stays exact.
    if start is not None and _shown(start) == _shown(Fraction(percent) / PERCENT):
        return start
    return Fraction(percent) / PERCENT
