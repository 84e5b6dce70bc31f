"""A gateway's configuration is held against the plans: the report, who hears of it, and what is never kept."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.db import connection

from governance.check import preview
from governance.deliver import deliver_due
from governance.drifts import compare_again, names_there, read_gateway, watch
from governance.gateway import litellm_plans
from governance.models import AuditEntry, Block, Drift, Gateway, GatewayReport, Notice
from governance.notices import ensure_channels
from registry.imports.faults import Refused
from registry.imports.litellm import MAX_BYTES
from registry.models import Dependency, Offering
from tests import factories as f
from tests.governance.conftest import browser_of, client_of
from tests.governance.proposing import World, make_world

pytestmark = pytest.mark.django_db
CONFIG = (Path(__file__).parents[1] / "payloads" / "gateway" / "config.yaml").read_bytes()
SECRETS = (
    "sk-live-5f2d9a7b1c",
    "OPENAI_ORG_SECRET",
    "tenant-4e81",
    "ANTHROPIC_API_KEY",
    "hunter2",
    "llm.northwind.example",
    "northwind.openai.azure.com",
    "SECRET_MODEL",
    "redis-9c1e",
    "sk-inline-77aa",
    "sk-master-31337",
    "pgpass",
)


@pytest.fixture
def chat() -> Dependency:
    """The help centre chats with gpt-4o; its plan names claude, and nobody approved it yet."""
    openai = f.vendor("openai")
    gpt = f.offering("gpt-4o", host="openai", kind="service", model=f.model("gpt-4o", developer=openai))
    f.offering("gpt-4o-mini", host="openai", kind="service", model=f.model("gpt-4o-mini", developer=openai))
    claude = f.offering("claude-sonnet", host="anthropic", kind="service")
    dependency = f.dependency(system=f.system("help-centre"), offering=gpt, purpose="chat", pinned_revision="")
    f.plan(dependency, claude)
    return dependency


@pytest.fixture
def proxy(chat: Dependency) -> Gateway:
    team = f.team("platform")
    for one in (team, chat.system.team):
        ensure_channels(one)
    return Gateway.objects.create(slug="main", name="Main gateway", team=team)


def read(gateway: Gateway, content: bytes = CONFIG, *, now: Any = f.NOW) -> GatewayReport:
    return read_gateway(gateway, content, file_name="config.yaml", person=None, now=now)


def kinds(report: GatewayReport) -> list[tuple[str, str]]:
    return [(one.kind, one.ref) for one in report.drifts.all()]


def everything_stored() -> str:
    """All text of all tables, as the database has it."""
    with connection.cursor() as cursor:
        rows: list[Any] = []
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own tables
            rows += cursor.fetchall()
    return "\n".join(str(row) for row in rows)


def test_a_check_names_what_concerns_the_use_and_stops_when_the_gateway_is_mended(
    proxy: Gateway, chat: Dependency
) -> None:
    def found() -> list[tuple[str, str]]:
        answer = preview(chat.system.slug, "production", now=f.NOW)
        return [(one.level, one.message) for one in answer.findings if one.rule == "UD409"]

    assert found() == []
    report = read(proxy)
    ((level, message),) = found()
    about_it = [one.message for one in report.drifts.filter(dependency=chat)]
    assert (level, len(about_it)) == ("warning", 3)
    assert all(one in message for one in about_it)
    assert message.endswith(f"So it stands in the configuration of Main gateway of {f.TODAY}.")

    read(proxy, b"model_list: [{model_name: claude, litellm_params: {model: anthropic/claude-sonnet}}]")
    assert found() == []


def test_what_differs_is_told_by_kind_and_place(proxy: Gateway) -> None:
    report = read(proxy)

    assert set(kinds(report)) == {
        ("unapproved", "mini"),
        ("same_vendor", "mini"),
        ("unapproved", "claude"),
        ("unresolved", "nobody-knows"),
        ("unresolved", "eu-chat"),
        ("unresolved", "secretive"),
        ("undeclared", "claude"),
        ("undeclared", "mini"),
    }
    unapproved = report.drifts.get(kind="unapproved", ref="mini")
    assert (unapproved.rule, unapproved.level, unapproved.place) == (
        "UD409",
        "warning",
        "router_settings.fallbacks[0]",
    )


def test_no_secret_of_a_configuration_is_kept_anywhere(proxy: Gateway) -> None:
    read(proxy)
    kept = everything_stored()

    assert "help-chat" in kept
    assert [secret for secret in SECRETS if secret in kept] == []


@pytest.mark.parametrize(
    "content",
    [
        b"model_list:\n  - api_key: sk-live-5f2d9a7b1c: x\n",
        b"api_key: 'sk-live-5f2d9a7b1c\n",
        b"model_list: sk-live-5f2d9a7b1c",
        b"model_list:\n- model_name: a\n  litellm_params: sk-live-5f2d9a7b1c\n",
        b"router_settings:\n  fallbacks:\n  - a: {api_key: sk-live-5f2d9a7b1c}\n",
    ],
)
def test_a_configuration_that_cannot_be_read_is_not_quoted(proxy: Gateway, content: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read(proxy, content)

    assert "sk-live-5f2d9a7b1c" not in str(refused.value)
    assert not GatewayReport.objects.exists()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[" * 20_000, "file: is neither YAML nor JSON that can be read"),
        (b"a: !!python/object/apply:os.system ['true']", "line 1: is neither YAML nor JSON"),
        (b"a: {x: 1}\n", "file: has neither a model_list nor fallbacks: give the proxy's whole configuration"),
        (b"x" * (MAX_BYTES + 1), "file: has 1,048,577 bytes; 1,048,576 are allowed"),
        (b'model_list: [{model_name: "a\\0b", litellm_params: {model: x}}]', "holds a character that is no valid text"),
        (b"router_settings: {fallbacks: {a: [b]}}", "router_settings.fallbacks: has to be a list, not dict"),
    ],
)
def test_a_hostile_configuration_is_refused_in_words(proxy: Gateway, content: bytes, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        read(proxy, content)

    assert reason in str(refused.value)


def test_merges_that_would_grow_without_end_are_refused(proxy: Gateway) -> None:
    lines = ["a0: &a0 {x: 1}"] + [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}]}}" for n in range(1, 9)]
    with pytest.raises(Refused, match="merges more than 10,000 keys"):
        read(proxy, "\n".join(lines).encode())


def test_a_name_for_the_same_models_is_looked_at_like_any_other(proxy: Gateway) -> None:
    served = read(proxy).configuration["served"]

    assert {one["name"]: one["model"] for one in served}["gpt-4"] == "openai/gpt-4o"


# --- told once --------------------------------------------------------------------------------
def items() -> list[tuple[str, int]]:
    rows = Notice.objects.filter(drifts__isnull=False).distinct().order_by("pk")
    return [(notice.channel.address.split("@")[0], notice.drifts.count()) for notice in rows]


def test_the_gateways_team_hears_all_and_a_systems_team_what_is_about_its_own(proxy: Gateway, chat: Dependency) -> None:
    report = read(proxy)

    own = report.drifts.filter(dependency=chat).count()
    assert sorted(items()) == sorted([("platform", report.drifts.count()), (chat.system.team.slug, own)])
    assert own == 3


def test_a_drift_is_told_once_until_it_changes(proxy: Gateway) -> None:
    read(proxy)
    before = items()
    read(proxy, now=f.NOW + timedelta(days=1))
    assert items() == before

    fewer = CONFIG.replace(b"[mini, {model: claude, api_key: sk-inline-77aa}]", b"[claude]")
    read(proxy, fewer, now=f.NOW + timedelta(days=2))
    read(proxy, now=f.NOW + timedelta(days=3))
    (again,) = Notice.objects.filter(drifts__report=GatewayReport.objects.first(), channel__team=proxy.team).distinct()
    assert set(again.drifts.values_list("kind", "ref")) == {("unapproved", "mini"), ("same_vendor", "mini")}


def test_the_letter_says_what_differs_and_where(proxy: Gateway) -> None:
    read(proxy)
    deliver_due(["email"], now=f.NOW + timedelta(days=2))

    letter = next(one for one in mail.outbox if one.to == ["platform@northwind.example"])
    assert letter.subject.endswith("The gateway Main gateway differs from the approved plans")
    assert "which nobody approved for help-centre, chat, production" in letter.body
    assert "/gateways/main/" in letter.body


def test_a_block_is_seen_without_another_configuration(proxy: Gateway) -> None:
    first = read(proxy)
    assert watch(now=f.NOW) == 0
    mini = Offering.objects.get(external_id="gpt-4o-mini")
    Block.objects.create(offering=mini, reason="It leaks.", blocked_by=f.user(), blocked_at=f.NOW)

    assert watch(now=f.NOW + timedelta(hours=1)) == 1
    second = GatewayReport.objects.first()
    assert second is not None
    assert second.pk != first.pk
    assert second.read_at == first.read_at
    assert ("blocked", "mini") in kinds(second)
    assert watch(now=f.NOW + timedelta(hours=2)) == 0


def test_a_gateway_of_which_nothing_was_read_is_passed_over(proxy: Gateway) -> None:
    assert compare_again(proxy, now=f.NOW) is None


def test_each_report_leaves_a_line_of_audit(proxy: Gateway) -> None:
    report = read(proxy)

    entry = AuditEntry.objects.get(tag="governance:gateway:read")
    assert entry.after == {"gateway": "main", "file": "config.yaml", "drifts": report.drifts.count()}


# --- approved, exported, read again -----------------------------------------------------------
@pytest.fixture
def world() -> World:
    """A use with a plan, whose alternative a reviewer has approved."""
    made = make_world()
    made.decide(made.approval())
    return made


def test_what_is_exported_for_a_gateway_has_no_drift_when_it_is_read(world: World) -> None:
    system = world.dependency.system
    proxy = Gateway.objects.create(slug="own", name="Own", team=system.team, system=system)
    models = {use.offering for use in [world.dependency]} | set(Offering.objects.filter(alternatives__isnull=False))
    config: dict[str, Any] = {
        "model_list": [
            {"model_name": f"name-{one.pk}", "litellm_params": {"model": f"{one.host}/{one.external_id}"}}
            for one in sorted(models, key=lambda one: one.pk)
        ]
    }
    report = read(proxy, json.dumps(config).encode())
    assert ("missing", f"name-{world.dependency.offering_id}") in kinds(report)

    (plan,) = [
        one for one in litellm_plans(now=f.NOW, system=system.slug, names_there=names_there(proxy)) if one.fallbacks
    ]
    config["router_settings"] = {"fallbacks": [{plan.primary: list(plan.fallbacks)}]}
    assert plan.primary == f"name-{world.dependency.offering_id}"
    assert kinds(read(proxy, json.dumps(config).encode())) == []


# --- doors ------------------------------------------------------------------------------------
@pytest.mark.usefixtures("proxy")
def test_the_command_tells_and_ends_with_one(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_bytes(CONFIG)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("compare_gateway", "main", tmp_path / "config.yaml", stdout=out)

    assert ended.value.code == 1
    assert (
        "UD409 warning: From “help-chat” the gateway falls back to gpt-4o-mini (openai), which nobody" in out.getvalue()
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nobody"], "There is no gateway “nobody”"),
        (["main"], "No configuration of “main” was read yet"),
        (["main", "nowhere.yaml"], "Cannot read nowhere.yaml"),
    ],
)
@pytest.mark.usefixtures("proxy")
def test_the_command_says_what_it_lacks(arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        call_command("compare_gateway", *arguments)


def post(client: Any, body: bytes = CONFIG) -> Any:
    return client.generic("POST", "/api/v1/gateways/main/reports/", body, content_type="application/yaml")


@pytest.mark.usefixtures("proxy")
def test_a_pipeline_hands_the_configuration_in() -> None:
    answer = post(client_of(f.user(role="reviewer")))

    assert answer.status_code == 200
    assert {"rule": "UD409", "kind": "unapproved", "ref": "mini"}.items() <= answer.json()["drifts"][0].items()
    listed = client_of(f.user(role="viewer")).get("/api/v1/gateway-reports/?gateway=main").json()["results"]
    assert [one["id"] for one in listed] == [answer.json()["id"]]


@pytest.mark.usefixtures("proxy")
def test_a_configuration_that_cannot_be_read_is_a_problem_with_its_place() -> None:
    answer = post(client_of(f.user(role="reviewer")), b"model_list: {}")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_configuration")
    assert answer.json()["errors"] == [{"field": "model_list", "message": "has to be a list, not dict"}]


def test_only_who_runs_the_gateway_hands_its_configuration_in(proxy: Gateway) -> None:
    stranger, own = f.user(role="owner"), f.user(role="owner")
    proxy.team.members.create(user=own, role="member")
    assert post(client_of(stranger)).status_code == 403
    assert post(client_of(f.user(role="viewer"))).status_code == 403
    assert post(client_of(own)).status_code == 200


def test_an_owner_adds_a_gateway_of_the_own_team_alone() -> None:
    own, team, other = f.user(role="owner"), f.team("mine"), f.team("theirs")
    team.members.create(user=own, role="member")
    client = client_of(own)
    mine = client.post("/api/v1/gateways/", {"slug": "a", "name": "A", "team": team.slug}, format="json")
    theirs = client.post("/api/v1/gateways/", {"slug": "b", "name": "B", "team": other.slug}, format="json")

    assert (mine.status_code, theirs.status_code) == (201, 403)


def upload(client: Any, content: bytes = CONFIG) -> Any:
    file = SimpleUploadedFile("config.yaml", content, content_type="application/yaml")
    return client.post("/gateways/main/", {"configuration": file})


@pytest.mark.usefixtures("proxy")
def test_the_page_shows_the_report_that_an_upload_leaves() -> None:
    browser = browser_of(f.user(role="reviewer"))
    assert "No configuration was handed in yet" in browser.get("/gateways/main/").content.decode()
    assert upload(browser).headers["Location"] == "/gateways/main/"

    page = browser.get("/gateways/main/").content.decode()
    assert "Falls back to what nobody approved" in page
    assert "which nobody approved for help-centre, chat, production" in page
    assert [secret for secret in SECRETS if secret in page] == []


@pytest.mark.usefixtures("proxy")
def test_the_page_says_what_is_wrong_with_an_upload() -> None:
    answer = upload(browser_of(f.user(role="reviewer")), b"model_list: {}")

    assert answer.status_code == 400
    assert "model_list: has to be a list, not dict" in answer.content.decode()


@pytest.mark.usefixtures("proxy")
def test_who_only_looks_has_no_form_and_changes_nothing() -> None:
    browser = browser_of(f.user(role="viewer"))

    assert 'type="file"' not in browser.get("/gateways/main/").content.decode()
    assert upload(browser).status_code == 403
    assert browser.post("/gateways/main/compare/").status_code == 403
    assert browser.get("/gateways/main/fallbacks.yaml").content.startswith(b"router_settings:")
    assert not Drift.objects.exists()


def test_the_page_compares_again(proxy: Gateway) -> None:
    read(proxy)
    Block.objects.create(
        offering=Offering.objects.get(external_id="gpt-4o-mini"), reason="No.", blocked_by=f.user(), blocked_at=f.NOW
    )
    browser = browser_of(f.user(role="reviewer"))

    assert browser.get("/gateways/main/compare/").status_code == 403
    assert browser.post("/gateways/main/compare/").status_code == 302
    assert GatewayReport.objects.count() == 2
