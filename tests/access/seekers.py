"""Who looks for what is not theirs, where, and what they must get."""

from functools import cache

from tests.access.routes import Route, all_routes

# Whoever may do most inside of the first distributor, and a customer of each kind.
SEEKERS = ("admin", "token", "auditor", "resident", "org admin")
NOT_FOUND = ("401", "403", "404", "405", "sign-in")
# Their parameters are no ids of rows; a row's bare address leads on to its page.
NO_IDS = (
    "/admin/<url>",
    "/admin/<app_label>/",
    "/charts/figures/<kind>",
    "/ops/imports/templates/<name>",
    "/org/imports/templates/<name>",
)

# Whoever has the address may open it: pictures and colors on public pages, links in mails.
FOR_WHOEVER_HAS_IT = (
    "/brand/<pk>/logo",
    "/brand/<pk>/colors.css",
    "/notifications/stop/<signed>",
    "/invite/<token>",
    "/answer/<token>",
    "/calendar/<secret>.ics",
    "/delivery/receipts/<name>",
)


@cache
def routes_with_ids() -> tuple[Route, ...]:
    """The routes whose parameters are ids of rows."""
    return tuple(
        route
        for route in all_routes()
        if route.parameters and route.template not in NO_IDS and not route.template.startswith("/accounts/")
    )


@cache
def pages_with_ids() -> tuple[Route, ...]:
    """Those of them that read a row; of the admin's pages of a row, which are alike, its form."""
    return tuple(
        route
        for route in routes_with_ids()
        if not route.template.startswith("/admin/") or route.name.endswith("_change")
    )
