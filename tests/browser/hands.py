"""Somebody who has a keyboard and nothing else: Tab and Shift+Tab to get there, Enter, Space and letters to act.

Every page that is looked at goes through axe in the reader's own width and colors; whatever takes the focus has
to be in sight, and has to show that it has it.
"""

from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import ElementHandle, Locator, expect

from tests.browser.reader import HEIGHTS, LARGE, PHONE, Looks, Reader
from tests.builder import PASSWORD, code_of_now

MOST_TABS = 250
# A story runs in some looks: (width, colors, what axe looks at, if that is more than this one look).
DAY, NIGHT = (LARGE, "light"), (PHONE, "dark")
DUSK, DAWN = (LARGE, "dark"), (PHONE, "light")
LARGE_BOTH, PHONE_BOTH = (*DAY, DAY, DUSK), (*NIGHT, NIGHT, DAWN)
FOCUSED = "(node) => node === document.activeElement"
# Whether the next one with the focus comes after this, in the order of the page.
IS_AHEAD = """(node) => {
    const here = document.activeElement;
    if (!here || here === document.body) return true;
    return Boolean(here.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING) || here.contains(node);
}"""
# What is wrong with the focus: it is out of sight, under something else, or not to be told from the rest.
UNSEEN = """async (node) => {
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    const box = node.getBoundingClientRect();
    const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
    const top = document.elementFromPoint(x, y);
    const parts = [node, ...(node.labels || [])];
    const its = top && (top.contains(node) || parts.some((one) => one.contains(top)));
    const style = getComputedStyle(node);
    if (!its) return `under ${top ? top.outerHTML.slice(0, 120) : "the edge"} at ${x}, ${y}`;
    return style.outlineStyle === "none" && style.boxShadow === "none" ? "without a ring" : "";
}"""
REACHED = """() => {
    const one = document.activeElement;
    return {
        tag: one.tagName,
        text: (one.getAttribute("aria-label") || one.innerText || one.value || "").trim(),
        method: one.form ? one.form.method : "",
        form: one.form ? one.form.getAttribute("action") : "",
        href: one.getAttribute("href") || "",
        first: one === window.firstReached,
    };
}"""
Role = Literal["button", "link"]


