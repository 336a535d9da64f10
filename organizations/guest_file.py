"""Reading whom to invite from a CSV file: email, first_name, last_name, role."""

import csv
import io
from dataclasses import dataclass

from django.utils.translation import gettext as _

from organizations.errors import CannotInvite, OrganizationError
from organizations.models import Membership, MembershipRole, Organization
from organizations.services import Guest
from organizations.services.invitations import checked_address

LARGEST = 200_000
MOST_ROWS = 500


class FileFault(OrganizationError):
    """The file as a whole cannot be used."""


@dataclass(frozen=True)
class Row:
    """One row of the file: whom it invites, or why it does not."""

    number: int
    email: str
    guest: Guest | None = None
    refusal: str = ""


def read_guests(content: bytes, *, organization: Organization) -> list[Row]:
    """Every row of the file, in order; nothing is sent yet.

    Raises:
        FileFault: It is no CSV with a column "email", is empty, or has more than 500 rows.
    """
    reader = csv.DictReader(io.StringIO(_text(content)))
    reader.fieldnames = [(name or "").strip().lower() for name in _heading(reader)]
    members = set(Membership.objects.filter(organization=organization).values_list("user__email", flat=True))
    rows: list[Row] = []
    seen: set[str] = set()
    try:
        for raw in reader:
            if len(rows) == MOST_ROWS:
                raise FileFault(_("The file has more than 500 rows. Split it."))
            rows.append(_row(reader.line_num, raw, members, seen))
    except csv.Error as fault:
        raise FileFault(_("Line %(number)s cannot be read as CSV.") % {"number": reader.line_num}) from fault
    if not rows:
        raise FileFault(_("The file has no rows."))
    return rows


def _text(content: bytes) -> str:
    if len(content) > LARGEST:
        raise FileFault(_("The file is larger than 200 kB."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FileFault(_("The file is not in UTF-8. Save it as “CSV UTF-8”.")) from None


def _heading(reader: "csv.DictReader[str]") -> list[str]:
    try:
        heading = list(reader.fieldnames or [])
    except csv.Error:
        heading = []
    if "email" not in [(name or "").strip().lower() for name in heading]:
        raise FileFault(
            _("The first line must name the columns: email,first_name,last_name,role. Only email is needed.")
        )
    return heading


def _row(number: int, raw: dict[str, str | None], members: set[str], seen: set[str]) -> Row:
    given = {
        key: (value or "").strip() for key, value in raw.items() if isinstance(key, str) and not isinstance(value, list)
    }
    role = given.get("role", "").lower() or MembershipRole.MEMBER.value
    try:
        email = checked_address(given.get("email", ""))
        if role not in MembershipRole.values:
            raise CannotInvite(_("The role is “%(role)s”; write member or admin.") % {"role": role[:20]})
        if email in seen:
            raise CannotInvite(_("The address stands in the file already."))
        if email in members:
            raise CannotInvite(_("This person belongs to the organization already, or has asked to."))
    except CannotInvite as refusal:
        return Row(number, given.get("email", "")[:254], refusal=str(refusal))
    seen.add(email)
    guest = Guest(email, role, given.get("first_name", "")[:50], given.get("last_name", "")[:50])
    return Row(number, email, guest=guest)
