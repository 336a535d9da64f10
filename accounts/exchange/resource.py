"""What a list holds: its columns, and how a row finds its own of the distributor."""

from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import BooleanWidget, CharWidget, DecimalWidget, ForeignKeyWidget, IntegerWidget

from accounts.models import User
from common.spreadsheet import plain_cell, safe_cell

YES, NO = ("yes", "true", "1"), ("no", "false", "0")


class TextWidget(CharWidget):
    """A text, without what keeps a spreadsheet from running it."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> str:
        return plain_cell(str(value or "")).strip()


class NumberWidget(DecimalWidget):
    """A decimal number; empty means none."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal | None:
        text = str(value or "").strip()
        if not text:
            return None
        try:
            number = Decimal(text)
        except ArithmeticError:
            number = Decimal("NaN")
        if not number.is_finite():
            raise ValueError(_("“%(text)s” is not a number.") % {"text": text[:40]})
        return number

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else format(value.normalize() + 0, "f")


class WholeWidget(IntegerWidget):
    """A whole number."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> int | None:
        text = str(value or "").strip()
        if text and not (text.isascii() and text.isdigit()):
            raise ValueError(_("“%(text)s” is not a whole number.") % {"text": text[:40]})
        return int(text) if text else None


class YesNoWidget(BooleanWidget):
    """yes or no."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> bool:
        text = str(value or "").strip().lower()
        if text and text not in YES + NO:
            raise ValueError(_("Write yes or no, not “%(text)s”.") % {"text": text[:40]})
        return text in YES

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "yes" if value else "no"


class RowWidget(ForeignKeyWidget):
    """A row that is named; only the distributor's own are known, and no number is taken for one."""

    # Set by the resource: the rows that may be meant.
    rows: QuerySet[Any] | None = None

    def __init__(self, model: type[Model], field: str, words: Any) -> None:
        super().__init__(model, field)
        self.words = words
        self._known: dict[str, Any] | None = None

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        name = self.plain(value)
        if not name:
            return None
        if self._known is None:
            assert self.rows is not None
            self._known = {getattr(each, self.field): each for each in self.rows}
        if name not in self._known:
            raise ValueError(self.words % {"name": name[:80]})
        return self._known[name]

    @staticmethod
    def plain(value: Any) -> str:
        """The name that a cell holds."""
        return plain_cell(str(value or "")).strip()

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else str(getattr(value, self.field))

    def add(self, row: Any) -> None:
        """Makes a row known that came into being meanwhile."""
        if self._known is not None:
            self._known[getattr(row, self.field)] = row


class Column(Field):
    """One column of a list; an empty cell of a text that has a default leaves it alone."""

    widget_class: ClassVar[Any] = TextWidget

    def __init__(
        self, attribute: str, name: str, help_text: Any = "", *, required: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(
            attribute=attribute, column_name=name, widget=kwargs.pop("widget", None) or self.widget_class()
        )
        self.help_text, self.required, self.keeps = help_text, required, kwargs.pop("keeps", False)

    def save(self, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        """Puts the cell into the row; where an empty one keeps what is there, nothing."""
        if self.keeps and not str(row.get(self.column_name) or "").strip():
            return
        super().save(instance, row, is_m2m, **kwargs)

    def cell(self, instance: Any) -> str:
        """What a file holds of the row: numbers as they are, texts so that no spreadsheet runs them."""
        text = str(self.export(instance) or "")
        return text if isinstance(self.widget, (NumberWidget, WholeWidget)) else safe_cell(text)


class NumberColumn(Column):
    """A column of decimal numbers."""

    widget_class = NumberWidget


class WholeColumn(Column):
    """A column of whole numbers."""

    widget_class = WholeWidget


class YesNoColumn(Column):
    """A column of yes and no."""

    widget_class = YesNoWidget


class RowColumn(Column):
    """A column that names a row of another list of the same distributor."""

    def __init__(self, attribute: str, name: str, to: tuple[type[Model], str], words: Any, **kwargs: Any) -> None:
        super().__init__(attribute, name, widget=RowWidget(*to, words), **kwargs)


class TenantResource(ModelResource):
    """A list of one distributor's rows, as its reader may see them.

    Rows are found by names, never by ids; a new one belongs to the distributor whatever the file says.
    """

    # One filled row, for the template.
    example: ClassVar[dict[str, str]] = {}
    # What the history calls an import of it.
    noun: ClassVar[str] = ""

    class Meta:
        skip_unchanged = True
        report_skipped = True
        clean_model_instances = True
        skip_html_diff = True
        store_instance = True

    def __init__(self, *, user: User, distributor_id: int | None) -> None:
        super().__init__()
        self.user, self.distributor_id = user, distributor_id
        for field in self.fields.values():
            if isinstance(field.widget, RowWidget):
                field.widget.rows = self.own(field.widget.model)

    def own(self, model: Any) -> QuerySet[Any]:
        """The distributor's rows of a model, as far as the user may see them."""
        rows: QuerySet[Any] = model._default_manager.visible_to(self.user)
        return rows if self.distributor_id is None else rows.filter(distributor_id=self.distributor_id)

    def get_queryset(self) -> Any:
        return self.own(self._meta.model)

    def init_instance(self, row: Any = None) -> Any:
        instance = self._meta.model()
        if hasattr(instance, "distributor_id"):
            instance.distributor_id = self.distributor_id
        return instance

    def columns(self) -> list[Column]:
        """The columns in their order."""
        return list(self.get_import_fields())

    def warnings(self, rows: list[Any]) -> list[str]:
        """Sentences about what looks like a slip in the list; `rows` are results of its rows."""
        return []
