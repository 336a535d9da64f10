"""The pages, by who comes for them."""

from django.urls import path

from dashboards.views import (
    answer,
    calendar,
    charts,
    disputes,
    evidence,
    load,
    meter,
    meter_files,
    moving,
    organization,
    organization_audit,
    organization_imports,
    organization_invitations,
    organization_people,
    organization_programs,
    programs,
    public,
    resident,
    statements,
    wishes,
)
from dashboards.views import help as public_help
from dashboards.views.operator import acting as operator_acting
from dashboards.views.operator import adjustments as operator_adjustments
from dashboards.views.operator import brand as operator_brand
from dashboards.views.operator import charts as operator_charts
from dashboards.views.operator import disputes as operator_disputes
from dashboards.views.operator import doubts as operator_doubts
from dashboards.views.operator import event_builder as operator_builder
from dashboards.views.operator import event_changes as operator_changes
from dashboards.views.operator import events as operator_events
from dashboards.views.operator import flags as operator_flags
from dashboards.views.operator import groups as operator_groups
from dashboards.views.operator import home as operator_home
from dashboards.views.operator import imports as operator_imports
from dashboards.views.operator import insights as operator_insights
from dashboards.views.operator import ledger as operator_ledger
from dashboards.views.operator import mail as operator_mail
from dashboards.views.operator import map as operator_map
from dashboards.views.operator import messages as operator_messages
from dashboards.views.operator import meters as operator_meters
from dashboards.views.operator import months as operator_months
from dashboards.views.operator import organizations as operator_organizations
from dashboards.views.operator import outages as operator_outages
from dashboards.views.operator import placebo as operator_placebo
from dashboards.views.operator import program_people as operator_program_people
from dashboards.views.operator import program_terms as operator_program_terms
from dashboards.views.operator import programs as operator_programs
from dashboards.views.operator import quality as operator_quality
from dashboards.views.operator import room as operator_room
from dashboards.views.operator import settlement as operator_settlement
from dashboards.views.operator import sheets as operator_sheets
from dashboards.views.operator import wholesale as operator_wholesale
from dashboards.views.upstream import pages as upstream_pages
from dashboards.views.vens import detail as vens_detail
from dashboards.views.vens import enroll as vens_enroll
from dashboards.views.vens import event_devices as vens_event_devices
from dashboards.views.vens import lists as vens_lists
from dashboards.views.vens import messages as vens_messages
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
    path("events/wishes", wishes.wishes, name="opt_schedules"),
    path("events/wishes/<int:pk>/end", wishes.wish_end, name="opt_schedule_end"),
    path("events/<int:pk>", resident.event_detail, name="event_detail"),
    path("events/<int:pk>/event.ics", calendar.event_ics, name="event_ics"),
    path("account/calendar", calendar.calendar, name="account_calendar"),
    path("calendar/<str:secret>.ics", calendar.feed, name="calendar_feed"),
    # whoever has the link of a notice
    path("answer/<str:token>", answer.answer, name="answer"),
    path("events/<int:pk>/answer", resident.event_answer, name="event_answer"),
    path("events/<int:pk>/live", resident.event_live, name="event_live"),
    path("programs/<int:pk>", programs.program_detail, name="program_detail"),
    path("programs/<int:pk>/join", programs.program_join, name="program_join"),
    path("programs/<int:pk>/part", programs.program_part, name="program_part"),
    path("rewards", resident.reward_list, name="rewards"),
    path("rewards/statements", statements.statement_list, name="statements"),
    path("rewards/statements/<slug:month>", statements.statement, name="statement"),
    path("rewards/statements/<slug:month>.csv", statements.statement_csv, name="statement_csv"),
    path("rewards/statements/<slug:month>.json", statements.statement_json, name="statement_json"),
    path("rewards/disputes", disputes.dispute_list, name="disputes"),
    path("rewards/disputes/<int:pk>", disputes.dispute, name="dispute"),
    path("rewards/<int:pk>/dispute", disputes.reward_dispute, name="reward_dispute"),
    path("rewards/<int:pk>/why", resident.reward_why, name="reward_why"),
    path("rewards/<int:pk>/evidence.json", evidence.evidence_file, name="reward_evidence"),
    path("rewards/verify_reward.py", evidence.verifier_file, name="reward_verifier"),
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
    path("org/programs", organization_programs.programs, name="organization_programs"),
    path("org/programs/<int:pk>", organization_programs.program, name="organization_program"),
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
    path("ops/events/new", operator_builder.event_new, name="operator_event_new"),
    path("ops/events/preview", operator_builder.event_preview, name="operator_event_preview"),
    path("ops/events/<int:pk>/edit", operator_builder.event_edit, name="operator_event_edit"),
    path("ops/events/<int:pk>/left-out", operator_builder.event_left_out, name="operator_event_left_out"),
    path("ops/events/<int:pk>/agree", operator_builder.event_agree, name="operator_event_agree"),
    path("ops/events/<int:pk>/change", operator_changes.event_change, name="operator_event_change"),
    path("ops/events/<int:pk>/cancel", operator_changes.event_cancel, name="operator_event_cancel"),
    path("ops/events/<int:pk>", operator_room.room, name="operator_event"),
    path("ops/events/<int:pk>/live", operator_room.live, name="operator_event_live"),
    path("ops/events/<int:pk>/live.csv", operator_room.live_csv, name="operator_event_live_csv"),
    path("ops/events/<int:pk>/log", operator_room.log, name="operator_event_log"),
    path("ops/events/<int:pk>/settlement.csv", operator_events.event_csv, name="operator_event_csv"),
    path("ops/events/<int:pk>/sheet", operator_sheets.sheets, name="operator_sheets"),
    path("ops/sheets/<int:pk>", operator_sheets.sheet, name="operator_sheet"),
    path("ops/sheets/<int:pk>.csv", operator_sheets.sheet_csv, name="operator_sheet_csv"),
    path("ops/events/<int:pk>/settling", operator_settlement.event_settling, name="operator_event_settling"),
    path("ops/settlement", operator_settlement.settlements, name="operator_settlement"),
    path("ops/settlement/<int:pk>", operator_settlement.run, name="operator_settlement_run"),
    path("ops/settlement/<int:pk>/lines.csv", operator_settlement.run_csv, name="operator_settlement_run_csv"),
    path("ops/months", operator_months.months, name="operator_months"),
    path("ops/months/<int:pk>", operator_months.month, name="operator_month"),
    path("ops/ledger", operator_ledger.ledger, name="operator_ledger"),
    path("ops/ledger.csv", operator_ledger.ledger_csv, name="operator_ledger_csv"),
    path("ops/disputes", operator_disputes.disputes, name="operator_disputes"),
    path("ops/disputes/<int:pk>", operator_disputes.dispute, name="operator_dispute"),
    path("ops/adjustments", operator_adjustments.adjustments, name="operator_adjustments"),
    path("ops/adjustments/new", operator_adjustments.adjustment_new, name="operator_adjustment_new"),
    path("ops/adjustments/<int:pk>", operator_adjustments.adjustment, name="operator_adjustment"),
    path("ops/programs", operator_programs.programs, name="operator_programs"),
    path("ops/programs/new", operator_programs.program_new, name="operator_program_new"),
    path("ops/programs/<int:pk>", operator_programs.program, name="operator_program"),
    path("ops/programs/<int:pk>/draft", operator_program_terms.program_draft, name="operator_program_draft"),
    path("ops/programs/<int:pk>/versions", operator_program_terms.program_versions, name="operator_program_versions"),
    path("ops/programs/<int:pk>/people", operator_program_people.program_people, name="operator_program_people"),
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
    path("ops/programs/<int:pk>/placebo", operator_placebo.placebo, name="operator_placebo"),
    path("ops/programs/<int:pk>/placebo/progress", operator_placebo.placebo_progress, name="operator_placebo_progress"),
    path("ops/programs/<int:pk>/placebo.csv", operator_placebo.placebo_csv, name="operator_placebo_csv"),
    path("ops/insights", operator_insights.insights, name="operator_insights"),
    path("ops/wholesale", operator_wholesale.wholesale, name="operator_wholesale"),
    path("ops/wholesale/chart", operator_wholesale.wholesale_chart, name="operator_wholesale_chart"),
    path("ops/wholesale.csv", operator_wholesale.wholesale_csv, name="operator_wholesale_csv"),
    path("ops/programs/<int:pk>/season", operator_insights.season, name="operator_season"),
    path("ops/programs/<int:pk>/season/chart", operator_insights.season_chart, name="operator_season_chart"),
    path("ops/programs/<int:pk>/season.csv", operator_insights.season_csv, name="operator_season_csv"),
    path("ops/programs/<int:pk>/season.json", operator_insights.season_json, name="operator_season_json"),
    path("ops/programs/<int:pk>/rank", operator_insights.ranks, name="operator_ranks"),
    path("ops/programs/<int:pk>/rank.csv", operator_insights.ranks_csv, name="operator_ranks_csv"),
    path("ops/programs/<int:pk>/response", operator_insights.response, name="operator_response"),
    path("ops/programs/<int:pk>/response.csv", operator_insights.response_csv, name="operator_response_csv"),
    path("ops/settlement/flags", operator_flags.flags, name="operator_flags"),
    path("ops/settlement/flags/<int:pk>", operator_flags.flag, name="operator_flag"),
    path("ops/outages", operator_outages.outages, name="operator_outages"),
    path("ops/outages/file", operator_outages.outages_file, name="operator_outages_file"),
    path("ops/outages/<int:pk>", operator_outages.outage, name="operator_outage"),
    path("ops/upstream", upstream_pages.upstreams, name="operator_upstreams"),
    path("ops/upstream/new", upstream_pages.upstream_new, name="operator_upstream_new"),
    path("ops/upstream/<int:pk>", upstream_pages.upstream, name="operator_upstream"),
    path("ops/upstream/<int:pk>/change", upstream_pages.upstream_change, name="operator_upstream_change"),
    path("ops/vens", vens_lists.vens, name="operator_vens"),
    path("ops/vens/new", vens_enroll.ven_new, name="operator_ven_new"),
    path("ops/vens/messages", vens_messages.messages, name="operator_ven_messages"),
    path("ops/vens/messages/<int:pk>", vens_messages.message, name="operator_ven_message"),
    path("ops/vens/<int:pk>", vens_detail.ven, name="operator_ven"),
    path("ops/vens/<int:pk>/power", vens_detail.power, name="operator_ven_power"),
    path("ops/vens/<int:pk>/events", vens_detail.history, name="operator_ven_events"),
    path("ops/vens/<int:pk>/events.csv", vens_detail.history_csv, name="operator_ven_events_csv"),
    path("ops/events/<int:pk>/devices", vens_event_devices.event_devices, name="operator_event_devices"),
    path("ops/events/<int:pk>/devices.csv", vens_event_devices.event_devices_csv, name="operator_event_devices_csv"),
    path("ops/brand", operator_brand.brand, name="operator_brand"),
    path("ops/messages", operator_messages.message_list, name="operator_messages"),
    path("ops/mail", operator_mail.mail, name="operator_mail"),
]