class Hands:
    """A reader who never touches a mouse."""

    def __init__(self, reader: Reader, width: int, scheme: str, audits: Looks = ()) -> None:
        self.reader, self.page = reader, reader.page
        self.width, self.scheme = width, scheme
        self.audits = audits or ((width, scheme),)
        self.looked_at: set[str] = set()
        self._look()

    def _look(self) -> None:
        self.page.emulate_media(color_scheme=self.scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # light or dark
        self.page.set_viewport_size({"width": self.width, "height": HEIGHTS[self.width]})

    # where one is

    def opens(self, path: str) -> None:
        """Types an address, or follows the link of a mail."""
        self.reader.open(path)
        self.looks()

    def is_at(self, path: str) -> None:
        """Has come to a page that was not looked at yet, or is back."""
        self.reader.is_at(path)
        self.reader.wait_for_charts()
        self.looks()

    def sees(self, *texts: str) -> None:
        """Each text stands on the page, messages included."""
        self.reader.sees(*texts, within="body")

    def looks(self, what: str = "") -> None:
        """Axe goes over the page, or over what has opened in it, once."""
        place = f"{self.page.url.partition('?')[0]} {what}"
        if place in self.looked_at:
            return
        self.looked_at.add(place)
        self.reader.must_be_accessible(self.audits)
        self._look()

    # what one does

    def presses(self, name: str, *, key: Literal["Enter", "Space"] = "Enter", within: str = "body") -> None:
        """A button."""
        self.reaches("button", name, within)
        self.page.keyboard.press(key)

    def follows(self, name: str, *, within: str = "body", exact: bool = True) -> None:
        """A link."""
        self.reaches("link", name, within, exact=exact)
        self.page.keyboard.press("Enter")

    def writes(self, **values: str) -> None:
        """Into fields by their labels, `_` for a blank."""
        for label, value in values.items():
            self.writes_into(label.replace("_", " "), value)

    def writes_into(self, label: str, value: str, *, within: str = "body", exact: bool = True) -> None:
        """Into one field, in the place of what it held."""
        field = self._found(self.page.locator(within).get_by_label(label, exact=exact))
        self._tab_to(field, label)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(value)
        assert field.input_value() == value, label

    def dates(self, label: str, day: date) -> None:
        """Types a day into the parts of a date field, month first."""
        field = self._found(self.page.get_by_label(label, exact=True))
        self._tab_to(field, label)
        self.page.keyboard.type(f"{day:%m%d%Y}")
        assert field.input_value() == day.isoformat(), label

    def times(self, label: str, clock: time) -> None:
        """Types a time into the parts of a time field."""
        field = self._found(self.page.get_by_label(label, exact=True))
        self._tab_to(field, label)
        self.page.keyboard.type(f"{clock:%I%M%p}")
        assert field.input_value() == f"{clock:%H:%M}", label

    def picks(self, label: str, file: Path) -> None:
        """A file, in the dialog of the system that the field opens."""
        field = self._found(self.page.get_by_label(label, exact=True))
        self._tab_to(field, label)
        with self.page.expect_file_chooser() as chooser:
            self.page.keyboard.press("Space")
        chooser.value.set_files(file)

    def ticks(self, name: str) -> None:
        """A box of that name, or takes the tick away."""
        self.ticks_box(self.page.get_by_role("checkbox", name=name, exact=True))

    def ticks_box(self, which: Locator) -> None:
        """A box, or takes the tick away."""
        box = self._found(which)
        before = box.is_checked()
        self._tab_to(box, "the box")
        self.page.keyboard.press("Space")
        expect(which.first).to_be_checked(checked=not before)

    def opens_details(self, name: str) -> None:
        """What is folded up under a few words."""
        summary = self.page.locator("summary", has_text=name)
        self._tab_to(self._found(summary), name)
        self.page.keyboard.press("Enter")
        expect(self.page.locator("details", has=summary)).to_have_attribute("open", "")

    def chooses(self, label: str, option: str) -> None:
        """An option of a list, by its first letters as far as needed."""
        field = self._found(self.page.get_by_label(label, exact=True))
        self._tab_to(field, label)
        self.page.keyboard.type(option)
        shown = field.evaluate("(list) => list.selectedOptions[0].label")
        assert shown == option, (label, shown)

    def goes_to(self, name: str) -> None:
        """An entry of the navigation, in the menu where there is no room for it."""
        entry = self.page.locator("header nav").get_by_role("link", name=name, exact=False)
        menu = self.page.get_by_role("button", name="Menu", exact=True)
        expect(entry.or_(menu).filter(visible=True).first).to_be_visible()
        if menu.is_visible():
            self.presses("Menu")
        self.follows(name, within="header nav", exact=False)

    def signs_in(self, email: str, password: str = PASSWORD) -> None:
        """Through the form, with a code where one is asked for."""
        self.opens("/accounts/login/")
        self.writes(Email=email, Password=password)
        self.presses("Sign in", within="main")
        self.page.wait_for_url(lambda address: "/login" not in address)
        if "/2fa/authenticate/" in self.page.url:
            self.looks()
            self.writes(Code=code_of_now())
            self.presses("Sign in", within="main")
            self.page.wait_for_url(lambda address: "/2fa/" not in address)

    def signs_out(self, name: str = "Sign out") -> None:
        """By the menu of the account."""
        self._tab_to(self._found(self.page.locator("[popovertarget=account-menu]")), "the account's menu")
        self.page.keyboard.press("Enter")
        self.presses(name, within="#account-menu")
        self.is_at("/")

    def hears_no(self, status: int = 403) -> None:
        """The last thing was refused: no fault of the page, if it says so."""
        expect(self.page.locator("h1")).to_be_visible()
        expected = f"the server responded with a status of {status}"
        assert any(expected in fault for fault in self.reader.faults), self.reader.faults
        self.reader.faults[:] = [fault for fault in self.reader.faults if expected not in fault]

    def everything_within_reach(self) -> list[dict[str, Any]]:
        """Tag and text of all that Tab comes to on this page, and where it leads or how its form sends."""
        self.page.evaluate("() => { document.activeElement.blur(); window.firstReached = null; }")
        found: list[dict[str, Any]] = []
        for _turn in range(MOST_TABS):
            self.page.keyboard.press("Tab")
            here = self.page.evaluate(REACHED)
            if here["tag"] == "BODY" or here["first"]:
                return found
            if not found:
                self.page.evaluate("() => { window.firstReached = document.activeElement; }")
            found.append(here)
        raise AssertionError("Tab comes to no end")

    # how one gets there

    def reaches(self, role: Role, name: str, within: str = "body", *, exact: bool = True) -> None:
        """Has the focus on the first one of that name."""
        self._tab_to(self._found(self.page.locator(within).get_by_role(role, name=name, exact=exact)), name)

    def _found(self, which: Locator) -> ElementHandle:
        self.page.wait_for_load_state()
        one = which.filter(visible=True).first
        expect(one).to_be_visible()
        return one.element_handle()

    def _tab_to(self, node: ElementHandle, name: str) -> None:
        key = "Tab" if node.evaluate(IS_AHEAD) else "Shift+Tab"
        for _turn in range(MOST_TABS):
            if node.evaluate(FOCUSED):
                unseen = node.evaluate(UNSEEN)
                assert not unseen, f"{name}: the focus is {unseen}"
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{name}: {key} does not come there")


Person = Callable[..., Hands]
