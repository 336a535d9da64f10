"""What happened in an organization, as its admins read it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import AuditEntry, User
from organizations.models import Invitation, Membership, Organization, OrganizationRequest

# Act -> what is said of it; with %(whom)s where it is done to somebody.
ACTS = {
    "member.asked": gettext_lazy("asked to join"),
    "member.approve": gettext_lazy("let %(whom)s in"),
    "member.refuse": gettext_lazy("refused %(whom)s"),
    "member.reopen": gettext_lazy("took back the answer to %(whom)s"),
    "member.promote": gettext_lazy("made %(whom)s an admin"),
    "member.demote": gettext_lazy("made %(whom)s a member"),
    "member.remove": gettext_lazy("removed %(whom)s"),
    "member.leave": gettext_lazy("left the organization"),
    "member.withdraw": gettext_lazy("withdrew the own request"),
    "organization.created": gettext_lazy("registered the organization for %(whom)s"),
    "invitation.sent": gettext_lazy("sent an invitation"),
    "invitation.withdrawn": gettext_lazy("withdrew an invitation"),
    "invitation.accepted": gettext_lazy("accepted an invitation"),
    "account.closed": gettext_lazy("closed the own account"),
}
# One deed may change rows of several kinds; the history tells it once, by the row that it is about.
_TOLD_BY: dict[str, type[Any]] = {
    "member.": Membership,
    "account.": Membership,
    "organization.": OrganizationRequest,
    "invitation.": Invitation,
}


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of the history."""

    at: datetime
    who: str
    what: str
    why: str


def entries_of(organization_id: int, *, person: int | None = None, act: str = "") -> QuerySet[AuditEntry]:
    """The organization's own entries, the newest first; those that a person did or that concern them."""
    entries: QuerySet[AuditEntry] = AuditEntry.objects.of_organization(organization_id)
    for prefix, model in _TOLD_BY.items():
        other = ~Q(content_type__app_label=model._meta.app_label, content_type__model=model._meta.model_name)
        entries = entries.exclude(Q(act__startswith=prefix) & other)
    if act:
        entries = entries.filter(act=act)
    if person is not None:
        entries = entries.filter(Q(actor_id=person) | Q(additional_data__person=person))
    return entries


def told(entries: Iterable[AuditEntry]) -> list[Deed]:
    """The entries in words; two queries, however many there are."""
    rows = list(entries)
    ids = {pk for row in rows for pk in (row.actor_id, row.acting_as_id, _person(row)) if pk}
    names = names_of(ids)
    return [_told(row, names) for row in rows]


def names_of(ids: Iterable[int]) -> dict[int, str]:
    """Names by id; of an account that was closed there is none."""
    people = User.objects.filter(pk__in=set(ids))
    return {user.pk: _("a closed account") if user.closed_at else user.get_full_name() for user in people}


def _person(entry: AuditEntry) -> int | None:
    data = entry.additional_data
    found = data.get("person") if isinstance(data, dict) else None
    return found if isinstance(found, int) else None


def _told(entry: AuditEntry, names: dict[int, str]) -> Deed:
    gone = _("a closed account")
    who = names.get(entry.actor_id, gone) if entry.actor_id else _("The portal")
    if entry.acting_as_id:
        who = _("%(who)s, acting as %(whom)s") % {"who": who, "whom": names.get(entry.acting_as_id, gone)}
    person = _person(entry)
    whom = names.get(person, gone) if person else _("somebody")
    return Deed(at=entry.timestamp, who=who, what=_what(entry, whom, concerns=bool(person)), why=entry.reason)


def _what(entry: AuditEntry, whom: str, *, concerns: bool) -> str:
    if entry.act in ACTS:
        return str(ACTS[entry.act]) % {"whom": whom}
    changed = {0: _("added %(what)s"), 1: _("changed %(what)s"), 2: _("deleted %(what)s")}
    return changed.get(entry.action, _("opened %(what)s")) % {"what": whom if concerns else entry.object_repr}


def people_of(organization: Organization) -> list[tuple[int, str]]:
    """Who may be filtered by: those who belong to it now, by name."""
    members = User.objects.filter(membership__organization_id=organization.pk)
    return sorted(((user.pk, user.get_full_name()) for user in members), key=lambda pair: pair[1].casefold())


def act_choices() -> list[tuple[str, str]]:
    """The acts as the filter names them."""
    words = {"whom": _("somebody")}
    return [(act, str(said) % words) for act, said in ACTS.items()]
