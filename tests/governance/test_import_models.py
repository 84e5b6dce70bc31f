from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from governance.models import AuditEntry
from registry.merge import merge
from registry.models import AIModel, Change, Vendor
from tests import factories as f

pytestmark = pytest.mark.django_db
GOOD = "slug,name,developer\ngte,GTE,alibaba\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    f.vendor("alibaba")
    path = tmp_path / "models.csv"
    path.write_text(GOOD)
    return path


def run(*arguments: object) -> str:
    out = StringIO()
    call_command("import_models", *arguments, stdout=out)
    return out.getvalue()


def test_a_dry_run_reports_each_row_and_changes_nothing(file: Path) -> None:
    assert run(file, "--dry-run") == "line 2: new gte\nDry run: nothing was changed.\n"
    assert not AIModel.objects.exists()


def test_an_import_is_in_the_audit_chain_with_who_did_it(file: Path) -> None:
    person = f.user("dana")

    assert "1 of 1 models written." in run(file, "--actor", "dana")

    entry = AuditEntry.objects.get(tag="registry:model:imported")
    assert entry.actor == person
    assert entry.after is not None
    assert (entry.after["file"], entry.after["slug"]) == ("models.csv", "gte")


def test_every_fault_is_told_and_nothing_is_imported(file: Path) -> None:
    file.write_text(GOOD + "x,X,nobody\ny,Y,nobody\n")

    with pytest.raises(CommandError) as raised:
        run(file)

    assert "line 3, developer: there is no vendor “nobody”" in str(raised.value)
    assert "2 to put right; nothing was imported." in str(raised.value)
    assert not AIModel.objects.exists()


def test_an_unknown_actor_is_refused(file: Path) -> None:
    with pytest.raises(CommandError, match="no active account “ghost”"):
        run(file, "--actor", "ghost")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"Cannot read .*nowhere.csv: No such file"):
        run(tmp_path / "nowhere.csv")


def test_update_is_handed_on(file: Path) -> None:
    run(file)

    assert "line 2: unchanged gte" in run(file, "--update")


def test_a_file_that_states_another_lineage_tells_whom_it_touches(file: Path) -> None:
    f.model("gte", developer=f.vendor("acme"))
    person = f.user("dana")

    run(file, "--update", "--actor", "dana")

    change = Change.objects.get()
    assert (change.kind, change.model, change.reported_by) == ("lineage_changed", AIModel.objects.get(), person)
    assert (change.before["developer"], change.after["developer"]) == ("acme", "alibaba")


def test_a_file_that_leaves_the_lineage_alone_tells_nothing(file: Path) -> None:
    f.model("gte", developer=f.vendor("acme"))
    file.write_text("slug,name,developer\ngte,GTE base,acme\nnew,New,acme\n")

    run(file, "--update")

    assert AIModel.objects.count() == 2
    assert not Change.objects.exists()


def test_the_former_name_of_a_merged_vendor_means_the_other(file: Path) -> None:
    gone, person = f.vendor("old-brand", name="Old Brand"), f.user()
    merge(gone, Vendor.objects.get(slug="alibaba"), reason="Renamed.", by=person, now=f.NOW)
    file.write_text("slug,name,developer\ngte,GTE,Old Brand\n")

    run(file)

    assert AIModel.objects.get().developer.slug == "alibaba"
