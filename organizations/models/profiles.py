"""The two entities that are not people."""

import zoneinfo
from email.utils import parseaddr
from typing import Any, ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models
from django.db.models import Value
from django.utils.translation import gettext_lazy as _

from accounts.models import Entity, Kind, User
from common.constraints import CompositeForeignKey, TriggerEffect
from common.holiday_calendar import UnknownCalendar, calendar_days
from organizations.access import Role, organization_id_of, role_of
from organizations.models.brand import HostField, validate_accent, validate_header, validate_host


def validate_zone(name: str) -> None:
    """Raises ValidationError unless `name` is an IANA time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("“%(name)s” is no time zone; take one like Europe/Athens."), params={"name": name})


def validate_holiday_calendar(code: str) -> None:
    """Raises ValidationError unless there is a holiday calendar of this code."""
    try:
        calendar_days(code, [2000])
    except UnknownCalendar as problem:
        raise ValidationError(str(problem)) from None


def fixed_kind(kind: Kind) -> models.GeneratedField:
    """A column that holds one kind in every row, for the composite key to Entity(id, kind)."""
    return models.GeneratedField(
        expression=Value(kind.value), output_field=models.CharField(max_length=12), db_persist=True
    )


def latitude_field() -> models.DecimalField:  # type: ignore[type-arg]  # not generic at run time
    """Degrees north, WGS 84, or unknown."""
    bounds = [MinValueValidator(-90), MaxValueValidator(90)]
    return models.DecimalField(_("latitude"), max_digits=9, decimal_places=6, null=True, blank=True, validators=bounds)


def longitude_field() -> models.DecimalField:  # type: ignore[type-arg]  # not generic at run time
    """Degrees east, WGS 84, or unknown."""
    bounds = [MinValueValidator(-180), MaxValueValidator(180)]
    return models.DecimalField(_("longitude"), max_digits=9, decimal_places=6, null=True, blank=True, validators=bounds)


class DistributorQuerySet(models.QuerySet["Distributor"]):
    """Distributors by who may see them."""

    def visible_to(self, user: User) -> "DistributorQuerySet":
        """The user's own one; all of them for a platform operator."""
        if not user.is_approved:
            return self.none()
        return self if user.is_superuser else self.filter(pk=user.distributor_id)

    def managed_by(self, user: User) -> "DistributorQuerySet":
        """What the user may change: the own one as distributor admin, all as platform operator."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN)
        return self.visible_to(user) if may else self.none()


class Distributor(Entity):
    """One electricity distributor: the tenant. Made by a platform operator; its admins change it."""

    entity = models.OneToOneField(
        Entity, models.CASCADE, parent_link=True, primary_key=True, related_name="as_distributor"
    )
    fixed_kind = fixed_kind(Kind.DISTRIBUTOR)
    name = models.CharField(_("name"), max_length=80, unique=True, error_messages={"unique": _("This name is taken.")})
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC", validators=[validate_zone])
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="USD",
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Three letters, like USD."))],
    )
    holiday_calendar = models.CharField(
        _("holidays of"),
        max_length=10,
        blank=True,
        validators=[validate_holiday_calendar],
        help_text=_("Country or part of one, like US or US-VT; empty: no holidays."),
    )
    language = models.CharField(
        _("language"),
        max_length=8,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Of mails to people who chose none themselves."),
    )
    contact_email = models.EmailField(_("contact"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True, validators=[validate_header])
    website = models.CharField(
        _("web address"), max_length=200, blank=True, validators=[URLValidator(["https", "http"])]
    )
    host = HostField(
        _("own host name"),
        max_length=253,
        null=True,
        blank=True,
        unique=True,
        validators=[validate_host],
        error_messages={"unique": _("Another distributor has this host name.")},
        help_text=_("Like portal.example.org. Its name must lead to this portal. Empty: the portal’s own address."),
    )
    accent = models.CharField(
        _("accent color"),
        max_length=7,
        blank=True,
        validators=[validate_accent],
        help_text=_("Of buttons and links, like #0d5c66. Empty: the portal’s own."),
    )
    sender_name = models.CharField(_("name of the sender"), max_length=60, blank=True, validators=[validate_header])
    sender_email = models.EmailField(
        _("sender of mails"),
        blank=True,
        validators=[validate_header],
        help_text=_("The mail provider must be allowed to send for this address. Empty: the portal’s own."),
    )
    latitude = latitude_field()
    longitude = longitude_field()

    objects: ClassVar[Any] = DistributorQuerySet.as_manager()

    class Meta:
        constraints = [
            CompositeForeignKey(
                name="distributor_entity_kind",
                fields=["entity", "fixed_kind"],
                to="accounts.Entity",
                to_fields=["id", "kind"],
            ),
            TriggerEffect(
                name="distributor_takes_entity_along",
                on="DELETE",
                body="DELETE FROM accounts_entity WHERE id = OLD.entity_id",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuses a sender under which mails of others leave: people trust one that they know."""
        email, portals = self.sender_email.lower(), parseaddr(settings.DEFAULT_FROM_EMAIL)[1].lower()
        others = Distributor.objects.exclude(pk=self.pk).filter(sender_email__iexact=email)
        if email and (email == portals or others.exists()):
            words = _("Mails of somebody else leave under this address. Take one of your own.")
            raise ValidationError({"sender_email": words})

    @property
    def audit_scope(self) -> tuple[int, None]:
        """The distributor whose history a change belongs to: itself."""
        return self.pk, None

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The distributor's time zone."""
        return zoneinfo.ZoneInfo(self.timezone)


