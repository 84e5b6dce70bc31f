import pytest
from django.core.exceptions import ValidationError

from registry.models import ModelAncestor, VendorAncestor
from tests import factories as f

pytestmark = pytest.mark.django_db


def test_a_derived_model_has_all_bases_of_its_base_as_ancestors() -> None:
    root, middle, leaf = f.model("root"), f.model("middle"), f.model("leaf")
    f.derived(leaf, middle)
    f.derived(middle, root)

    assert set(ModelAncestor.objects.filter(model=leaf).values_list("ancestor__slug", flat=True)) == {
        "leaf",
        "middle",
        "root",
    }


def test_a_circle_of_base_models_is_refused() -> None:
    root, leaf = f.model("root"), f.model("leaf")
    f.derived(leaf, root)

    with pytest.raises(ValidationError, match="cannot run in a circle"):
        f.derived(root, leaf)


def test_a_new_parent_reaches_the_vendors_below() -> None:
    lab = f.vendor("lab")
    brand = f.vendor("brand", parent=lab)
    lab.parent = f.vendor("conglomerate")
    lab.save()

    assert VendorAncestor.objects.filter(vendor=brand, ancestor__slug="conglomerate").exists()
