from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from registry.lineage import roots_of
from registry.models import AIModel, LineageEdge, ModelAncestor, Vendor, VendorAncestor
from tests import factories as f

pytestmark = pytest.mark.django_db

SIZE = 6
node = st.integers(0, SIZE - 1)


def roots_named(model: AIModel) -> set[str]:
    return set(roots_of([model.pk])[model.pk].vendor_names)


def closure(parents: dict[int, set[int]]) -> set[tuple[int, int]]:
    """Each node with itself and all it reaches, found the slow and obvious way."""
    reached = {(child, child) for child in parents}
    while True:
        more = {(child, up) for child, middle in reached for up in parents[middle]} - reached
        if not more:
            return reached
        reached |= more


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(["add", "remove", "turn"]), node, node), max_size=14))
def test_the_closure_of_models_equals_a_naive_recomputation(steps: list[tuple[str, int, int]]) -> None:
    with transaction.atomic():
        developer, owner = f.vendor(), f.team()
        models = [f.model(developer=developer, owner=owner) for _ in range(SIZE)]
        for step, child, base in steps:
            walk_one_step(step, models[child], models[base])
        edges: dict[int, set[int]] = {model.pk: set() for model in models}
        for child_id, base_id in LineageEdge.objects.values_list("child_id", "base_id"):
            edges[child_id].add(base_id)

        assert set(ModelAncestor.objects.values_list("model_id", "ancestor_id")) == closure(edges)
        transaction.set_rollback(True)


def walk_one_step(step: str, child: AIModel, base: AIModel) -> None:
    """Add an edge, remove it, or turn one round; an edge that closes a circle is refused and changes nothing."""
    edge = LineageEdge.objects.filter(child=child, base=base).first()
    if step == "remove" and edge:
        edge.delete()
    elif step == "turn" and edge:
        edge.child, edge.base = base, child
        save_unless_circle(edge)
    elif step == "add" and not edge:
        save_unless_circle(LineageEdge(child=child, base=base, relation="merge"))


def save_unless_circle(edge: LineageEdge) -> None:
    would_close = reaches(edge.base_id, edge.child_id, without=edge.pk)
    if would_close:
        with pytest.raises(ValidationError, match="circle"):
            edge.save()
    else:
        edge.save()


def reaches(start: int, goal: int, *, without: int | None) -> bool:
    seen, todo = set(), [start]
    while todo:
        seen.add(current := todo.pop())
        todo += set(LineageEdge.objects.filter(child=current).exclude(pk=without).values_list("base", flat=True)) - seen
    return goal in seen


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(node, st.none() | node), max_size=14))
def test_the_closure_of_vendors_equals_a_naive_recomputation(steps: list[tuple[int, int | None]]) -> None:
    with transaction.atomic():
        vendors = [f.vendor() for _ in range(SIZE)]
        for child, parent in steps:
            set_parent_unless_circle(vendors[child].pk, None if parent is None else vendors[parent].pk)
        parents = {pk: {up} - {None} for pk, up in Vendor.objects.values_list("pk", "parent_id")}

        assert set(VendorAncestor.objects.values_list("vendor_id", "ancestor_id")) == closure(parents)
        transaction.set_rollback(True)


def set_parent_unless_circle(child_id: int, parent_id: int | None) -> None:
    child, above = Vendor.objects.get(pk=child_id), parent_id
    while above not in {None, child_id}:
        above = Vendor.objects.get(pk=above).parent_id
    child.parent_id = parent_id
    if above == child_id:
        with pytest.raises(ValidationError, match="cannot own its owner"):
            child.save()
    else:
        child.save()


def test_an_edge_may_be_turned_round() -> None:
    one, two = f.model(), f.model()
    edge = f.derived(one, two)
    edge.child, edge.base = two, one

    edge.save()

    assert set(one.ancestor_rows.values_list("ancestor_id", flat=True)) == {one.pk}
    assert set(two.ancestor_rows.values_list("ancestor_id", flat=True)) == {one.pk, two.pk}


def test_an_update_of_an_edge_cannot_close_a_circle() -> None:
    root, middle, leaf = f.model(), f.model(), f.model()
    f.derived(middle, root)
    edge = f.derived(leaf, middle)
    edge.child, edge.base = root, middle

    with pytest.raises(ValidationError, match="circle"):
        edge.save()


