"""Models as their developers released them, the places that offer them, and what people call them."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models.functions import Coalesce, Greatest

from registry.capabilities import CAPABILITIES, Capabilities, read_capabilities
from registry.locks import serialise
from registry.models.licenses import License
from registry.models.people import Team
from registry.models.vendors import Vendor


class AIModelQuerySet(models.QuerySet["AIModel"]):
    def with_registry_card(self) -> Self:
        """Everything a list row shows, without a query per row."""
        return self.select_related("developer__parent", "owner", "deputy")

    def bulk_create(self, objs: Iterable["AIModel"], *args: Any, **kwargs: Any) -> list["AIModel"]:
        """As Django's, and each new model becomes its own ancestor as it does in `save`."""
        with transaction.atomic():
            created = super().bulk_create(objs, *args, **kwargs)
            ModelAncestor.objects.bulk_create(
                (ModelAncestor(model=model, ancestor=model) for model in created if model.pk), ignore_conflicts=True
            )
        return created


class AIModel(models.Model):
    """One model as its developer released it. Whether it may be used is a decision and lives in governance."""

    class State(models.TextChoices):
        PROPOSED = "proposed", "Proposed"
        LISTED = "listed", "Listed"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class LineageStatus(models.TextChoices):
        ASSERTED_ROOT = "asserted_root", "Asserted root"
        COMPLETE = "complete", "Complete"
        PARTIAL = "partial", "Partial"
        UNKNOWN = "unknown", "Unknown"

    slug = models.SlugField(unique=True, max_length=120)
    name = models.CharField(max_length=200)
    developer = models.ForeignKey(Vendor, models.PROTECT, related_name="models")
    owner = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="models")
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="deputised_models"
    )
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    description = models.TextField(blank=True)

    task = models.SlugField(
        blank=True, help_text="As the Hub names it: feature-extraction, text-ranking, text-generation, …"
    )
    input_modalities = models.JSONField(default=list, blank=True, help_text='e.g. ["text", "image"]')
    output_modalities = models.JSONField(default=list, blank=True, help_text='e.g. ["text"]')
    languages = models.JSONField(default=list, blank=True, help_text='ISO 639 codes, or ["multilingual"].')
    context_length = models.PositiveIntegerField(null=True, blank=True, help_text="Tokens.")
    embedding_dimension = models.PositiveIntegerField(null=True, blank=True)
    supports_tools = models.BooleanField(null=True, blank=True, help_text="Tool calls; empty means not known.")
    output_formats = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        help_text='What it keeps to when asked, e.g. ["json", "json_schema"].',
    )

    lineage_status = models.CharField(max_length=15, choices=LineageStatus, default=LineageStatus.UNKNOWN)
    lineage_source = models.TextField(
        blank=True, help_text="Who says so, and where: required to assert that the model has no bases."
    )
    lineage_asserted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    lineage_asserted_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = AIModelQuerySet.as_manager()

    class Meta:
        verbose_name = "model"
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(lineage_status="asserted_root") | ~models.Q(lineage_source=""),
                name="asserted_root_names_its_source",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def capabilities(self) -> Capabilities:
        return read_capabilities(getattr(self, name) for name in CAPABILITIES)

    def clean(self) -> None:
        if self.lineage_status == self.LineageStatus.ASSERTED_ROOT and not self.lineage_source:
            raise ValidationError({"lineage_source": "Say who asserts that this model has no bases, and where."})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; a new model becomes its own ancestor, so that lineage queries need no special case."""
        with transaction.atomic():
            super().save(*args, **kwargs)
            ModelAncestor.objects.get_or_create(model=self, ancestor=self)


class LineageEdgeQuerySet(models.QuerySet["LineageEdge"]):
    def delete(self) -> tuple[int, dict[str, int]]:
        """Delete one by one, because each removal changes the closure."""
        with transaction.atomic():
            counts = [edge.delete() for edge in self]
        return sum(total for total, _ in counts), {LineageEdge._meta.label: len(counts)}

    def bulk_create(self, *_args: Any, **_kwargs: Any) -> list["LineageEdge"]:
        raise NotSupported("bulk_create")

    def update(self, **_kwargs: Any) -> int:
        raise NotSupported("update")


class NotSupported(TypeError):
    """A shortcut that would leave the lineage closure wrong."""

    def __init__(self, method: str) -> None:
        super().__init__(f"LineageEdge.objects.{method} would by-pass the closure; save or delete each edge.")


class LineageEdge(models.Model):
    """`child` was made from `base`. Saving and deleting keep `ModelAncestor` right; a cycle is refused."""

    class Relation(models.TextChoices):
        FINETUNE = "finetune", "Fine-tune"
        QUANTIZED = "quantized", "Quantised"
        ADAPTER = "adapter", "Adapter"
        MERGE = "merge", "Merge"
        DISTILLED = "distilled", "Distilled"

    child = models.ForeignKey(AIModel, models.CASCADE, related_name="base_edges")
    base = models.ForeignKey(AIModel, models.PROTECT, related_name="derived_edges")
    relation = models.CharField(max_length=10, choices=Relation)
    source = models.CharField(max_length=300, blank=True, help_text="Where this is stated: model card, paper, person.")
    asserted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    asserted_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = LineageEdgeQuerySet.as_manager()

    class Meta:
        verbose_name = "base model"
        constraints = [
            models.UniqueConstraint(fields=("child", "base", "relation"), name="lineage_edge_once"),
            models.CheckConstraint(condition=~models.Q(child=models.F("base")), name="no_model_is_its_own_base"),
        ]

    def __str__(self) -> str:
        return f"{self.child} is {self.get_relation_display().lower()} of {self.base}"

    def clean(self) -> None:
        # The edges themselves are walked, without this one: turning an edge round closes no circle.
        if self.child_id and self.base_id and self.child_id in _walk_up(self.base_id, without_edge=self.pk):
            raise ValidationError(
                {"base": f"{self.base} already descends from {self.child}: lineage cannot run in a circle."}
            )

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save and extend the closure; raises `ValidationError` where the edge would close a circle."""
        with transaction.atomic():
            serialise("lineage")
            self.clean()
            former_child = (
                LineageEdge.objects.filter(pk=self.pk).values_list("child_id", flat=True).first() if self.pk else None
            )
            super().save(*args, **kwargs)
            _rebuild_lineage({self.child_id} | ({former_child} if former_child else set()))

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        with transaction.atomic():
            serialise("lineage")
            deleted = super().delete(*args, **kwargs)
            _rebuild_lineage({self.child_id})
        return deleted


