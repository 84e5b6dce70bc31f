"""The register's facts as JSON. References go by slug where there is one, by id elsewhere."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from rest_framework import serializers

from registry import models
from registry.models.usage import check_copy
from registry.scope import narrow


class _Slug(serializers.SlugRelatedField[Any]):
    def __init__(self, queryset: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("slug_field", "slug")
        kwargs.setdefault("read_only", queryset is None)
        super().__init__(queryset=queryset, **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        """What is only read may be null where the column may."""
        super().bind(field_name, parent)
        model = getattr(getattr(parent, "Meta", None), "model", None)
        if self.read_only and model is not None and self.source in {field.name for field in model._meta.fields}:
            self.allow_null = model._meta.get_field(self.source).null

    def get_queryset(self) -> Any:
        """The rows that may be named: those within the bounds of the token in use."""
        rows = super().get_queryset()
        return None if rows is None else narrow(rows)

    def to_internal_value(self, data: Any) -> Any:
        """The row of that name; a NUL, which PostgreSQL refuses to look for, is in none."""
        if isinstance(data, str) and "\x00" in data:
            self.fail("invalid")
        return super().to_internal_value(data)


# The stubs type a field by its attributes of the same name (`source`, `parent`), which a declared field may well have.
Slug: Any = _Slug
"""A reference written as the other row's slug."""


class _Key(serializers.PrimaryKeyRelatedField[Any]):
    def get_queryset(self) -> Any:
        """The rows that may be named: those within the bounds of the token in use."""
        rows = super().get_queryset()
        return None if rows is None else narrow(rows)


Key: Any = _Key
"""A reference written as the other row's key."""


class VendorSerializer(serializers.ModelSerializer[models.Vendor]):
    parent = Slug(models.Vendor.objects.standing(), required=False, allow_null=True)
    merged_into = Slug(help_text="The vendor that this one turned out to be; null for one that stands.")
    aliases = Slug(slug_field="text", many=True, read_only=True)
    hub_namespaces = Slug(slug_field="name", many=True, read_only=True)

    class Meta:
        model = models.Vendor
        fields = (
            "slug",
            "name",
            "parent",
            "country",
            "is_self",
            "homepage",
            "merged_into",
            "aliases",
            "hub_namespaces",
        )
        read_only_fields = ("is_self",)

    def validate_parent(self, parent: models.Vendor | None) -> models.Vendor | None:
        """Whose a vendor is decides what is independent of it, so whoever has to pass with its models does not say it."""
        if self.instance is None or parent == self.instance.parent:
            return parent
        if not self.context["request"].user.has_perm("registry.own_vendor", self.instance):
            only = "Your own team has to pass with what it stands behind: another person says whose it is."
            raise serializers.ValidationError(only, code="not_allowed")
        return parent


class LicenseSerializer(serializers.ModelSerializer[models.License]):
    class Meta:
        model = models.License
        fields = ("spdx_id", "name", "license_class", "reason", "reference")


class TeamSerializer(serializers.ModelSerializer[models.Team]):
    owners = serializers.SerializerMethodField(help_text="User names of the active owners.")

    class Meta:
        model = models.Team
        fields = ("slug", "name", "email", "ticket_project", "owners")

    def get_owners(self, team: models.Team) -> list[str]:
        return sorted(
            member.user.username
            for member in team.members.all()
            if member.role == models.Member.Role.OWNER and member.left_on is None and member.user.is_active
        )


class BaseModelSerializer(serializers.ModelSerializer[models.LineageEdge]):
    base = Slug()
    asserted_by = Slug(slug_field="username")

    class Meta:
        model = models.LineageEdge
        fields = ("base", "relation", "source", "asserted_by", "asserted_at")