def test_deleting_a_derived_model_leaves_its_base_as_it_was() -> None:
    root, leaf = f.model(), f.model()
    f.derived(leaf, root)

    leaf.delete()

    assert list(ModelAncestor.objects.values_list("model_id", "ancestor_id")) == [(root.pk, root.pk)]


@pytest.mark.parametrize(
    "shortcut",
    [
        lambda: LineageEdge.objects.update(relation="merge"),
        lambda: LineageEdge.objects.bulk_create([]),
        lambda: LineageEdge.objects.bulk_update([LineageEdge(pk=1)], ["relation"]),
        lambda: Vendor.objects.update(parent=None),
        lambda: Vendor.objects.bulk_create([]),
        lambda: Vendor.objects.bulk_update([Vendor(pk=1)], ["parent"]),
    ],
)
def test_a_shortcut_past_the_closure_is_refused(shortcut: Any) -> None:
    with pytest.raises(TypeError, match="by-pass the closure"):
        shortcut()


def test_models_created_in_bulk_are_their_own_ancestors() -> None:
    developer = f.vendor()

    models = AIModel.objects.bulk_create(AIModel(slug=s, name=s, developer=developer) for s in ("a", "b"))

    assert ModelAncestor.objects.filter(model__in=models).count() == 2


def test_the_owners_of_the_developer_count() -> None:
    qwen = f.vendor("qwen", parent=f.vendor("alibaba"))

    assert roots_named(f.model(developer=qwen)) == {"Qwen", "Alibaba"}


def test_the_vendors_of_all_bases_count() -> None:
    merged = f.model(developer=f.vendor("merger"))
    f.derived(merged, f.model(developer=f.vendor("one")), "merge")
    middle = f.model(developer=f.vendor("two"))
    f.derived(middle, f.model(developer=f.vendor("three")))
    f.derived(merged, middle, "merge")

    assert roots_named(merged) == {"Merger", "One", "Two", "Three"}


def test_who_only_quantised_a_model_is_no_root() -> None:
    quantised = f.model(developer=f.vendor("packager"))
    f.derived(quantised, f.model(developer=f.vendor("maker")), "quantized")
    finetuned = f.model(developer=f.vendor("tuner"))
    f.derived(finetuned, quantised)

    assert roots_named(quantised) == {"Maker"}
    assert roots_named(finetuned) == {"Tuner", "Maker"}


def test_who_quantised_a_merge_of_its_own_is_a_root() -> None:
    mixed = f.model(developer=f.vendor("mixer"))
    f.derived(mixed, f.model(developer=f.vendor("one")), "quantized")
    f.derived(mixed, f.model(developer=f.vendor("two")), "merge")

    assert roots_named(mixed) == {"Mixer", "One", "Two"}


def test_our_own_organisation_is_never_a_root() -> None:
    ours = f.vendor("northwind", is_self=True, parent=f.vendor("holding"))
    inhouse = f.model(developer=f.vendor("northwind-labs", parent=ours))
    f.derived(inhouse, f.model(developer=f.vendor("maker")))

    assert roots_named(inhouse) == {"Maker"}


def test_a_lineage_is_known_when_every_model_in_it_is_settled() -> None:
    leaf = f.model()
    f.derived(leaf, f.model())

    roots = roots_of([leaf.pk])[leaf.pk]

    assert roots.is_known
    assert roots.unknown_models == ()


@pytest.mark.parametrize("status", ["unknown", "partial", "complete"])
def test_an_unsettled_base_makes_the_lineage_unknown_and_is_named(status: str) -> None:
    # `complete` without a base is a claim that nothing supports.
    base = f.model("mystery", lineage_status=status)
    leaf = f.model()
    f.derived(leaf, base)

    roots = roots_of([leaf.pk])[leaf.pk]

    assert not roots.is_known
    assert roots.unknown_models == ("mystery",)


def test_a_model_that_does_not_exist_is_not_known() -> None:
    roots = roots_of([4711])[4711]

    assert not roots.is_known
    assert roots.vendor_ids == frozenset()


@pytest.mark.parametrize("count", [1, 30])
def test_many_models_take_one_query(count: int, django_assert_num_queries: Any) -> None:
    base = f.model()
    models = [f.model(developer=base.developer, owner=base.owner) for _ in range(count)]
    for model in models:
        f.derived(model, base)

    with django_assert_num_queries(1):
        found = roots_of([model.pk for model in models])

    assert len(found) == count
