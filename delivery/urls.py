"""Pages about what people are told."""

from django.urls import path

from delivery import phone_views, receipt_views, views

urlpatterns = [
    path("account/notices", views.notices, name="notices"),
    path("account/notices/read", views.read_all, name="notices_read_all"),
    path("account/notices/<int:pk>/read", views.read, name="notice_read"),
    path("account/notifications", views.notifications, name="notifications"),
    path("account/phone", phone_views.phone, name="account_phone"),
    path("account/phone/code", phone_views.phone_code, name="account_phone_code"),
    path("account/phone/remove", phone_views.phone_remove, name="account_phone_remove"),
    path("delivery/receipts/<slug:name>", receipt_views.receipts, name="delivery_receipts"),
    path("notifications/stop/<str:signed>", views.stop, name="notifications_stop"),
]