class ModelAncestor(models.Model):
    """The closure of `LineageEdge`, each model being its own ancestor too. Written by edges and models alone."""

    model = models.ForeignKey(AIModel, models.CASCADE, related_name="ancestor_rows")
    ancestor = models.ForeignKey(AIModel, models.CASCADE, related_name="descendant_rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("model", "ancestor"), name="model_ancestor_once")]

    def __str__(self) -> str:
        return f"{self.model_id} ← {self.ancestor_id}"


def _rebuild_lineage(changed: set[int]) -> None:
    """Recompute the closure rows of the `changed` models and of all that descend from them."""
    affected = set(ModelAncestor.objects.filter(ancestor_id__in=changed).values_list("model_id", flat=True)) | changed
    for model_id in affected:
        wanted = _walk_up(model_id)
        present = set(ModelAncestor.objects.filter(model_id=model_id).values_list("ancestor_id", flat=True))
        ModelAncestor.objects.filter(model_id=model_id, ancestor_id__in=present - wanted).delete()
        ModelAncestor.objects.bulk_create(
            ModelAncestor(model_id=model_id, ancestor_id=ancestor_id) for ancestor_id in sorted(wanted - present)
        )


def _walk_up(model_id: int, *, without_edge: int | None = None) -> set[int]:
    seen: set[int] = set()
    frontier = {model_id}
    edges = LineageEdge.objects.exclude(pk=without_edge) if without_edge else LineageEdge.objects.all()
    while frontier:
        seen |= frontier
        bases = edges.filter(child_id__in=frontier).values_list("base_id", flat=True)
        frontier = set(bases) - seen
    return seen


class OfferingQuerySet(models.QuerySet["Offering"]):
    def retiring_before(self, day: date) -> Self:
        """Offerings whose effective retirement day is known and earlier than `day`."""
        return self.filter(retires_on__lt=day)

    def with_as_of(self) -> Self:
        """Each with `as_of`, when a source last said so: about itself, or about the whole section that lists it."""
        listings = apps.get_model("registry", "Listing").objects.filter(
            offering=models.OuterRef("pk"), current__isnull=False, missing_since=None
        )
        by_section = listings.order_by().values("offering").annotate(newest=models.Max("section__confirmed_at"))
        newest = models.Subquery(by_section.values("newest"), output_field=models.DateTimeField())
        # Both filled from each other: of a null and a moment SQLite calls null the greatest.
        own = models.F("facts_as_of")
        return self.annotate(as_of=Greatest(Coalesce(own, newest), Coalesce(newest, own)))


class Offering(models.Model):
    """A model at one place under that place's own id: a Hub repository, or a hosted service.

    Dates, gating, price and status are the *effective* values that `registry.effective` derives from what the
    sources said; license facts belong to a `Revision`.
    """

    class Kind(models.TextChoices):
        WEIGHTS = "weights", "Weights"
        SERVICE = "service", "Service"

    class Status(models.TextChoices):
        AVAILABLE = "available", "Available"
        DEPRECATED = "deprecated", "Deprecated"
        RETIRED = "retired", "Retired"
        DISABLED = "disabled", "Disabled"
        REMOVED = "removed", "Removed"
        UNKNOWN = "unknown", "Unknown"

    class Gating(models.TextChoices):
        OPEN = "open", "Not gated"
        AUTO = "auto", "Gated, automatic approval"
        MANUAL = "manual", "Gated, manual approval"
        UNKNOWN = "unknown", "Unknown"

    model = models.ForeignKey(AIModel, models.PROTECT, related_name="offerings")
    kind = models.CharField(max_length=10, choices=Kind)
    host = models.SlugField(help_text="The place: huggingface, openai, azure, bedrock, …")
    external_id = models.CharField(max_length=300, help_text="Its id there, spelt as the place spells it.")
    external_key = models.CharField(max_length=300, editable=False)
    provider = models.ForeignKey(
        Vendor, models.PROTECT, null=True, blank=True, related_name="offerings", help_text="Who runs this place."
    )

    status = models.CharField(max_length=12, choices=Status, default=Status.UNKNOWN)
    deprecated_on = models.DateField(null=True, blank=True)
    retires_on = models.DateField(null=True, blank=True, db_index=True, help_text="Read by the lists of retirements.")
    gating = models.CharField(max_length=10, choices=Gating, default=Gating.UNKNOWN)
    upstream_id = models.CharField(
        max_length=64,
        blank=True,
        help_text="The place's own stable id (the Hub's _id): tells a rename from a re-upload.",
    )
    head_revision = models.CharField(max_length=64, blank=True)
    input_price = models.DecimalField(
        max_digits=14, decimal_places=6, null=True, blank=True, help_text="USD per million input tokens."
    )
    output_price = models.DecimalField(
        max_digits=14, decimal_places=6, null=True, blank=True, help_text="USD per million output tokens."
    )
    facts_as_of = models.DateTimeField(null=True, blank=True, help_text="When a source last confirmed these facts.")

    objects = OfferingQuerySet.as_manager()

    class Meta:
        ordering = ("host", "external_id")
        constraints = [models.UniqueConstraint(fields=("host", "external_key"), name="offering_once_per_place")]
        # Read by the resolution of refs, which often do not name the host.
        indexes = [models.Index(fields=["external_key"], name="offering_by_key")]

    def __str__(self) -> str:
        return f"{self.external_id} ({self.host})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.external_key = self.external_id.casefold()
        super().save(*args, **kwargs)


class Revision(models.Model):
    """The license facts of one revision of an offering; a service without revisions has one row with revision ''."""

    offering = models.ForeignKey(Offering, models.CASCADE, related_name="revisions")
    revision = models.CharField(max_length=64, blank=True)
    license = models.ForeignKey(License, models.PROTECT, null=True, blank=True, related_name="revisions")
    license_as_given = models.CharField(
        max_length=300, blank=True, help_text="What upstream wrote: id, then license_name and license_link if any."
    )
    license_file_sha256 = models.CharField(max_length=64, blank=True)
    observed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("offering", "revision"), name="license_facts_once_per_revision")]

    def __str__(self) -> str:
        return f"{self.offering} @ {self.revision[:12] or 'current'}"


