"""Addresses of our own pages. Each is behind `admin_view`: who is not logged in is led to the log-in page."""

from django.contrib import admin
from django.urls import path

from governance.admin.pages import break_glass, correction, policy, vendor
from governance.admin.pages.action import action
from governance.admin.pages.block import block, lift
from governance.admin.pages.drill import drill
from governance.admin.pages.gate import gate
from governance.admin.pages.home import home
from governance.admin.pages.incident import dismiss, release
from governance.admin.pages.mail import mail, mails
from governance.admin.pages.model import model
from governance.admin.pages.news import news
from governance.admin.pages.plan import ask_for_approval, plan
from governance.admin.pages.proposal import decide, proposal, withdraw
from governance.admin.pages.propose import adoption, waiver
from governance.admin.pages.report import choose_report, report
from governance.admin.pages.rule import rule
from governance.admin.pages.source import source

app_name = "pages"
page = admin.site.admin_view

urlpatterns = [
    path("", page(home), name="home"),
    path("models/<slug:slug>/", page(model), name="model"),
    path("systems/<slug:slug>/gate/", page(gate), name="gate"),
    path("dependencies/<int:pk>/plan/", page(plan), name="plan"),
    path("alternatives/<int:pk>/ask/", page(ask_for_approval), name="ask-for-approval"),
    path("alternatives/<int:pk>/drill/", page(drill), name="drill"),
    path("proposals/adopt/", page(adoption), name="propose-adoption"),
    path("proposals/waive/", page(waiver), name="propose-waiver"),
    path("proposals/<int:pk>/", page(proposal), name="proposal"),
    path("proposals/<int:pk>/decide/", page(decide), name="decide"),
    path("proposals/<int:pk>/withdraw/", page(withdraw), name="withdraw"),
    path("actions/<int:pk>/", page(action), name="action"),
    path("blocks/new/", page(block), name="block"),
    path("blocks/<int:pk>/lift/", page(lift), name="lift-block"),
    path("sources/<int:pk>/", page(source), name="source"),
    path("incidents/<int:pk>/release/", page(release), name="release"),
    path("incidents/<int:pk>/dismiss/", page(dismiss), name="dismiss"),
    path("vendors/<slug:slug>/", page(vendor.vendor), name="vendor"),
    path("vendor-signals/<int:pk>/accept/", page(vendor.accept), name="accept-signal"),
    path("vendor-signals/<int:pk>/dismiss/", page(vendor.dismiss), name="dismiss-signal"),
    path("news/", page(news), name="news"),
    path("offerings/<int:pk>/report/", page(choose_report), name="report"),
    path("offerings/<int:pk>/report/<slug:kind>/", page(report), name="report-kind"),
    path("offerings/<int:pk>/correct/", page(correction.choose_correction), name="correct"),
    path("offerings/<int:pk>/correct/<slug:fact>/", page(correction.correct), name="correct-fact"),
    path("corrections/<int:pk>/lift/", page(correction.lift), name="lift-correction"),
    path("policy/", page(policy.policy), name="policy"),
    path("policy/policy.toml", page(policy.export), name="policy-export"),
    path("policy/change/", page(policy.change), name="policy-change"),
    path("policy/dry-runs/<int:pk>/", page(policy.dry_run_page), name="dry-run"),
    path("break-glass/new/", page(break_glass.open_glass), name="break-the-glass"),
    path("break-glass/<int:pk>/", page(break_glass.glass), name="break-glass"),
    path("break-glass/<int:pk>/close/", page(break_glass.close), name="break-glass-close"),
    path("break-glass/<int:pk>/review/", page(break_glass.review), name="break-glass-review"),
    path("rules/<slug:code>/", page(rule), name="rule"),
    path("mail/", page(mails), name="mails"),
    path("mail/<str:name>/", page(mail), name="mail"),
]
