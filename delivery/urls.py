"""Pages about what people are told."""

from django.urls import path

from delivery import views

urlpatterns = [
    path("account/notices", views.notices, name="notices"),
    path("account/notices/read", views.read_all, name="notices_read_all"),
    path("account/notices/<int:pk>/read", views.read, name="notice_read"),
    path("account/notifications", views.notifications, name="notifications"),
    path("notifications/stop/<str:signed>", views.stop, name="notifications_stop"),
]
