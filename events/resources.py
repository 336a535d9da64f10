"""Lists of enrollments."""

from decimal import Decimal
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from accounts.exchange import NumberColumn, RowColumn, TenantResource
from events import services
from events.models import Enrollment, Nomination, Program
from meters.models import Meter
from meters.services import PowerChange
from meters.services.register import shifted_blocks


class EnrollmentResource(TenantResource):
    """Enrollments: one row per meter in a program, with what it promises."""

    program = RowColumn(
        "program",
        "program",
        (Program, "name"),
        _("There is no program “%(name)s”."),
        help_text=_("The program’s name."),
        required=True,
    )
    meter = RowColumn(
        "meter",
        "meter",
        (Meter, "number"),
        _("There is no meter “%(name)s”."),
        help_text=_("The meter’s number."),
        required=True,
    )
    kw = NumberColumn("kw", "nomination_kw", _("What it promises, in kW; empty: the figure of the meter list."))

    noun: ClassVar[str] = "enrollments"
    example: ClassVar[dict[str, str]] = {"program": "Evening peaks", "meter": "10023", "nomination_kw": "3.5"}

    class Meta(TenantResource.Meta):
        model = Enrollment
        import_id_fields = ["program", "meter"]
        fields = ["program", "meter", "kw"]

    def get_queryset(self) -> QuerySet[Any]:
        newest = Nomination.objects.filter(enrollment=OuterRef("pk")).order_by("-valid_from", "-id").values("kw")[:1]
        rows = Enrollment.objects.visible_to(self.user).select_related("program", "meter").annotate(kw=Subquery(newest))
        return rows if self.distributor_id is None else rows.filter(program__distributor_id=self.distributor_id)

    def init_instance(self, row: Any = None) -> Enrollment:
        enrollment = Enrollment()
        enrollment.kw = None  # type: ignore[attr-defined]  # set by the import, row by row
        return enrollment

    def get_instance(self, instance_loader: Any, row: Any) -> Any:
        names = {name: self.fields[name].widget.plain(row.get(name)) for name in ("program", "meter")}
        rows = self.get_queryset().filter(program__name=names["program"], meter__number=names["meter"])
        return rows.first()

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        is_over = instance.ended_at is not None
        return not is_over and super().skip_row(instance, original, row, import_validation_errors)

    def validate_instance(self, instance: Any, import_validation_errors: Any = None, **kwargs: Any) -> None:
        """As the form: somebody must have said how many kW."""
        errors = dict(import_validation_errors or {})
        kw = instance.kw
        if kw is not None and not 0 <= kw < Decimal(10**7):
            errors["kw"] = ValidationError(_now("Write a number of kW that is 0 or more."))
        elif kw is None and _needs_kw(instance):
            errors["kw"] = ValidationError(_now("Say how many kW the meter promises; the meter list does not."))
        super().validate_instance(instance, errors, **kwargs)

    def warnings(self, rows: list[Any]) -> list[str]:
        """Blocks of the list in which meters of one program would get their neighbour's promise."""
        by_program: dict[int, list[PowerChange]] = {}
        for number, row in enumerate(rows, start=2):
            if row.original is not None and row.instance is not None and row.instance.pk:
                change = PowerChange(number, row.instance.meter.number, row.original.kw, row.instance.kw)
                by_program.setdefault(row.instance.program_id, []).append(change)
        return [words for compared in by_program.values() for words in shifted_blocks(compared)]

    def do_instance_save(self, instance: Any, is_create: bool) -> None:
        """Enrolls the meter, or notes the new figure."""
        source = services.said_by(_now("Import"), self.user)
        kw = None if instance.kw is None else round(instance.kw, 3)
        made = services.enroll(program=instance.program, meter=instance.meter, kw=kw, source=source[:80], by=self.user)
        instance.pk = made.pk


def _needs_kw(enrollment: Enrollment) -> bool:
    """Whether nobody has said how many kW, and the program's terms count in them."""
    if not enrollment.meter_id or not enrollment.program_id or enrollment.meter.contracted_kw is not None:
        return False
    return services.needs_nomination(enrollment.program.versions.published().order_by("-number").first())