class Alias(models.Model):
    """A text that people write and the offering it means, for everybody or within one system."""

    class Namespace(models.TextChoices):
        HUB = "hub", "Hub id"
        PROVIDER = "provider", "provider/model"
        NAME = "name", "Bare name"

    namespace = models.CharField(max_length=10, choices=Namespace)
    text = models.CharField(max_length=300)
    key = models.CharField(max_length=300, editable=False)
    system = models.ForeignKey("registry.System", models.CASCADE, null=True, blank=True, related_name="aliases")
    offering = models.ForeignKey(Offering, models.CASCADE, related_name="aliases")
    is_floating = models.BooleanField(default=False, help_text="A name that upstream may move to another snapshot.")

    class Meta:
        verbose_name_plural = "aliases"
        constraints = [
            models.UniqueConstraint(fields=("namespace", "key", "system", "offering"), name="alias_once_in_a_system"),
            models.UniqueConstraint(
                fields=("namespace", "key", "offering"),
                condition=models.Q(system=None),
                name="alias_once_for_everybody",
            ),
        ]
        # Read by the resolution of refs.
        indexes = [models.Index(fields=("key", "namespace"), name="alias_by_key")]

    def __str__(self) -> str:
        return self.text

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = self.text.strip().casefold()
        super().save(*args, **kwargs)
