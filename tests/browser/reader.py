"""Somebody at a browser, watched: whatever goes wrong in the page is a fault of the test."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Locator, Request, Response, TimeoutError, expect

from tests.builder import PASSWORD, code_of_now

LARGE, PHONE = 1280, 320
HEIGHTS = {LARGE: 900, PHONE: 700}
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# Without `preload`, for which axe makes style elements that the portal's policy forbids.
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"], "preload": False}
Looks = Sequence[tuple[int, str]]
ALL_LOOKS: Looks = ((LARGE, "light"), (LARGE, "dark"), (PHONE, "dark"), (PHONE, "light"))
TWO_LOOKS: Looks = ((LARGE, "light"), (PHONE, "dark"))
FIND_MODEL = "Bokeh.documents.map((one) => one.get_model_by_name(name)).find(Boolean)"
DRAWN = re.compile("ready|empty")
# The chart asks every ten seconds at most; the rest is for the answer, on a machine that is busy.
LIVE_MS = 15_000


class Reader:
    """One page in a browser profile.

    Faults: console errors (answers of 400 and more and violations of the security policy are among them),
    uncaught errors, and requests to any other host.
    """

    def __init__(self, context: BrowserContext, url: str, width: int = LARGE) -> None:
        self.url = url
        self.faults: list[str] = []
        self.page = context.new_page()
        self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        self.page.on("request", self._watch_request)
        self.page.on("console", lambda said: said.type == "error" and self.faults.append(f"console: {said.text}"))
        self.page.on("pageerror", lambda error: self.faults.append(f"uncaught: {error}"))

    def _watch_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob") and f"{parts.scheme}://{parts.netloc}" != self.url:
            self.faults.append(f"asks another host: {request.url}")

    def open(self, path: str, *, status: int = 200) -> Response:
        """The page at a path or full address, with its charts drawn. An expected refusal is no fault."""
        response = self.page.goto(path if path.startswith("http") else self.url + path)
        assert response is not None
        assert response.status == status, (path, response.status)
        if status >= 400:
            expected = f"the server responded with a status of {status}"
            self.faults = [fault for fault in self.faults if expected not in fault]
        self.wait_for_charts()
        return response

    def wait_for_charts(self) -> None:
        """Until every chart of the page is drawn, or says that there is nothing to draw."""
        for chart in self.page.locator("[data-figure-url]").all():
            expect(chart).to_have_attribute("data-chart-state", DRAWN, timeout=30_000)

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Through the form, as people do, with a code where one is asked for."""
        self.open("/accounts/login/")
        self.fill(Email=email, Password=password)
        self.press("Sign in", within="main")
        self.page.wait_for_url(lambda address: "/login" not in address)
        if "/2fa/authenticate/" in self.page.url:
            self.fill(Code=code_of_now())
            self.press("Sign in", within="main")
            self.page.wait_for_url(lambda address: "/2fa/" not in address)
        self.wait_for_charts()

    def fill(self, **values: str) -> None:
        """Writes into fields by their labels, `_` for a blank."""
        for label, value in values.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def press(self, name: str, *, within: str = "body", exact: bool = True) -> None:
        """Presses the first button of that name."""
        self.page.locator(within).get_by_role("button", name=name, exact=exact).first.click()

    def follow(self, name: str, *, within: str = "body", exact: bool = True) -> None:
        """Follows the first link of that name."""
        self.page.locator(within).get_by_role("link", name=name, exact=exact).first.click()

    def sees(self, *texts: str, within: str = "main") -> None:
        """Each text stands on the page."""
        for text in texts:
            expect(self.page.locator(within).get_by_text(text).first).to_be_visible()

    def is_at(self, path: str) -> None:
        """The address of the page, without its query."""
        try:
            self.page.wait_for_url(lambda address: urlsplit(address).path == path)
        except TimeoutError as fault:
            raise AssertionError(f"is at {self.page.url}, not at {path}") from fault

    def title(self) -> Locator:
        """The main heading."""
        return self.page.locator("h1")

    def sign_out(self) -> None:
        """By the menu of the account."""
        self.page.locator("[popovertarget=account-menu]").click()
        self.press("Sign out", within="#account-menu")

    def model(self, name: str, wanted: str) -> Any:
        """A property of the model of that name in any drawn figure, as the browser has it."""
        return self.page.evaluate(f"([name, wanted]) => {FIND_MODEL}[wanted]", [name, wanted])

    def view(self) -> list[float]:
        """From when to when the meter chart shows, in milliseconds since 1970 UTC."""
        return [self.model("x_range", "start"), self.model("x_range", "end")]

    def column(self, name: str, column: str) -> list[Any]:
        """A column of a drawn figure's source; a number that is missing is None."""
        script = f"""([name, column]) => Array.from({FIND_MODEL}.data[column],
            (value) => (typeof value === "number" && !Number.isFinite(value) ? null : value))"""
        found: list[Any] = self.page.evaluate(script, [name, column])
        return found

    def audit(self, looks: Looks = TWO_LOOKS) -> str:
        """What axe finds, and what is wider than the window, in each look; empty is good."""
        found: list[str] = []
        for width, scheme in looks:
            self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]  # light or dark
            self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
            self._settle()
            found += [f"{width} {scheme}: {words}" for words in self._axe() + self._too_wide(width)]
        return "\n".join(found)

    def must_be_accessible(self, looks: Looks = TWO_LOOKS) -> None:
        """Fails with all that the audit finds."""
        found = self.audit(looks)
        if found:
            raise AssertionError(found)

    def _settle(self) -> None:
        """Until the new look is painted, and colors have stopped changing."""
        self.page.evaluate(
            """async () => {
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                const ending = (one) => one.effect.getComputedTiming().endTime < Infinity;
                await Promise.allSettled(document.getAnimations().filter(ending).map((one) => one.finished));
            }"""
        )

    def _axe(self) -> list[str]:
        if not self.page.evaluate("() => Boolean(window.axe)"):
            self.page.evaluate(Axe().axe_script)
        answer = self.page.evaluate("(options) => axe.run(document, options)", OPTIONS)
        return [
            f"{rule['id']}: {node['target']} {node['html'][:160]} {node.get('failureSummary', '')[:300]}"
            for rule in answer["violations"]
            for node in rule["nodes"][:4]
        ]

    def _too_wide(self, width: int) -> list[str]:
        script = """(width) => {
            if (document.documentElement.scrollWidth <= width) return null;
            const isOver = (node) => node.getBoundingClientRect().right > width + 0.5 && node.checkVisibility();
            const found = [...document.querySelectorAll("body *")].filter(isOver).slice(0, 8);
            return found.map((node) => `${node.tagName}.${node.className} to ${node.getBoundingClientRect().right}`);
        }"""
        wide = self.page.evaluate(script, width)
        return [] if wide is None else [f"scrolls sideways: {wide}"]
