"""The change history in words: who did what, and each value before and after."""

from dataclasses import dataclass
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from accounts.models import AuditEntry, User

LONGEST = 120
_NOTHING = ("", "None", None)

_NOUNS = {
    "account": gettext_lazy("account"),
    "acting": gettext_lazy("acting as somebody"),
    "apitoken": gettext_lazy("API token"),
    "claim_code": gettext_lazy("claim code"),
    "data": gettext_lazy("own data"),
    "distributor": gettext_lazy("distributor"),
    "enrollment": gettext_lazy("enrollment"),
    "enrollments": gettext_lazy("enrollments"),
    "event": gettext_lazy("event"),
    "exclusion": gettext_lazy("time that does not count"),
    "feeder": gettext_lazy("feeder"),
    "feeders": gettext_lazy("feeders"),
    "group": gettext_lazy("group"),
    "groups": gettext_lazy("groups"),
    "import": gettext_lazy("import of readings"),
    "hit": gettext_lazy("doubt about readings"),
    "importbatch": gettext_lazy("import of readings"),
    "invitation": gettext_lazy("invitation"),
    "ledger": gettext_lazy("ledger"),
    "member": gettext_lazy("member"),
    "membership": gettext_lazy("membership"),
    "message": gettext_lazy("message"),
    "meter": gettext_lazy("meter"),
    "metermap": gettext_lazy("holder of a meter"),
    "meters": gettext_lazy("meters"),
    "mfa": gettext_lazy("second factor"),
    "organization": gettext_lazy("organization"),
    "organizationgroup": gettext_lazy("group"),
    "organizations": gettext_lazy("organizations"),
    "page": gettext_lazy("page"),
    "qualityhit": gettext_lazy("doubt about readings"),
    "readings": gettext_lazy("readings"),
    "program": gettext_lazy("program"),
    "session": gettext_lazy("session"),
    "terms": gettext_lazy("terms of a program"),
    "programversion": gettext_lazy("terms of a program"),
    "nomination": gettext_lazy("promised kW"),
    "consent": gettext_lazy("consent"),
    "token": gettext_lazy("API token"),
    "user": gettext_lazy("person"),
}
_VERBS = {
    "accept": pgettext_lazy("deed", "accepted"),
    "accepted": pgettext_lazy("deed", "accepted"),
    "add": pgettext_lazy("deed", "added"),
    "added": pgettext_lazy("deed", "added"),
    "announced": pgettext_lazy("deed", "announced"),
    "answered": pgettext_lazy("deed", "answered"),
    "approve": pgettext_lazy("deed", "approved"),
    "asked": pgettext_lazy("deed", "asked to join"),
    "brand": pgettext_lazy("deed", "given another look"),
    "cancelled": pgettext_lazy("deed", "cancelled"),
    "change": pgettext_lazy("deed", "changed"),
    "changed": pgettext_lazy("deed", "changed"),
    "claimed": pgettext_lazy("deed", "claimed"),
    "closed": pgettext_lazy("deed", "closed"),
    "correct": pgettext_lazy("deed", "corrected"),
    "estimate": pgettext_lazy("deed", "estimated"),
    "create": pgettext_lazy("deed", "created"),
    "created": pgettext_lazy("deed", "created"),
    "delete": pgettext_lazy("deed", "deleted"),
    "deleted": pgettext_lazy("deed", "deleted"),
    "demote": pgettext_lazy("deed", "made an ordinary member"),
    "download": pgettext_lazy("deed", "downloaded"),
    "drop": pgettext_lazy("deed", "dropped"),
    "downloaded": pgettext_lazy("deed", "downloaded"),
    "end": pgettext_lazy("deed", "ended"),
    "ended": pgettext_lazy("deed", "ended"),
    "import": pgettext_lazy("deed", "imported"),
    "imported": pgettext_lazy("deed", "imported"),
    "issued": pgettext_lazy("deed", "issued"),
    "leave": pgettext_lazy("deed", "left"),
    "logo": pgettext_lazy("deed", "given another logo"),
    "mapped": pgettext_lazy("deed", "given to a holder"),
    "members": pgettext_lazy("deed", "given other members"),
    "moved_out": pgettext_lazy("deed", "left by its holder"),
    "post": pgettext_lazy("deed", "posted"),
    "promote": pgettext_lazy("deed", "made an admin"),
    "refuse": pgettext_lazy("deed", "refused"),
    "refused": pgettext_lazy("deed", "refused"),
    "store": pgettext_lazy("deed", "stored"),
    "undo_asked": pgettext_lazy("deed", "asked to be undone"),
    "undo_confirmed": pgettext_lazy("deed", "undone, as confirmed"),
    "undo_refused": pgettext_lazy("deed", "kept: its undo was refused"),
    "upload": pgettext_lazy("deed", "uploaded"),
    "reject": pgettext_lazy("deed", "refused"),
    "remove": pgettext_lazy("deed", "removed"),
    "removed": pgettext_lazy("deed", "removed"),
    "rename": pgettext_lazy("deed", "given another name"),
    "renewed": pgettext_lazy("deed", "renewed"),
    "reopen": pgettext_lazy("deed", "waits again"),
    "requested": pgettext_lazy("deed", "requested"),
    "resend": pgettext_lazy("deed", "sent again"),
    "reset": pgettext_lazy("deed", "reset"),
    "retire": pgettext_lazy("deed", "taken out of service"),
    "return": pgettext_lazy("deed", "put back into service"),
    "revoked": pgettext_lazy("deed", "revoked"),
    "role": pgettext_lazy("deed", "given another role"),
    "scheduled": pgettext_lazy("deed", "scheduled"),
    "see": pgettext_lazy("deed", "looked at a page"),
    "seen": pgettext_lazy("deed", "seen"),
    "sent": pgettext_lazy("deed", "sent"),
    "settle": pgettext_lazy("deed", "settled"),
    "start": pgettext_lazy("deed", "begun"),
    "stays": pgettext_lazy("deed", "kept by its holder"),
    "stop": pgettext_lazy("deed", "ended"),
    "terms": pgettext_lazy("deed", "given other terms"),
    "agreed": pgettext_lazy("deed", "agreed to"),
    "applied": pgettext_lazy("deed", "asked for"),
    "discarded": pgettext_lazy("deed", "discarded"),
    "drafted": pgettext_lazy("deed", "drafted"),
    "nominated": pgettext_lazy("deed", "given another figure"),
    "opened": pgettext_lazy("deed", "opened"),
    "paused": pgettext_lazy("deed", "paused"),
    "published": pgettext_lazy("deed", "published"),
    "resumed": pgettext_lazy("deed", "resumed"),
    "withdraw": pgettext_lazy("deed", "withdrawn"),
    "withdrawn": pgettext_lazy("deed", "withdrawn"),
}
_ACTIONS = {
    AuditEntry.Action.CREATE: pgettext_lazy("deed", "created"),
    AuditEntry.Action.UPDATE: pgettext_lazy("deed", "changed"),
    AuditEntry.Action.DELETE: pgettext_lazy("deed", "deleted"),
    AuditEntry.Action.ACCESS: pgettext_lazy("deed", "looked at"),
}


