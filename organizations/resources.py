"""Lists of organizations, groups and members."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.exchange import Column, NumberColumn, RowColumn, TenantResource
from accounts.models import Kind
from organizations.models import GroupMember, Membership, Organization, OrganizationGroup


class OrganizationResource(TenantResource):
    """Organizations: one row each, found by name."""

    name = Column("name", "name", _("The organization’s name; it is found by it."), required=True)
    latitude = NumberColumn("latitude", "lat", _("Degrees north, like 44.4759."))
    longitude = NumberColumn("longitude", "lon", _("Degrees east, like -73.2121."))

    noun: ClassVar[str] = "organizations"
    example: ClassVar[dict[str, str]] = {"name": "Town Schools", "lat": "44.4759", "lon": "-73.2121"}

    class Meta(TenantResource.Meta):
        model = Organization
        import_id_fields = ["name"]
        fields = ["name", "latitude", "longitude"]

    def init_instance(self, row: Any = None) -> Organization:
        """A new one of the distributor, complete enough to be checked before it is saved."""
        return Organization(distributor_id=self.distributor_id, tenant_id=self.distributor_id, kind=Kind.ORGANIZATION)


class GroupResource(TenantResource):
    """Groups: one row per organization in a group. A group that is new is made."""

    group = RowColumn(
        "group",
        "group",
        (OrganizationGroup, "name"),
        _("There is no group “%(name)s”."),
        help_text=_("The group’s name; one that is not there yet is made."),
        required=True,
    )
    organization = RowColumn(
        "organization",
        "organization",
        (Organization, "name"),
        _("There is no organization “%(name)s”."),
        help_text=_("An organization that belongs to the group."),
        required=True,
    )

    noun: ClassVar[str] = "groups"
    example: ClassVar[dict[str, str]] = {"group": "Public buildings", "organization": "Town Schools"}

    class Meta(TenantResource.Meta):
        model = GroupMember
        import_id_fields = ["group", "organization"]
        fields = ["group", "organization"]

    def get_queryset(self) -> QuerySet[Any]:
        return GroupMember.objects.filter(group__in=self.own(OrganizationGroup)).select_related("group", "organization")

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        """Makes the row's group if there is none of its name."""
        name = self.fields["group"].widget.plain(row.get("group"))
        organization = self.fields["organization"].widget.plain(row.get("organization"))
        if not name or not organization:
            raise ValueError(_now("Give both a group and an organization."))
        if self.own(OrganizationGroup).filter(name=name).exists():
            return
        group = OrganizationGroup(distributor_id=self.distributor_id, name=name)
        group.full_clean()
        group.save()
        self.fields["group"].widget.add(group)

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        names = {"group__name": row["group"].strip(), "organization__name": row["organization"].strip()}
        return self.get_queryset().filter(**names).first()


class MemberResource(TenantResource):
    """Members of organizations: to take away only."""

    name = Column("user__get_full_name", "name")
    email = Column("user__email", "email")
    organization = Column("organization__name", "organization")
    role = Column("get_role_display", "role")
    approval = Column("user__get_approval_status_display", "approval")
    since = Column("created_at", "since")

    class Meta(TenantResource.Meta):
        model = Membership
        fields = ["name", "email", "organization", "role", "approval", "since"]

    def get_queryset(self) -> Any:
        rows = Membership.objects.visible_to(self.user).select_related("user", "organization")
        return rows.order_by("organization__name", "user__email")
