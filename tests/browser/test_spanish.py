"""The portal in Spanish, in a browser that asks for it: no English, numbers by its rules, no page too wide."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from accounts.models import User
from tests.browser.conftest import _session_of
from tests.browser.reader import PHONE, Reader
from tests.translation.texts import english

# What people and lists call things.
NAMES = ("Evening peak", "English", "Larkfield", "three-day", "similar-days", "statsmodels", "home", "school", "North")
# A rule stands in full as it was hashed, in its own language.
SEEN = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const texts = [];
  while (walker.nextNode()) {
    const { parentElement, textContent } = walker.currentNode;
    const said = textContent.trim();
    if (said && !parentElement.closest("script, style, template, pre.code")) texts.push(said);
  }
  return texts;
}"""

METER = "Bokeh.documents.map((one) => one.get_model_by_name('meter')).find(Boolean)"
TOO_WIDE = """(width) => {
  if (document.documentElement.scrollWidth <= width) return [];
  const scrolls = (part) => part && (getComputedStyle(part).overflowX !== "visible" || scrolls(part.parentElement));
  return [...document.querySelectorAll("body *")]
    .filter((part) => part.getBoundingClientRect().right > width && !scrolls(part.parentElement))
    .map((part) => `${part.tagName}.${part.className}: ${part.textContent.trim().slice(0, 40)}`);
}"""


@pytest.fixture
def spanish(site: str, chromium: Browser) -> Iterator[Callable[..., Reader]]:
    """Opens a page in Spanish, at the width of a small phone."""
    contexts, readers = [], []

    def spanish(user: User | None = None) -> Reader:
        contexts.append(chromium.new_context(color_scheme="light", reduced_motion="reduce", locale="es-MX"))
        if user is not None:
            contexts[-1].add_cookies([{"name": "sessionid", "value": _session_of(user), "url": site}])
        readers.append(Reader(contexts[-1], site, PHONE))
        return readers[-1]

    yield spanish
    for context in contexts:
        context.close()
    assert [fault for reader in readers for fault in reader.faults] == []


PAGES = {
    "landing": (None, lambda town: "/"),
    "how it works": (None, lambda town: "/how-it-works"),
    "sign up": (None, lambda town: "/accounts/signup/"),
    "home": ("resident", lambda town: "/home"),
    "meter": ("resident", lambda town: f"/meters/{town.home.pk}"),
    "event": ("resident", lambda town: f"/events/{town.coming.pk}"),
    "why": ("resident", lambda town: f"/rewards/{town.reward}/why"),
    "account": ("resident", lambda town: "/account"),
    "organization": ("director", lambda town: "/org"),
    "approvals": ("director", lambda town: "/org/approvals"),
    "operator": ("operator", lambda town: "/ops"),
    "events": ("operator", lambda town: "/ops/events"),
}


@pytest.mark.parametrize("name", PAGES)
def test_page_is_spanish_and_fits_a_phone(spanish, town, name):
    who, path = PAGES[name]
    reader = spanish(town.people[who] if who else None)
    reader.open(path(town))
    assert reader.page.locator("html").get_attribute("lang") == "es"
    assert reader.page.evaluate(TOO_WIDE, PHONE) == []
    people = [f"{person.first_name} {person.last_name}" for person in town.people.values()]
    meters = list(type(town.home).objects.values_list("name", flat=True))
    names = [name for name in (*NAMES, *people, *meters) if name.strip()]
    assert english(reader.page.evaluate(SEEN), names=names) == []


@pytest.mark.parametrize("who", ["resident", "director", "engineer", "operator", "staff", "auditor", "platform"])
def test_header_fits_in_longer_words(spanish, town, who):
    reader = spanish(town.people[who])
    reader.open("/account")
    for width in (1280, 1024):
        reader.page.set_viewport_size({"width": width, "height": 800})
        assert reader.page.evaluate(TOO_WIDE, width) == []


def test_chart_writes_days_numbers_and_hours_in_spanish(spanish, town):
    reader = spanish(town.people["resident"])
    reader.open(f"/meters/{town.home.pk}")
    labels = reader.page.evaluate(f"[...{METER}.below[0].major_label_overrides.values()]")
    assert labels
    assert not [label for label in labels if label.endswith((" am", " pm")) or label == "noon"]
    when = reader.column("slots", "when")[0]
    assert " a " in when
    assert reader.column("slots", "prediction_text")[0].replace(",", "").replace(" kWh", "").isdigit()
    # Bokeh's own numbers, on the axis.
    assert reader.page.evaluate(f"{METER}.left[0].formatter.doFormat([0.5, 1234.5], {{}})") == ["0,5", "1.234,5"]
    expected = reader.page.locator("[data-chart-target], [data-figure-url]").first.get_attribute("aria-description")
    assert expected is None or expected.startswith("Las flechas")