class AIModelSerializer(serializers.ModelSerializer[models.AIModel]):
    developer = Slug(models.Vendor.objects.standing())
    lineage_asserted_by = Slug(slug_field="username")
    owner = Slug(models.Team.objects.all(), required=False, allow_null=True)
    deputy = Slug(models.User.objects.all(), slug_field="username", required=False, allow_null=True)
    base_models = BaseModelSerializer(source="base_edges", many=True, read_only=True)

    class Meta:
        model = models.AIModel
        fields = (
            "slug",
            "name",
            "developer",
            "owner",
            "deputy",
            "state",
            "description",
            "task",
            "input_modalities",
            "output_modalities",
            "languages",
            "context_length",
            "embedding_dimension",
            "supports_tools",
            "output_formats",
            "lineage_status",
            "lineage_source",
            "lineage_asserted_by",
            "lineage_asserted_at",
            "base_models",
        )
        # A model enters as proposed; listing it is an act of its own.
        read_only_fields = ("state", "lineage_asserted_at")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Lineage decides what counts as independent, so only who may assert it states it, and signs for it."""
        self._refuse_a_state()
        stated = [name for name in ("lineage_status", "lineage_source") if self._states(attrs, name)]
        person = self.context["request"].user
        row = self.instance or models.AIModel(owner=attrs.get("owner"), deputy=attrs.get("deputy"))
        may_state = person.has_perm("registry.assert_lineage", row)
        if self.instance and self._states(attrs, "developer") and not may_state:
            # What was asserted of its lineage would vouch for the new developer as well.
            only = "Only reviewers and administrators whose team does not use it say that another vendor developed a model."
            raise serializers.ValidationError({"developer": only}, code="not_allowed")
        if not stated:
            return attrs
        if not may_state:
            only = "Only reviewers and administrators whose team does not use it state what a model was made from."
            raise serializers.ValidationError(dict.fromkeys(stated, only), code="not_allowed")
        return attrs | {"lineage_asserted_by": person, "lineage_asserted_at": timezone.now()}

    def _refuse_a_state(self) -> None:
        """Left out like what else is only read it would look as if it had been taken."""
        state = self.initial_data.get("state", "")
        standing = self.instance.state if self.instance else models.AIModel.State.PROPOSED
        if state not in ("", standing):
            way = "A steward lists a model in the admin, and a proposal (retire_model) withdraws it."
            raise serializers.ValidationError({"state": f"Is {standing}, and is not set here. {way}"})

    def _states(self, attrs: dict[str, Any], name: str) -> bool:
        return name in attrs and attrs[name] != getattr(self.instance or models.AIModel(), name)


class RevisionSerializer(serializers.ModelSerializer[models.Revision]):
    license = Slug(slug_field="spdx_id")
    license_class = serializers.CharField(source="license.license_class", default="unknown", read_only=True)

    class Meta:
        model = models.Revision
        fields = ("revision", "license", "license_class", "license_as_given", "observed_at")


class OfferingSerializer(serializers.ModelSerializer[models.Offering]):
    model = Slug(models.AIModel.objects.all())
    provider = Slug(models.Vendor.objects.standing(), required=False, allow_null=True)
    revisions = RevisionSerializer(many=True, read_only=True)
    aliases = Slug(slug_field="text", many=True, read_only=True)
    facts_as_of = serializers.SerializerMethodField()

    class Meta:
        model = models.Offering
        fields = (
            "id",
            "model",
            "kind",
            "host",
            "external_id",
            "provider",
            "status",
            "deprecated_on",
            "retires_on",
            "gating",
            "upstream_id",
            "head_revision",
            "input_price",
            "output_price",
            "facts_as_of",
            "revisions",
            "aliases",
        )
        # What upstream says is observed, not typed in.
        read_only_fields = (
            "status",
            "deprecated_on",
            "retires_on",
            "gating",
            "upstream_id",
            "head_revision",
            "input_price",
            "output_price",
        )

    def get_facts_as_of(self, offering: models.Offering) -> datetime | None:
        """When a source last confirmed it, by itself or with the section that lists it."""
        as_of: datetime | None = getattr(offering, "as_of", offering.facts_as_of)
        return as_of


class SystemSerializer(serializers.ModelSerializer[models.System]):
    team = Slug(models.Team.objects.all())

    class Meta:
        model = models.System
        fields = ("slug", "name", "team", "criticality", "distribution", "description", "tags")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Who has to pass the gate does not make its own system weigh less; tags may except it from rules."""
        is_new = self.instance is None
        row = self.instance or models.System(**attrs)
        changed = [] if is_new else [name for name in models.System.WEIGHED_BY if _differs(row, attrs, name)]
        if attrs.get("tags", []) != ([] if is_new else row.tags) and "tags" in attrs:
            changed.append("tags")
        if is_new and row.criticality == models.System.Criticality.EXPERIMENTAL:
            changed.append("criticality")
        if changed and not self.context["request"].user.has_perm("registry.weigh_system", row):
            only = "Reviewers and administrators who are not of its team say that."
            raise serializers.ValidationError(dict.fromkeys(changed, only), code="not_allowed")
        return attrs


