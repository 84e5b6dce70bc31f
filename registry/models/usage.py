"""The organisation's applications and what they depend on."""

import re
from datetime import date
from typing import Any, Never, Self

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from registry.capabilities import BadNeeds, read_needs
from registry.models.catalog import Offering
from registry.models.people import Team, User
from registry.models.vendors import Vendor


class Distribution(models.TextChoices):
    INTERNAL = "internal", "Internal"
    SAAS = "saas", "Software as a service"
    SHIPPED = "shipped", "Shipped to customers"


_TAG = re.compile(r"[a-z0-9]([a-z0-9-]{0,48}[a-z0-9])?")
MAX_TAGS = 20


def check_tags(value: object) -> None:
    """Tags are a list of different slugs; raises `ValidationError` for anything else."""
    if not isinstance(value, list) or not all(isinstance(tag, str) and _TAG.fullmatch(tag) for tag in value):
        raise ValidationError("A list of tags such as sandbox: small letters, digits and hyphens, 50 at most.")
    if len(value) > MAX_TAGS or len(set(value)) != len(value):
        raise ValidationError(f"At most {MAX_TAGS} tags, each once.")


class SystemQuerySet(models.QuerySet["System"]):
    def owned_by(self, user: User) -> Self:
        """Systems of the teams that `user` is a member of."""
        return self.filter(team__in=Team.objects.of(user))


class System(models.Model):
    """An application of the organisation.

    How critical it is and how it is given out decide what the gate asks of it, so the team that has to pass there
    enters both once and changes them no more; and what hardly anything is asked of, it does not enter by itself.
    """

    WEIGHED_BY = ("criticality", "distribution")

    class Criticality(models.TextChoices):
        CRITICAL = "critical", "Critical"
        IMPORTANT = "important", "Important"
        NORMAL = "normal", "Normal"
        EXPERIMENTAL = "experimental", "Experimental"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    team = models.ForeignKey(Team, models.PROTECT, related_name="systems")
    criticality = models.CharField(max_length=12, choices=Criticality, default=Criticality.NORMAL)
    distribution = models.CharField(max_length=10, choices=Distribution, default=Distribution.INTERNAL)
    description = models.TextField(blank=True)
    tags = models.JSONField(
        default=list,
        db_default=models.Value([], models.JSONField()),
        blank=True,
        validators=[check_tags],
        help_text='Words by which a policy makes exceptions: a list such as ["sandbox"].',
    )

    objects = SystemQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def weighs_less_than_a_team_may_say(self) -> bool:
        """Whether somebody else has to say it: that a system is only an experiment, or what excepts it from rules."""
        return self.criticality == self.Criticality.EXPERIMENTAL or bool(self.tags)


class Environment(models.Model):
    """Where a system runs. Its class, not its name, decides how strict the gate is."""

    class Class(models.TextChoices):
        PRODUCTION = "production", "Production"
        NONPRODUCTION = "nonproduction", "Non-production"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=80)
    environment_class = models.CharField(max_length=15, choices=Class)

    class Meta:
        ordering = ("slug",)

    def __str__(self) -> str:
        return self.name


class HeldCopy(models.Model):
    """Our own verified copy of weights: it keeps a system running when upstream is gone (continuity, not independence)."""

    held_copy_location = models.CharField(max_length=300, blank=True)
    held_copy_digest = models.CharField(max_length=100, blank=True, help_text="e.g. sha256:…")
    held_copy_verified_on = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def has_verified_copy(self) -> bool:
        """A copy counts only with a digest that somebody has verified."""
        return bool(self.held_copy_digest and self.held_copy_verified_on)


def check_copy(copy: HeldCopy, offering: Offering | None, *, today: date) -> None:
    """Refuse a copy that cannot be: of a service, or verified on a day that has not come."""
    if copy.held_copy_digest and offering is not None and offering.kind != Offering.Kind.WEIGHTS:
        raise ValidationError({"held_copy_digest": f"{offering} is a service: it has no weights to hold a copy of."})
    if copy.held_copy_verified_on and copy.held_copy_verified_on > today:
        raise ValidationError({"held_copy_verified_on": f"{copy.held_copy_verified_on} has not come yet."})


class DependencyQuerySet(models.QuerySet["Dependency"]):
    def current(self) -> Self:
        """Dependencies that have not ended."""
        return self.filter(ended_on=None)

    def owned_by(self, user: User) -> Self:
        return self.filter(system__team__in=Team.objects.of(user))

    def delete(self) -> Never:
        raise NeverDeleted


class NeverDeleted(ValidationError):
    """A dependency ends; its history stays."""

    def __init__(self) -> None:
        super().__init__("A dependency is never deleted: set the day on which it ended.")


def validate_needs(document: Any) -> None:
    """Refuse what `registry.capabilities.read_needs` cannot read, by the place in it."""
    try:
        read_needs(document)
    except BadNeeds as error:
        raise ValidationError(str(error)) from error


class Dependency(HeldCopy):
    """A system uses an offering for a purpose in an environment. It ends and revives; it is never deleted.

    These four stay what they were: approvals, waivers and drills were given for this very use, and another use is
    another dependency.
    """

    IDENTITY = ("system", "offering", "purpose", "environment")

    system = models.ForeignKey(System, models.PROTECT, related_name="dependencies")
    offering = models.ForeignKey(Offering, models.PROTECT, related_name="dependencies")
    purpose = models.SlugField(help_text="What for, in a word that the organisation uses again: embedding, chat, …")
    environment = models.ForeignKey(Environment, models.PROTECT, related_name="dependencies")
    served_by = models.ForeignKey(
        Vendor,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="served_dependencies",
        help_text="Who runs it for this system. Empty: ourselves for weights, the offering's provider for a service.",
    )
    pinned_revision = models.CharField(max_length=64, blank=True)
    has_index = models.BooleanField(
        default=False, help_text="A stored index depends on this model's vectors: another model means re-indexing."
    )
    needs = models.JSONField(
        default=dict,
        db_default=models.Value({}, models.JSONField()),
        blank=True,
        validators=[validate_needs],
        help_text="What any model must have to do this work: task, context_length, languages, tools, …",
    )
    declared_on = models.DateField(auto_now_add=True)
    ended_on = models.DateField(null=True, blank=True)

    objects = DependencyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "dependencies"
        ordering = ("system__name", "purpose")
        constraints = [
            models.UniqueConstraint(
                fields=("system", "offering", "purpose", "environment"), name="dependency_declared_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.system}: {self.offering.external_id} for {self.purpose} in {self.environment.slug}"

    def clean(self) -> None:
        if self.offering_id is not None:
            check_copy(self, self.offering, today=timezone.now().date())

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save; needs that nobody can read raise `ValidationError`, so that the gate need not doubt what is stored."""
        validate_needs(self.needs)
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> Never:
        raise NeverDeleted
