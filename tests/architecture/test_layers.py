"""What linters cannot see of the layers: which table points at which."""

import re

from django.apps import apps
from django.db.models import ForeignKey, ManyToManyField, Model

from tests.architecture.files import files, name_of


def targets(model: type[Model]) -> set[str]:
    """The apps that the table of `model` points at."""
    fields = [f for f in model._meta.get_fields() if isinstance(f, ForeignKey | ManyToManyField)]
    return {field.related_model._meta.app_label for field in fields}


def test_no_table_of_facts_points_at_a_table_of_decisions() -> None:
    pointing = {
        model.__name__ for model in apps.get_app_config("registry").get_models() if "governance" in targets(model)
    }
    assert pointing == set()


def test_that_would_be_seen() -> None:
    assert "registry" in targets(apps.get_model("governance", "Approval"))


def test_nothing_happens_behind_the_back_of_the_reader() -> None:
    signals = re.compile(r"django\.dispatch|\bsignals import|@receiver")
    code = files("config", "registry", "governance", suffix=".py")
    assert [name_of(path) for path in code if signals.search(path.read_text(encoding="utf-8"))] == []
