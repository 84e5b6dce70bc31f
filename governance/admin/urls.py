"""Addresses of our own pages. Each is behind `admin_view`: who is not logged in is led to the log-in page."""

from django.contrib import admin
from django.urls import path

from governance.admin.pages import break_glass, correction, gateway, policy, standing_behind, vendor, what_if
from governance.admin.pages.action import action
from governance.admin.pages.attest import attest
from governance.admin.pages.bill import bill
from governance.admin.pages.block import block, lift
from governance.admin.pages.check import check
from governance.admin.pages.concentration import concentration
from governance.admin.pages.delegation import delegations, take_back
from governance.admin.pages.drill import drill
from governance.admin.pages.enroll import enroll
from governance.admin.pages.evidence_pack import evidence_pack
from governance.admin.pages.gate import gate
from governance.admin.pages.home import home
from governance.admin.pages.incident import dismiss, release
from governance.admin.pages.leavers import leavers, transfer
from governance.admin.pages.mail import mail, mails
from governance.admin.pages.model import model
from governance.admin.pages.needs import needs
from governance.admin.pages.news import news
from governance.admin.pages.pipelines import agree, end, pipelines
from governance.admin.pages.plan import ask_for_approval, plan
from governance.admin.pages.proposal import answer, decide, proposal, talk, withdraw
from governance.admin.pages.proposal_edit import again, edit
from governance.admin.pages.propose import adoption, retirement, waiver
from governance.admin.pages.report import choose_report, report
from governance.admin.pages.rule import rule
from governance.admin.pages.source import source
from governance.admin.pages.tokens import revoke, tokens

app_name = "pages"
page = admin.site.admin_view

urlpatterns = [
    path("", page(home), name="home"),
    path("models/<slug:slug>/", page(model), name="model"),
    path("models/<slug:slug>/lineage/", page(standing_behind.lineage), name="lineage"),
    path("systems/<slug:slug>/gate/", page(gate), name="gate"),
    path("systems/<slug:slug>/bom/", page(bill), name="bom"),
    path("systems/<slug:slug>/evidence/", page(evidence_pack), name="evidence-pack"),
    path("checks/<uuid:pk>/", page(check), name="check"),
    path("gateways/<slug:slug>/", page(gateway.gateway), name="gateway"),
    path("gateways/<slug:slug>/compare/", page(gateway.compare), name="gateway-compare"),
    path("gateways/<slug:slug>/fallbacks.yaml", page(gateway.export), name="gateway-export"),
    path("attest/", page(attest), name="attest"),
    path("people/leavers/", page(leavers), name="leavers"),
    path("people/<int:pk>/transfer/", page(transfer), name="transfer"),
    path("dependencies/<int:pk>/plan/", page(plan), name="plan"),
    path("dependencies/<int:pk>/needs/", page(needs), name="needs"),
    path("alternatives/<int:pk>/ask/", page(ask_for_approval), name="ask-for-approval"),
    path("alternatives/<int:pk>/drill/", page(drill), name="drill"),
    path("listings/<int:pk>/enroll/", page(enroll), name="enroll"),
    path("proposals/adopt/", page(adoption), name="propose-adoption"),
    path("proposals/waive/", page(waiver), name="propose-waiver"),
    path("proposals/retire/<slug:slug>/", page(retirement), name="propose-retirement"),
    path("proposals/<int:pk>/", page(proposal), name="proposal"),
    path("proposals/<int:pk>/edit/", page(edit), name="edit-proposal"),
    path("proposals/<int:pk>/again/", page(again), name="propose-again"),
    path("proposals/<int:pk>/talk/", page(talk), name="talk"),
    path("questions/<int:pk>/answer/", page(answer), name="answer"),
    path("delegations/", page(delegations), name="delegations"),
    path("delegations/<int:pk>/end/", page(take_back), name="end-delegation"),
    path("proposals/<int:pk>/decide/", page(decide), name="decide"),
    path("proposals/<int:pk>/withdraw/", page(withdraw), name="withdraw"),
    path("actions/<int:pk>/", page(action), name="action"),
    path("tokens/", page(tokens), name="tokens"),
    path("tokens/<int:pk>/revoke/", page(revoke), name="revoke-token"),
    path("pipelines/", page(pipelines), name="pipelines"),
    path("pipelines/<int:pk>/agree/", page(agree), name="agree-pipeline"),
    path("pipelines/<int:pk>/end/", page(end), name="end-pipeline"),
    path("blocks/new/", page(block), name="block"),
    path("blocks/<int:pk>/lift/", page(lift), name="lift-block"),
    path("sources/<int:pk>/", page(source), name="source"),
    path("incidents/<int:pk>/release/", page(release), name="release"),
    path("incidents/<int:pk>/dismiss/", page(dismiss), name="dismiss"),
    path("vendors/<slug:slug>/", page(vendor.vendor), name="vendor"),
    path("vendors/<slug:slug>/merge/", page(standing_behind.merge), name="merge-vendor"),
    path("vendor-signals/<int:pk>/accept/", page(vendor.accept), name="accept-signal"),
    path("vendor-signals/<int:pk>/dismiss/", page(vendor.dismiss), name="dismiss-signal"),
    path("news/", page(news), name="news"),
    path("offerings/<int:pk>/report/", page(choose_report), name="report"),
    path("offerings/<int:pk>/report/<slug:kind>/", page(report), name="report-kind"),
    path("offerings/<int:pk>/correct/", page(correction.choose_correction), name="correct"),
    path("offerings/<int:pk>/correct/<slug:fact>/", page(correction.correct), name="correct-fact"),
    path("corrections/<int:pk>/lift/", page(correction.lift), name="lift-correction"),
    path("what-if/", page(what_if.what_if), name="what-if"),
    path("what-if/reports/", page(what_if.reports), name="what-if-reports"),
    path("what-if/reports/<int:pk>/", page(what_if.report), name="what-if-report"),
    path("what-if/reports/<int:pk>/<slug:form>/", page(what_if.export), name="what-if-export"),
    path("concentration/", page(concentration), name="concentration"),
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
