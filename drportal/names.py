"""Names of models and fields that Django makes up from Python's, marked for translation.

A verbose name in the model would be a migration for a word. So the names that nobody gave stand here, and are
exchanged for their translations when the apps are ready; `makemigrations` looks at what the models themselves say.
"""

from collections.abc import Iterator
from typing import Any

from django.apps import AppConfig, apps
from django.db.models import Field, Model
from django.utils.text import camel_case_to_spaces
from django.utils.translation import gettext_lazy, gettext_noop

NAMES = (
    gettext_noop("Accounts"),
    gettext_noop("Dashboards"),
    gettext_noop("Delivery"),
    gettext_noop("Events"),
    gettext_noop("Forecasting"),
    gettext_noop("Meters"),
    gettext_noop("Openadr"),
    gettext_noop("Organizations"),
    gettext_noop("Settlement"),
    gettext_noop("accepted by"),
    gettext_noop("account"),
    gettext_noop("after revision"),
    gettext_noop("amount"),
    gettext_noop("answer"),
    gettext_noop("api token"),
    gettext_noop("api tokens"),
    gettext_noop("archived month"),
    gettext_noop("archived months"),
    gettext_noop("at"),
    gettext_noop("attempt"),
    gettext_noop("attempts"),
    gettext_noop("baseline wh"),
    gettext_noop("batch"),
    gettext_noop("batch span"),
    gettext_noop("batch spans"),
    gettext_noop("beat at"),
    gettext_noop("body sha256"),
    gettext_noop("changed by"),
    gettext_noop("claim code"),
    gettext_noop("claim codes"),
    gettext_noop("claimed at"),
    gettext_noop("compared wh"),
    gettext_noop("content"),
    gettext_noop("created at"),
    gettext_noop("created by"),
    gettext_noop("credit"),
    gettext_noop("current resident"),
    gettext_noop("daily energies"),
    gettext_noop("daily energy"),
    gettext_noop("data version"),
    gettext_noop("day"),
    gettext_noop("decided at"),
    gettext_noop("decided by"),
    gettext_noop("dedupe key"),
    gettext_noop("delivered wh"),
    gettext_noop("demand savings"),
    gettext_noop("digest"),
    gettext_noop("distributor"),
    gettext_noop("distributor logo"),
    gettext_noop("distributor logos"),
    gettext_noop("distributors"),
    gettext_noop("done"),
    gettext_noop("end"),
    gettext_noop("energy wh"),
    gettext_noop("engine"),
    gettext_noop("enrollment"),
    gettext_noop("enrollments"),
    gettext_noop("entity"),
    gettext_noop("error"),
    gettext_noop("estimated slots"),
    gettext_noop("event"),
    gettext_noop("event target"),
    gettext_noop("event targets"),
    gettext_noop("event wh"),
    gettext_noop("events"),
    gettext_noop("exclusion"),
    gettext_noop("exclusions"),
    gettext_noop("expires at"),
    gettext_noop("fallback reason"),
    gettext_noop("feeder"),
    gettext_noop("feeders"),
    gettext_noop("finished at"),
    gettext_noop("fixed kind"),
    gettext_noop("forecast"),
    gettext_noop("forecast number"),
    gettext_noop("forecasts"),
    gettext_noop("former wh"),
    gettext_noop("found at"),
    gettext_noop("group"),
    gettext_noop("group member"),
    gettext_noop("group members"),
    gettext_noop("held until"),
    gettext_noop("holder"),
    gettext_noop("horizon hours"),
    gettext_noop("hourly energies"),
    gettext_noop("hourly energy"),
    gettext_noop("import batch"),
    gettext_noop("import batches"),
    gettext_noop("inputs sha256"),
    gettext_noop("interval reading"),
    gettext_noop("interval readings"),
    gettext_noop("invitation"),
    gettext_noop("invitations"),
    gettext_noop("invited by"),
    gettext_noop("issued at"),
    gettext_noop("key"),
    gettext_noop("kind"),
    gettext_noop("ledger batch"),
    gettext_noop("ledger batches"),
    gettext_noop("ledger entries"),
    gettext_noop("ledger entry"),
    gettext_noop("line"),
    gettext_noop("lower wh"),
    gettext_noop("mae wh"),
    gettext_noop("manifest sha256"),
    gettext_noop("marked at"),
    gettext_noop("media type"),
    gettext_noop("membership"),
    gettext_noop("memberships"),
    gettext_noop("message"),
    gettext_noop("messages"),
    gettext_noop("meter"),
    gettext_noop("meter forecast"),
    gettext_noop("meter forecasts"),
    gettext_noop("meter ids"),
    gettext_noop("meter map"),
    gettext_noop("meter maps"),
    gettext_noop("meters"),
    gettext_noop("modification number"),
    gettext_noop("naive mae wh"),
    gettext_noop("next attempt at"),
    gettext_noop("nomination"),
    gettext_noop("nomination kw"),
    gettext_noop("nominations"),
    gettext_noop("notice"),
    gettext_noop("notices"),
    gettext_noop("notification choice"),
    gettext_noop("notification choices"),
    gettext_noop("number"),
    gettext_noop("open meter"),
    gettext_noop("options"),
    gettext_noop("organization"),
    gettext_noop("organization group"),
    gettext_noop("organization groups"),
    gettext_noop("organization request"),
    gettext_noop("organization requests"),
    gettext_noop("organizations"),
    gettext_noop("participation"),
    gettext_noop("participations"),
    gettext_noop("payload"),
    gettext_noop("peak start"),
    gettext_noop("peak wh"),
    gettext_noop("performance factor"),
    gettext_noop("performance wh"),
    gettext_noop("personal export"),
    gettext_noop("personal exports"),
    gettext_noop("pk"),
    gettext_noop("posted at"),
    gettext_noop("predicted slots"),
    gettext_noop("predicted wh"),
    gettext_noop("prediction"),
    gettext_noop("predictions"),
    gettext_noop("preset"),
    gettext_noop("previous sha256"),
    gettext_noop("program"),
    gettext_noop("program version"),
    gettext_noop("program versions"),
    gettext_noop("programs"),
    gettext_noop("quality"),
    gettext_noop("quality hit"),
    gettext_noop("quality hits"),
    gettext_noop("quality mark"),
    gettext_noop("quality marks"),
    gettext_noop("read at"),
    gettext_noop("reading revision"),
    gettext_noop("reading revisions"),
    gettext_noop("ready at"),
    gettext_noop("reason"),
    gettext_noop("recipient"),
    gettext_noop("refreshed at"),
    gettext_noop("register read"),
    gettext_noop("register reads"),
    gettext_noop("replaced at"),
    gettext_noop("replaced by wh"),
    gettext_noop("requested at"),
    gettext_noop("resident meter"),
    gettext_noop("rollup mark"),
    gettext_noop("rollup marks"),
    gettext_noop("route"),
    gettext_noop("rule sha256"),
    gettext_noop("run"),
    gettext_noop("rung"),
    gettext_noop("saving slots"),
    gettext_noop("saving wh"),
    gettext_noop("scope hour"),
    gettext_noop("scope hours"),
    gettext_noop("scope id"),
    gettext_noop("scope mark"),
    gettext_noop("scope marks"),
    gettext_noop("scope state"),
    gettext_noop("scope states"),
    gettext_noop("sent request"),
    gettext_noop("sent requests"),
    gettext_noop("serialized data"),
    gettext_noop("settlement line"),
    gettext_noop("settlement lines"),
    gettext_noop("settlement run"),
    gettext_noop("settlement runs"),
    gettext_noop("sha256"),
    gettext_noop("slots"),
    gettext_noop("source"),
    gettext_noop("start"),
    gettext_noop("started at"),
    gettext_noop("state"),
    gettext_noop("status"),
    gettext_noop("stored by"),
    gettext_noop("tenant"),
    gettext_noop("totals"),
    gettext_noop("trace"),
    gettext_noop("undo asked at"),
    gettext_noop("undo asked by"),
    gettext_noop("undo reason"),
    gettext_noop("undone by"),
    gettext_noop("unused email"),
    gettext_noop("upper wh"),
    gettext_noop("url"),
    gettext_noop("user"),
    gettext_noop("users"),
    gettext_noop("usual wh"),
    gettext_noop("value wh"),
    gettext_noop("version"),
    gettext_noop("waiting person"),
    gettext_noop("wh"),
)  # all of them
"""Every word of `made_up`; a test compares."""


