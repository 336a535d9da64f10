"""No word that a person reads escapes translation: templates, Python, models, forms, scripts."""

import re
from pathlib import Path

import pytest
from django import forms
from django.contrib import admin
from django.utils.functional import Promise
from django.utils.translation import override

from drportal import names
from settlement.baselines.registry import PRESETS
from settlement.words.rules import DESCRIPTIONS, rule_words
from tests.translation import python, templates

ROOT = Path(__file__).resolve().parents[2]
OURS = {
    "accounts",
    "delivery",
    "organizations",
    "meters",
    "forecasting",
    "events",
    "settlement",
    "openadr",
    "dashboards",
}

# Languages are called by themselves; kinds of files have names, not words.
SAME_CHOICES = {"language", "media_type"}
# Names of headers, files, style sheets and patterns: no person reads them.
TECHNICAL = re.compile(
    r"; charset=|^(attachment|inline); |^(private|public|no-store)\b|^(day of month|short day|long day|month of year)$"
    r"|^system-ui|^:root|^<|CAST\(|^-//"
)
# What commands and stored records say: English everywhere, see docs/development.md.
ENGLISH = {
    # What a command and a file that runs apart from the portal say.
    "settlement/evidence/verify.py": ".",
    "settlement/evidence/verify_reward.py": ".",
    "dashboards/charts/heat.py": "^not all measured$",
    "dashboards/charts/load.py": "^not all reported$",
    "dashboards/selectors/statement.py": "^Meter list$",
    "accounts/services.py": "There is no scope",
    "delivery/idempotency.py": "^1 to 128 characters of your choice",
    "delivery/services.py": "the process ended|no handler for",
    # What a provider's machine is answered, and what becomes a stored reason.
    "delivery/receipt_views.py": ".",
    "delivery/receipts.py": "^(no receipt came|the provider says|not delivered)",
    "delivery/sms/backends.py": "^Text message to",
    "delivery/sms/outgoing.py": "^(the number is no longer|no provider of text)",
    "dashboards/views/programs.py": "^left by its holder$",
    "settlement/services/placebo/files.py": "^not applicable: ",
    "openadr/services/acknowledging.py": "^too late: the meter takes part all the same$",
    "openadr/services/aligning.py": "^called off$",
    # What a device's machine is answered, and what the log of messages keeps.
    "openadr/services/energy.py": ".",
    "openadr/services/quantities.py": ".",
    "openadr/services/telemetry.py": ".",
    "openadr/services/held.py": ".",
    "openadr/services/registration.py": "^no VEN of this name$",
    "openadr/errors.py": "^(Not registered or|Too many messages|Come again)",
    "openadr/identity.py": ".",  # lines of the doctor
    "openadr/pki.py": "^Demand Response Portal ",
    # Of the log of messages, by which the hints of a device's page know them.
    "dashboards/operator_facts/ven_hints.py": "^[a-z ]+$",
    # What goes to a VTN above, and what it said itself, in the words of the wire.
    "openadr/upstream/answers.py": ".",
    "openadr/upstream/client.py": "^it is packed$",
    "openadr/upstream/lease.py": "^Somebody else talks to it now",
    "openadr/upstream/polling.py": "^This is not our registration",
    "openadr/upstream/reading.py": "^(There is no such time|An id is too long)",
    "openadr/upstream/reports.py": "^Quality ",
    "openadr/upstream/usage.py": "^send partly$",
    "events/services/enrollments.py": "Meter list, ",
    "events/services/joining.py": "^Meter list, at joining$",
    "events/services/programs.py": "There (are:|is none yet|is no program)",
    "meters/services/batches/direct.py": "^The command was stopped",
    "meters/services/batches/examples.py": "^(Elm Street 4|a tree on the line)$",
    "meters/services/batches/words.py": "^(there is no such meter|and … more rows)",
    "meters/services/code_files.py": "",
    "meters/services/outage_files.py": "",
    "organizations/services/lookup.py": "",
    "organizations/access.py": "(organization|distributor|platform) ",
    "settlement/services/measuring/case.py": "The rule … has changed",
    "accounts/sealing.py": "A secret was encrypted",
    "accounts/acting_middleware.py": "^signed out$",
    "accounts/adapters.py": "^not an address$",
    "accounts/sessions/devices.py": "",
    "accounts/views/data.py": "^data link$",
    "events/resources.py": "^Evening peaks$",
    "meters/resources.py": "^Main Street",
    "organizations/resources.py": "^(Town Schools|Public buildings)$",
}


def test_no_template_has_words_outside_of_translate():
    found = {
        f"{path.relative_to(ROOT)}:{line}": text
        for path in templates.ours()
        for line, text in templates.unmarked(path.read_text(), is_html=path.suffix == ".html")
    }
    assert found == {}