def _differs(row: Any, attrs: dict[str, Any], name: str) -> bool:
    """Whether `attrs` make `name` of a row that stands another; never of a new row."""
    return row is not None and name in attrs and attrs[name] != getattr(row, name)


class EnvironmentSerializer(serializers.ModelSerializer[models.Environment]):
    class Meta:
        model = models.Environment
        fields = ("slug", "name", "environment_class")


class DependencySerializer(serializers.ModelSerializer[models.Dependency]):
    system = Slug(models.System.objects.all())
    environment = Slug(models.Environment.objects.all())
    served_by = Slug(models.Vendor.objects.standing(), required=False, allow_null=True)
    ref = serializers.CharField(source="offering.external_id", read_only=True)

    class Meta:
        model = models.Dependency
        fields = (
            "id",
            "system",
            "offering",
            "ref",
            "purpose",
            "environment",
            "served_by",
            "pinned_revision",
            "held_copy_location",
            "held_copy_digest",
            "held_copy_verified_on",
            "has_index",
            "needs",
            "declared_on",
            "ended_on",
        )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What was decided for one use does not go over to another; and a copy has to be one of weights."""
        if moved := [name for name in models.Dependency.IDENTITY if _differs(self.instance, attrs, name)]:
            another = "Another use is another dependency: set ended_on of this one, and declare that."
            raise serializers.ValidationError(dict.fromkeys(moved, another))
        values = {name: getattr(self.instance, name, None) for name in _OF_A_COPY} | attrs
        copy = models.Dependency(**{name: values[name] for name in _OF_A_COPY[1:]})
        try:
            check_copy(copy, values["offering"], today=timezone.now().date())
        except ValidationError as error:
            raise serializers.ValidationError(error.message_dict) from error
        return attrs


_OF_A_COPY = ("offering", "held_copy_digest", "held_copy_verified_on")


class SourceSerializer(serializers.ModelSerializer[models.Source]):
    class Meta:
        model = models.Source
        fields = (
            "slug",
            "name",
            "method",
            "interval",
            "is_enabled",
            "next_due_at",
            "last_success_at",
            "last_observed_at",
            "last_error_at",
            "last_error",
        )
        read_only_fields = (
            "slug",
            "name",
            "method",
            "next_due_at",
            "last_success_at",
            "last_observed_at",
            "last_error_at",
            "last_error",
        )

    def validate_is_enabled(self, is_enabled: bool) -> bool:  # noqa: FBT001 - DRF's signature
        if is_enabled and self.instance and self.instance.method == models.Method.REPORTED:
            raise serializers.ValidationError("People report by themselves: there is nothing to poll.")
        return is_enabled


class ListingSerializer(serializers.ModelSerializer[models.Listing]):
    source = Slug()
    facts = serializers.JSONField(source="current.facts", default=None, read_only=True)

    class Meta:
        model = models.Listing
        fields = ("id", "source", "external_id", "offering", "first_seen_at", "missing_since", "facts")


class ObservationSerializer(serializers.ModelSerializer[models.Observation]):
    class Meta:
        model = models.Observation
        fields = ("id", "listing", "facts", "evidence_url", "evidence_sha256", "observed_at", "last_confirmed_at")


class ChangeSerializer(serializers.ModelSerializer[models.Change]):
    source: Any = serializers.CharField(source="listing.source.slug", default=None, read_only=True, allow_null=True)
    external_id = serializers.CharField(source="listing.external_id", default=None, read_only=True, allow_null=True)
    model = Slug()
    vendor = Slug()

    class Meta:
        model = models.Change
        fields = (
            "id",
            "kind",
            "severity",
            "origin",
            "source",
            "external_id",
            "listing",
            "offering",
            "model",
            "vendor",
            "before",
            "after",
            "detected_at",
            "effective_on",
            "summary",
            "evidence_url",
            "evidence_sha256",
        )
