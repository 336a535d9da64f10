"""The pages, by who comes for them."""

from django.urls import path

from dashboards.views import (
    charts,
    meter,
    moving,
    organization,
    organization_audit,
    organization_invitations,
    organization_people,
    public,
    resident,
)
from dashboards.views import help as public_help
from dashboards.views.operator import acting as operator_acting
from dashboards.views.operator import brand as operator_brand
from dashboards.views.operator import charts as operator_charts
from dashboards.views.operator import events as operator_events
from dashboards.views.operator import groups as operator_groups
from dashboards.views.operator import home as operator_home
from dashboards.views.operator import mail as operator_mail
from dashboards.views.operator import map as operator_map
from dashboards.views.operator import meters as operator_meters
from dashboards.views.operator import organizations as operator_organizations

urlpatterns = [
    path("", public.landing, name="landing"),
    path("how-it-works", public.how_it_works, name="how_it_works"),
    path("programs", public.programs, name="programs"),
    path("help", public_help.help_page, name="help"),
    path("privacy", public.privacy, name="privacy"),
    path("accessibility", public.accessibility, name="accessibility"),
    path("home", public.home, name="home"),
    # residents and participants
    path("meters/claim", moving.claim, name="claim_meter"),
    path("meters/<int:pk>", meter.meter_detail, name="meter_detail"),
    path("meters/<int:pk>/move-out", moving.move_out, name="move_out"),
    path("meters/<int:pk>/readings.csv", meter.readings_file, name="meter_readings_file"),
    path("events/<int:pk>", resident.event_detail, name="event_detail"),
    path("events/<int:pk>/answer", resident.event_answer, name="event_answer"),
    path("rewards", resident.reward_list, name="rewards"),
    path("rewards/<int:pk>/why", resident.reward_why, name="reward_why"),
    # organizations
    path("org", organization.home, name="organization_home"),
    path("org/approvals", organization_people.approvals, name="organization_approvals"),
    path("org/people", organization_people.people_list, name="organization_people"),
    path("org/leave", organization_people.leave, name="organization_leave"),
    path("org/invitations", organization_invitations.invitations, name="organization_invitations"),
    path("org/invitations/file", organization_invitations.invitations_file, name="organization_invitations_file"),
    path("org/audit", organization_audit.audit, name="organization_audit"),
    path("org/audit.csv", organization_audit.audit_csv, name="organization_audit_csv"),
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
    path("ops/events/count", operator_events.event_count, name="operator_event_count"),
    path("ops/events/<int:pk>", operator_events.event, name="operator_event"),
    path("ops/events/<int:pk>/settlement.csv", operator_events.event_csv, name="operator_event_csv"),
    path("ops/act-as/<int:pk>", operator_acting.act_as_start, name="act_as_start"),
    path("ops/act-as/stop", operator_acting.act_as_stop, name="act_as_stop"),
    path("ops/organizations", operator_organizations.organizations, name="operator_organizations"),
    path("ops/organizations/requests/<int:pk>", operator_organizations.decide, name="operator_organization_request"),
    path("ops/organizations/<int:pk>/invite", operator_organizations.invite_into, name="operator_organization_invite"),
    path("ops/groups", operator_groups.groups, name="operator_groups"),
    path("ops/groups/<int:pk>", operator_groups.group, name="operator_group"),
    path("ops/brand", operator_brand.brand, name="operator_brand"),
    path("ops/mail", operator_mail.mail, name="operator_mail"),
]
