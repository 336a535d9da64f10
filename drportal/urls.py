"""Where everything is."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.decorators.cache import never_cache
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from drportal import health
from drportal.api import router

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", never_cache(health.readyz), name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("delivery.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include(router.urls)),
    path("api/schema", SpectacularAPIView.as_view(), name="api-schema"),
    path("api/docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("", include("organizations.urls")),
    path("", include("dashboards.urls")),
]
handler429 = "accounts.refusals.too_many_requests"