class OrganizationQuerySet(models.QuerySet["Organization"]):
    """Organizations by who may see them."""

    def visible_to(self, user: User) -> "OrganizationQuerySet":
        """All of the distributor for its people; the own one for members; none for residents."""
        role = role_of(user)
        if role is Role.PLATFORM:
            return self
        if role.is_staff:
            return self.filter(distributor_id=user.distributor_id)
        if role.is_member:
            return self.filter(pk=organization_id_of(user) or 0)
        return self.none()

    def managed_by(self, user: User) -> "OrganizationQuerySet":
        """What the user may change: as distributor admin, or as admin of the own organization."""
        may = role_of(user) in (Role.PLATFORM, Role.DISTRIBUTOR_ADMIN, Role.ORGANIZATION_ADMIN)
        return self.visible_to(user) if may else self.none()


class Organization(Entity):
    """One customer organization of a distributor, whose admins run its people."""

    entity = models.OneToOneField(
        Entity, models.CASCADE, parent_link=True, primary_key=True, related_name="as_organization"
    )
    fixed_kind = fixed_kind(Kind.ORGANIZATION)
    distributor = models.ForeignKey(
        Distributor, models.PROTECT, related_name="organizations", verbose_name=_("distributor")
    )
    name = models.CharField(_("name"), max_length=50)
    latitude = latitude_field()
    longitude = longitude_field()

    objects: ClassVar[Any] = OrganizationQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            CompositeForeignKey(
                name="organization_entity_kind",
                fields=["entity", "fixed_kind"],
                to="accounts.Entity",
                to_fields=["id", "kind"],
            ),
            # `distributor` is the entity's tenant, said once more so that names can be unique within it.
            CompositeForeignKey(
                name="organization_entity_tenant",
                fields=["entity", "distributor"],
                to="accounts.Entity",
                to_fields=["id", "tenant"],
            ),
            models.UniqueConstraint(
                fields=["distributor", "name"],
                name="organization_name_in_distributor",
                violation_error_message=_("The distributor has an organization of this name already."),
            ),
            TriggerEffect(
                name="organization_takes_entity_along",
                on="DELETE",
                body="DELETE FROM accounts_entity WHERE id = OLD.entity_id",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_scope(self) -> tuple[int, int]:
        """The distributor and the organization whose history a change belongs to."""
        return self.distributor_id, self.pk