def test_no_module_makes_words_outside_of_gettext():
    found = {}
    for path in python.files():
        name = path.relative_to(ROOT).as_posix()
        known = ENGLISH.get(name)
        for line, text in python.unmarked(path.read_text()):
            # The protocol's own texts are for machines, and for the log that engineers read.
            if name.startswith("openadr/vtn20b/"):
                continue
            if not TECHNICAL.search(text) and (known is None or not re.search(known, text)):
                found[f"{name}:{line}"] = text
    assert found == {}


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<p aria-label="Close it">{% translate "Close" %}</p>', ["aria-label: Close it"]),
        ("{% blocktranslate %}Hello {{ name }}{% endblocktranslate %} you there", ["you there"]),
        ('{% include "x.html" with title="All of it" only %}', ["All of it"]),
        ('{{ name|default:"Nobody" }}', ["Nobody"]),
        ('<p>5 kWh {{ name }}</p>{# a note #}<script src="x">let it = 1</script>', []),
        ('<input type="submit" value="Save">', ["value: Save"]),
        ('<{{ tag|default:"h2" }} class="x">{% translate "Yes" %}</{{ tag }}>', []),
    ],
)
def test_scanner_of_templates_finds(template, words):
    assert [text for _line, text in templates.unmarked(template)] == words


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('raise LastAdmin("Make someone else an admin first.")', ["Make someone else an admin first."]),
        ('x = f"{count} meters are silent"', ["… meters are silent"]),
        ('x = _("Make someone else an admin first.")', []),
        ('logger.info("it is done")', []),
        ('def f():\n    """Some words of the house."""', []),
    ],
)
def test_scanner_of_modules_finds(source, words):
    assert [text for _line, text in python.unmarked(source)] == words


def test_what_django_makes_up_is_marked_too():
    assert names.made_up() == set(names.NAMES)


def test_models_fields_and_choices_have_translated_words():
    found = []
    for config in names.rooms():
        for model in config.get_models():
            options = model._meta
            found += [str(word) for word in (options.verbose_name, options.verbose_name_plural) if not _is_lazy(word)]
            for field in options.local_fields:
                if not (field.auto_created or _is_lazy(field.verbose_name)) or not _is_lazy(field.help_text):
                    found.append(f"{field}: {field.verbose_name} {field.help_text}")
                if field.name not in SAME_CHOICES and not all(_is_lazy(label) for _value, label in field.choices or ()):
                    found.append(f"{field}: choices")
            found += [
                constraint.name
                for constraint in options.constraints
                if constraint.violation_error_message != constraint.default_violation_error_message
                and not _is_lazy(constraint.violation_error_message)
            ]
    assert found == []


def _is_lazy(text) -> bool:
    return not text or isinstance(text, Promise)


def test_forms_of_pages_have_translated_words():
    found = []
    for form in _all_forms(forms.BaseForm):
        if form.__module__.split(".")[0] in python.FOLDERS:
            for name, field in form.base_fields.items():
                for text in (field.label, field.help_text):
                    if text and not isinstance(text, Promise) and name in getattr(form, "declared_fields", {}):
                        found.append(f"{form.__qualname__}.{name}: {text}")
    assert found == []


def _all_forms(base):
    for form in base.__subclasses__():
        yield form
        yield from _all_forms(form)


def test_actions_of_the_admin_have_translated_names():
    found = []
    for registered in admin.site._registry.values():
        if registered.model._meta.app_label in python.FOLDERS:
            for action in registered.actions or ():
                function = getattr(registered, action) if isinstance(action, str) else action
                if not isinstance(getattr(function, "short_description", None), Promise):
                    found.append(f"{registered}: {action}")
    assert found == []


def test_every_baseline_rule_has_its_words_in_the_catalog():
    assert {preset.description for preset in PRESETS.values()} == set(DESCRIPTIONS)


def test_a_rule_speaks_the_readers_language():
    with override("es"):
        assert rule_words("three-day").startswith("El promedio de su consumo en las mismas horas")


def test_no_script_has_sentences():
    """What a script says comes from its page, so that it is translated."""
    literal = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`')
    found = {}
    for path in (ROOT / "static" / "js").glob("*.js"):
        code = re.sub(r"/\*.*?\*/|^\s*//.*?$|\s//\s.*?$", "", path.read_text(), flags=re.S | re.M)
        for match in literal.finditer(code):
            text = re.sub(r"\${[^}]*}", "", match[1] or match[2] or "")
            if re.search(r"[A-Z]?[a-z]{2,}[,.]? [a-z]{2,}", text) and not re.search(
                r"[\[\]#:;=()]|^use strict$|^(form, table|input, textarea)$", text
            ):
                found[f"{path.name}: {text}"] = text
    assert found == {}
