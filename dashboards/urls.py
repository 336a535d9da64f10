"""The pages, by who comes for them."""

from django.urls import path

from dashboards.views import (
    charts,
    load,
    meter,
    meter_files,
    moving,
    organization,
    organization_audit,
    organization_imports,
    organization_invitations,
    organization_people,
    public,
    resident,
)
from dashboards.views import help as public_help
from dashboards.views.operator import acting as operator_acting
from dashboards.views.operator import brand as operator_brand
from dashboards.views.operator import charts as operator_charts
from dashboards.views.operator import doubts as operator_doubts
from dashboards.views.operator import events as operator_events
from dashboards.views.operator import groups as operator_groups
from dashboards.views.operator import home as operator_home
from dashboards.views.operator import imports as operator_imports
from dashboards.views.operator import mail as operator_mail
from dashboards.views.operator import map as operator_map
from dashboards.views.operator import meters as operator_meters
from dashboards.views.operator import organizations as operator_organizations
from dashboards.views.operator import outages as operator_outages
from dashboards.views.operator import quality as operator_quality
from meters.models import ScopeKind

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
    path("meters/<int:pk>/readings.csv", meter_files.readings, name="meter_readings_file"),
    path("meters/<int:pk>/green-button.xml", meter_files.green_button, name="meter_green_button"),
    path("meters/<int:pk>/chart.csv", meter_files.drawn, name="meter_chart_file"),
    path("meters/<int:pk>/peaks.csv", meter_files.highest, name="meter_peaks_file"),
    path("meters/<int:pk>/sums.csv", meter_files.bars, name="meter_sums_file"),
    path("meters/<int:pk>/hours.csv", meter_files.heat_map, name="meter_hours_file"),
    path("meters/<int:pk>/comparison.csv", meter_files.compared, name="meter_comparison_file"),
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
    path("org/load", load.own, name="organization_load"),
    path("org/meters", organization.meter_list, name="organization_meters"),
    path("org/imports", organization_imports.imports, name="organization_imports"),
    path("org/imports/new", organization_imports.import_new, name="organization_import_new"),
    path("org/imports/<int:pk>", organization_imports.import_detail, name="organization_import"),
    path("org/imports/<int:pk>/progress", organization_imports.import_progress, name="organization_import_progress"),
    path("org/imports/<int:pk>/errors.csv", organization_imports.import_errors, name="organization_import_errors"),
    path("org/imports/<int:pk>/file", organization_imports.import_file, name="organization_import_file"),
    path(
        "org/imports/templates/<slug:name>", organization_imports.import_template, name="organization_import_template"
    ),
    path("org/rewards", organization.reward_list, name="organization_rewards"),
    # charts
    path("charts/figures/<slug:kind>", charts.figure, name="chart_figure"),
    path("charts/meters/<int:pk>", charts.meter, name="chart_meter"),
    path("charts/meters/<int:pk>/participation", charts.participation, name="chart_participation"),
    path("charts/meters/<int:pk>/sums", charts.meter_sums, name="chart_meter_sums"),
    path("charts/meters/<int:pk>/hours", charts.meter_hours, name="chart_meter_hours"),
    path("charts/meters/<int:pk>/comparison", charts.meter_comparison, name="chart_meter_comparison"),
    path("charts/organizations/<int:pk>/rank", charts.rank, name="chart_rank"),
    path("charts/map", operator_charts.chart_map, name="chart_map"),
    path("charts/meters/<int:pk>/correlation", operator_charts.chart_correlation, name="chart_correlation"),
    *(
        path(f"charts/load/{name}s/<int:pk>{end}", view, {"kind": kind}, name=f"chart_load_{name}{suffix}")
        for kind, name in load.NAMES.items()
        for end, view, suffix in (("", load.data, ""), ("/file.csv", load.file, "_file"))
    ),
    # operators
    path("ops/load", load.fleet, name="load_fleet"),
    *(
        path(f"ops/load/{name}s/<int:pk>", load.part, {"kind": kind}, name=f"load_{name}")
        for kind, name in load.NAMES.items()
        if kind != ScopeKind.DISTRIBUTOR
    ),
    path("ops", operator_home.home, name="operator_home"),
    path("ops/meters", operator_meters.meters, name="operator_meters"),
    path("ops/map", operator_map.meter_map, name="operator_map"),
    path("ops/quality", operator_quality.quality, name="operator_quality"),
    path("ops/quality.csv", operator_quality.quality_csv, name="operator_quality_csv"),
    path("ops/quality/hits", operator_doubts.hits, name="operator_quality_hits"),
    path("ops/quality/hits.csv", operator_doubts.hits_csv, name="operator_quality_hits_csv"),
    path("ops/quality/estimate", operator_doubts.estimate, name="operator_quality_estimate"),
    path("ops/quality/<int:pk>", operator_doubts.hit, name="operator_quality_hit"),
    path("ops/events", operator_events.events, name="operator_events"),
    path("ops/events/new", operator_events.event_new, name="operator_event_new"),
    path("ops/events/count", operator_events.event_count, name="operator_event_count"),
    path("ops/events/<int:pk>", operator_events.event, name="operator_event"),
    path("ops/events/<int:pk>/settlement.csv", operator_events.event_csv, name="operator_event_csv"),
    path("ops/imports", operator_imports.imports, name="operator_imports"),
    path("ops/imports/new", operator_imports.import_new, name="operator_import_new"),
    path("ops/imports/<int:pk>", operator_imports.import_detail, name="operator_import"),
    path("ops/imports/<int:pk>/progress", operator_imports.import_progress, name="operator_import_progress"),
    path("ops/imports/<int:pk>/errors.csv", operator_imports.import_errors, name="operator_import_errors"),
    path("ops/imports/<int:pk>/file", operator_imports.import_file, name="operator_import_file"),
    path("ops/imports/templates/<slug:name>", operator_imports.import_template, name="operator_import_template"),
    path("ops/act-as/<int:pk>", operator_acting.act_as_start, name="act_as_start"),
    path("ops/act-as/stop", operator_acting.act_as_stop, name="act_as_stop"),
    path("ops/organizations", operator_organizations.organizations, name="operator_organizations"),
    path("ops/organizations/requests/<int:pk>", operator_organizations.decide, name="operator_organization_request"),
    path("ops/organizations/<int:pk>/invite", operator_organizations.invite_into, name="operator_organization_invite"),
    path("ops/groups", operator_groups.groups, name="operator_groups"),
    path("ops/groups/<int:pk>", operator_groups.group, name="operator_group"),
    path("ops/outages", operator_outages.outages, name="operator_outages"),
    path("ops/outages/file", operator_outages.outages_file, name="operator_outages_file"),
    path("ops/outages/<int:pk>", operator_outages.outage, name="operator_outage"),
    path("ops/brand", operator_brand.brand, name="operator_brand"),
    path("ops/mail", operator_mail.mail, name="operator_mail"),
]