def rooms() -> list[AppConfig]:
    """Our own apps."""
    return [config for config in apps.get_app_configs() if not config.name.count(".") and _is_ours(config)]


def _is_ours(config: AppConfig) -> bool:
    return "site-packages" not in config.path and config.label != "portal"


def made_up() -> set[str]:
    """What Django made up: of apps, models and fields that have no name of their own."""
    words = {config.label.title() for config in rooms()}
    words |= {name for model in _models() for name in (_singular(model), _plural(model)) if name}
    return words | {field.name.replace("_", " ") for field in _unnamed_fields()}


def translate_names() -> None:
    """Exchanges what Django made up for words in the reader's language."""
    for config in rooms():
        config.verbose_name = gettext_lazy(config.label.title())
    for field in _unnamed_fields():
        field.verbose_name = gettext_lazy(field.name.replace("_", " "))
    for model in _models():
        if singular := _singular(model):
            model._meta.verbose_name = gettext_lazy(singular)
        if plural := _plural(model):
            model._meta.verbose_name_plural = gettext_lazy(plural)


def _models() -> Iterator[type[Model]]:
    for config in rooms():
        yield from config.get_models()


def _singular(model: type[Model]) -> str:
    return "" if "verbose_name" in model._meta.original_attrs else camel_case_to_spaces(model.__name__)


def _plural(model: type[Model]) -> str:
    name = _singular(model)
    if not name or "verbose_name_plural" in model._meta.original_attrs:
        return ""
    if name.endswith("y"):
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith("ch") else f"{name}s"


def _unnamed_fields() -> Iterator["Field[Any, Any]"]:
    for model in _models():
        for field in [*model._meta.local_fields, *model._meta.local_many_to_many]:
            if field._verbose_name is None:  # type: ignore[attr-defined]
                yield field
