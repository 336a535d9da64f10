"""Names, places and brand of a side, and rows that may be changed or deleted."""

from decimal import Decimal

from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.services import issue_token
from delivery.models import FailedJob
from meters.models import ClaimCode, Feeder, Meter, MeterMap
from meters.services import issue_claim_codes
from organizations.models import Distributor, GroupMember, Invitation, OrganizationGroup, OrganizationRequest
from organizations.services import Guest, invite, set_logo
from organizations.tests.pictures import PIXEL
from tests.access.world.life import Life
from tests.builder import Side, make_meter, make_organization, make_user


def name_everybody(side: Side, name: str) -> None:
    """Puts the marker into names and addresses of all people of a side."""
    for user in User.objects.filter(tenant=side.distributor.pk):
        email = f"{name.lower()}-{user.pk}@example.com"
        User.objects.filter(pk=user.pk).update(email=email, first_name=name, last_name=f"{name}-Person")
        EmailAddress.objects.filter(user=user).update(email=email)


def put_on_map(side: Side, name: str) -> None:
    """Puts the marker into meters, and the meters onto the map."""
    for number, meter in enumerate(Meter.objects.filter(distributor=side.distributor)):
        place = {"latitude": Decimal(44) + number, "longitude": Decimal(-72) - number}
        Meter.objects.filter(pk=meter.pk).update(name=f"{name} meter {number}", **place)


def describe(life: Life) -> None:
    """The people, meters and organizations of the side by name; and its brand."""
    side = life.side
    Distributor.objects.filter(pk=side.distributor.pk).update(accent="#5b2d8e")
    set_logo(distributor=side.distributor, content=PIXEL)
    home_map = MeterMap.objects.get(meter=side.home, entity=side.resident).pk
    life.objects |= {
        "home": side.home.pk,
        "school": side.school.pk,
        "schools": side.organization.pk,
        "home map": home_map,
        "member": side.member.membership.pk,
        "pending": side.pending.membership.pk,
        "resident": side.resident.pk,
        "group": life.rows["organizations/organizationgroup"],
        "asked": life.rows["organizations/organizationrequest"],
        "brand": side.distributor.pk,
        "feeder": side.home.feeder_id,
    }
    life.rows |= {
        "organizations/distributor": side.distributor.pk,
        "organizations/membership": side.member.membership.pk,
        "meters/metermap": home_map,
    }


def spare_rows(side: Side, name: str) -> dict[str, int]:
    """Rows that may be changed and deleted."""
    organization = make_organization(side.distributor, f"{name} Library")
    group = OrganizationGroup.objects.create(distributor=side.distributor, name=f"{name} group")
    GroupMember.objects.create(group=group, organization=side.organization)
    asker = make_user(side.distributor)
    wish = OrganizationRequest.objects.create(person=asker, distributor=side.distributor, name=f"{name} Museum")
    invitation = invite(organization=side.organization, guest=Guest(f"{name.lower()}-guest@example.com"), by=side.admin)
    Invitation.objects.filter(pk=invitation.pk).update(digest=Invitation.digest_of(f"{name}-link"))
    coded = make_meter(side.distributor, f"{name}-coded")
    issue_claim_codes(meters=[coded])
    token, _key = issue_token(user=side.staff, name=f"{name} token", scopes=["meters:read"])
    return {
        "accounts/user": make_user(side.distributor).pk,
        "organizations/organizationrequest": wish.pk,
        "organizations/invitation": invitation.pk,
        "meters/claimcode": ClaimCode.objects.get(meter=coded).pk,
        "delivery/failedjob": FailedJob.objects.create(task="sweep", error="none").pk,
        "accounts/apitoken": token.pk,
        "organizations/organization": organization.pk,
        "organizations/organizationgroup": group.pk,
        "meters/feeder": Feeder.objects.create(distributor=side.distributor, name=f"{name} spare").pk,
        "meters/meter": make_meter(side.distributor, f"{name}-spare").pk,
    }
