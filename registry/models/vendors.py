"""Organisations that develop or serve models."""

from typing import Any, Self

from django.core.exceptions import ValidationError
from django.db import models, transaction

from registry.locks import serialise


class VendorQuerySet(models.QuerySet["Vendor"]):
    def named(self, text: str) -> Self:
        """Vendors that answer to `text`: by slug, name or alias, whatever the case; a merged one by the other's alias."""
        key = text.strip().casefold()
        return (
            self.standing()
            .filter(models.Q(slug=key) | models.Q(name__iexact=key) | models.Q(aliases__key=key))
            .distinct()
        )

    def roots(self) -> Self:
        return self.filter(parent=None)

    def standing(self) -> Self:
        """Vendors that were not merged into another: those that a new row may name."""
        return self.filter(merged_into=None)

    def update(self, **kwargs: Any) -> int:
        """As Django's; a change of `parent` is refused, because it would leave `VendorAncestor` wrong."""
        if kwargs.keys() & {"parent", "parent_id"}:
            raise NotSupported("update(parent=…)")
        return super().update(**kwargs)

    def bulk_create(self, *_args: Any, **_kwargs: Any) -> list["Vendor"]:
        raise NotSupported("bulk_create")


class NotSupported(TypeError):
    """A shortcut that would leave the closure of owners wrong."""

    def __init__(self, method: str) -> None:
        super().__init__(f"Vendor.objects.{method} would by-pass the closure of owners; save each vendor.")


class Vendor(models.Model):
    """An organisation that develops models, serves them, or both.

    `parent` is who controls it (Qwen → Alibaba). A take-over sets the parent and a re-brand adds an alias; the slug stays,
    so nothing that refers to the vendor breaks.
    """

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2, e.g. CN.")
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="absorbed",
        help_text="The vendor that this one turned out to be, or became. Its slug leads there for ever.",
    )
    is_self = models.BooleanField(default=False, help_text="Our own organisation; it never counts as a root vendor.")
    homepage = models.URLField(blank=True)

    objects = VendorQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = [
            models.UniqueConstraint(fields=("is_self",), condition=models.Q(is_self=True), name="one_vendor_is_self"),
            models.CheckConstraint(
                condition=models.Q(parent=None) | ~models.Q(parent=models.F("id")), name="vendor_not_its_own_parent"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.pk and self.parent_id and self.pk in _ancestor_ids(self.parent_id):
            raise ValidationError(
                {"parent": f"{self.parent} already belongs to {self}: a vendor cannot own its owner."}
            )
        self._refuse_to_count_no_more()

    def _refuse_to_count_no_more(self) -> None:
        """We never count as a root vendor: so nobody becomes us, or ours, whose models somebody here depends on."""
        present = Vendor.objects.filter(pk=self.pk).first()
        if present is None or not self._would_be_ours() or present.is_ours or not present.is_depended_on:
            return
        field = "is_self" if self.is_self else "parent"
        why = f"{self} would no longer count as a vendor behind models that are in use. One that we bought goes on counting"
        raise ValidationError({field: f"{why}; what is made from now on can name us as its developer."})

    def _would_be_ours(self) -> bool:
        owners = _ancestor_ids(self.parent_id) if self.parent_id else set()
        return self.is_self or Vendor.objects.filter(pk__in=owners, is_self=True).exists()

    @property
    def is_ours(self) -> bool:
        """Whether it is our own organisation or belongs to it, as saved."""
        return self.ancestor_rows.filter(ancestor__is_self=True).exists()

    @property
    def is_depended_on(self) -> bool:
        """Whether it, or a vendor that belongs to it, stands behind a model that is in use, or in a plan."""
        offerings = "models__descendant_rows__model__offerings"
        used = models.Q(**{f"{offerings}__dependencies__isnull": False, f"{offerings}__dependencies__ended_on": None})
        planned = models.Q(**{f"{offerings}__alternatives__isnull": False})
        return Vendor.objects.filter(ancestor_rows__ancestor=self).filter(used | planned).exists()

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save and keep `VendorAncestor` right; a cycle of parents raises `ValidationError`."""
        with transaction.atomic():
            serialise("vendor-ancestors")
            self.clean()
            super().save(*args, **kwargs)
            _rebuild_ancestors(self)


class VendorAncestor(models.Model):
    """The closure of `Vendor.parent`, each vendor being its own ancestor too. Written by `Vendor.save` alone."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="ancestor_rows")
    ancestor = models.ForeignKey(Vendor, models.CASCADE, related_name="descendant_rows")

    class Meta:
        constraints = [models.UniqueConstraint(fields=("vendor", "ancestor"), name="vendor_ancestor_once")]

    def __str__(self) -> str:
        return f"{self.vendor_id} ← {self.ancestor_id}"


def _ancestor_ids(vendor_id: int) -> set[int]:
    return set(VendorAncestor.objects.filter(vendor_id=vendor_id).values_list("ancestor_id", flat=True))


def _rebuild_ancestors(vendor: Vendor) -> None:
    """Recompute the rows of `vendor` and of all below it, nearest first so that each finds its parent's done."""
    queue = [(vendor.pk, vendor.parent_id)]
    while queue:
        vendor_id, parent_id = queue.pop(0)
        wanted = {vendor_id} | (_ancestor_ids(parent_id) if parent_id else set())
        present = _ancestor_ids(vendor_id)
        VendorAncestor.objects.filter(vendor_id=vendor_id, ancestor_id__in=present - wanted).delete()
        VendorAncestor.objects.bulk_create(
            VendorAncestor(vendor_id=vendor_id, ancestor_id=ancestor_id) for ancestor_id in sorted(wanted - present)
        )
        queue += Vendor.objects.filter(parent_id=vendor_id).values_list("pk", "parent_id")


class VendorAlias(models.Model):
    """Another name of a vendor: a former brand, a short form, the name a feed uses."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="aliases")
    text = models.CharField(max_length=120)
    key = models.CharField(max_length=120, unique=True, editable=False)

    class Meta:
        verbose_name_plural = "vendor aliases"

    def __str__(self) -> str:
        return self.text

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = self.text.strip().casefold()
        super().save(*args, **kwargs)


class HubNamespace(models.Model):
    """A namespace on the Hub whose repositories this vendor publishes (`Alibaba-NLP`); look-ups ignore case."""

    vendor = models.ForeignKey(Vendor, models.CASCADE, related_name="hub_namespaces")
    name = models.CharField(max_length=96)
    key = models.CharField(max_length=96, unique=True, editable=False)

    class Meta:
        verbose_name = "Hub namespace"

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.key = self.name.strip().casefold()
        super().save(*args, **kwargs)