@dataclass(frozen=True)
class Line:
    """One value that changed."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Told:
    """One entry as people read it."""

    entry: AuditEntry
    act: str
    who: str
    acting_as: str
    lines: list[Line]


def entries_of(row: Model, reader: Any) -> QuerySet[AuditEntry]:
    """What happened to one row, the newest first, as far as the reader may know."""
    kind = ContentType.objects.get_for_model(type(row))
    entries: QuerySet[AuditEntry] = AuditEntry.objects.visible_to(reader).filter(content_type=kind, object_id=row.pk)
    return entries.select_related("actor", "acting_as").order_by("-timestamp", "-id")


def told(entry: AuditEntry) -> Told:
    """The entry in words; `actor` and `acting_as` should have been fetched along."""
    acting_as = _name(entry.acting_as_id, entry.acting_as) if entry.acting_as_id else ""
    return Told(entry, act_words(entry.act, entry), _name(entry.actor_id, entry.actor), acting_as, lines_of(entry))


def act_words(act: str, entry: AuditEntry | None = None) -> str:
    """An act like "member.approve" in words: "Member approved"."""
    if not act:
        return _unnamed(entry) if entry is not None else ""
    noun, _dot, verb = act.partition(".")
    return _joined(_NOUNS.get(noun) or noun.replace("_", " "), _VERBS.get(verb) or verb.replace("_", " "))


def _unnamed(entry: AuditEntry) -> str:
    kind = entry.content_type.name if entry.content_type_id else ""
    return _joined(kind, _ACTIONS[entry.action])


def _joined(what: object, done: object) -> str:
    # Languages in which the deed would have to agree with the gender of the thing put a colon between them.
    words = _("%(what)s %(done)s") % {"what": what, "done": done} if what and done else f"{what}{done}"
    return capfirst(words)


def lines_of(entry: AuditEntry) -> list[Line]:
    """What changed, value by value. Rows that are pointed at stand as their number: names may be gone by now."""
    changes = entry.changes if isinstance(entry.changes, dict) else {}
    model = entry.content_type.model_class() if entry.content_type_id else None
    return [_line(model, name, change) for name, change in changes.items()]


def _line(model: type[Model] | None, name: str, change: Any) -> Line:
    field = _field(model, name)
    label = capfirst(str(getattr(field, "verbose_name", "") or name.replace("_", " ")))
    if isinstance(change, dict):
        names = ", ".join(str(each) for each in change.get("objects", []))
        is_new = change.get("operation") == "add"
        return Line(label, "" if is_new else names, names if is_new else "")
    old, new = (*change, None, None)[:2]
    return Line(label, _value(field, old), _value(field, new))


def _field(model: type[Model] | None, name: str) -> Any:
    if model is None:
        return None
    try:
        return model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


def _value(field: Any, value: Any) -> str:
    if value in _NOTHING:
        return ""
    text = str(value)
    for key, label in getattr(field, "flatchoices", None) or ():
        if str(key) == text:
            return str(label)
    if text in ("True", "False"):
        return _("yes") if text == "True" else _("no")
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _name(pk: int | None, user: User | None) -> str:
    if pk is None:
        return _("the portal itself")
    return str(user) if user is not None else _("person %(number)s") % {"number": pk}
