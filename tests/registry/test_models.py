import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError

from registry.models import HubNamespace, ModelAncestor, Vendor, VendorAlias, VendorAncestor
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


@pytest.mark.parametrize("text", ["alibaba", " Alibaba ", "ALIBABA", "alibaba group"])
def test_a_vendor_answers_to_its_slug_its_name_and_its_aliases_whatever_the_case(text: str) -> None:
    alibaba = f.vendor("alibaba")
    f.vendor("alibaba-cloud")
    VendorAlias.objects.create(vendor=alibaba, text="Alibaba Group")

    assert list(Vendor.objects.named(text)) == [alibaba]


@pytest.mark.parametrize(("model", "field"), [(VendorAlias, "text"), (HubNamespace, "name")])
def test_a_name_belongs_to_one_vendor_whatever_the_case(model: type[VendorAlias | HubNamespace], field: str) -> None:
    model.objects.create(vendor=f.vendor(), **{field: "Qwen"})

    with pytest.raises(IntegrityError):
        model.objects.create(vendor=f.vendor(), **{field: " qwen"})
