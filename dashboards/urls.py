"""The pages, by who comes for them."""

from django.urls import path

from dashboards.views import charts, meter, organization, public, resident
from dashboards.views.operator import charts as operator_charts
from dashboards.views.operator import events as operator_events
from dashboards.views.operator import home as operator_home
from dashboards.views.operator import mail as operator_mail
from dashboards.views.operator import map as operator_map
from dashboards.views.operator import meters as operator_meters

urlpatterns = [
    path("", public.landing, name="landing"),
    path("how-it-works", public.how_it_works, name="how_it_works"),
    path("programs", public.programs, name="programs"),
    path("privacy", public.privacy, name="privacy"),
    path("accessibility", public.accessibility, name="accessibility"),
    path("home", public.home, name="home"),
    # residents and participants
    path("meters/<int:pk>", meter.meter_detail, name="meter_detail"),
    path("meters/<int:pk>/readings.csv", meter.readings_file, name="meter_readings_file"),
    path("events/<int:pk>", resident.event_detail, name="event_detail"),
    path("events/<int:pk>/answer", resident.event_answer, name="event_answer"),
    path("rewards", resident.reward_list, name="rewards"),
    path("rewards/<int:pk>/why", resident.reward_why, name="reward_why"),
    # organizations
    path("org", organization.home, name="organization_home"),
    path("org/approvals", organization.approvals, name="organization_approvals"),
    path("org/people", organization.people_list, name="organization_people"),
    path("org/meters", organization.meter_list, name="organization_meters"),
    path("org/rewards", organization.reward_list, name="organization_rewards"),
    # charts
    path("charts/figures/<slug:kind>", charts.figure, name="chart_figure"),
    path("charts/meters/<int:pk>", charts.meter, name="chart_meter"),
    path("charts/meters/<int:pk>/participation", charts.participation, name="chart_participation"),
    path("charts/organizations/<int:pk>/rank", charts.rank, name="chart_rank"),
    path("charts/map", operator_charts.chart_map, name="chart_map"),
    path("charts/meters/<int:pk>/correlation", operator_charts.chart_correlation, name="chart_correlation"),
    # operators
    path("ops", operator_home.home, name="operator_home"),
    path("ops/meters", operator_meters.meters, name="operator_meters"),
    path("ops/map", operator_map.meter_map, name="operator_map"),
    path("ops/events", operator_events.events, name="operator_events"),
    path("ops/events/new", operator_events.event_new, name="operator_event_new"),
    path("ops/events/<int:pk>", operator_events.event, name="operator_event"),
    path("ops/events/<int:pk>/settlement.csv", operator_events.event_csv, name="operator_event_csv"),
    path("ops/mail", operator_mail.mail, name="operator_mail"),
]
