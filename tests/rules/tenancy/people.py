"""Keys of members and groups."""

from tests.rules.examples.example import Change
from tests.rules.kit import Kit
from tests.rules.tenancy.kinds import Refused


def _membership(kit: Kit) -> Change:
    assert kit.member
    return kit.membership_of(kit.member), {"user": kit.person(kit.there)}


def _membership_elsewhere(kit: Kit) -> Change:
    assert kit.member
    return kit.membership_of(kit.member), {"organization": kit.foreign_organization}


def _group_member(kit: Kit) -> Change:
    return kit.group_member, {"organization": kit.foreign_organization}


def _group_of_member(kit: Kit) -> Change:
    theirs = type(kit.group).objects.create(distributor=kit.there, name="Theirs")
    return kit.group_member, {"group": theirs}


SAME = {
    ("organizations.GroupMember", "group"): Refused(("group_member_same_distributor",), _group_of_member),
    ("organizations.GroupMember", "organization"): Refused(("group_member_same_distributor",), _group_member),
    ("organizations.Membership", "user"): Refused(("membership_same_distributor", "membership_stays"), _membership),
    ("organizations.Membership", "organization"): Refused(
        ("membership_same_distributor", "membership_stays"),
        _membership_elsewhere,
        lambda kit: {"user": kit.person(), "role": "admin"},
    ),
}
