"""Who may ask the API without a person at the keyboard: tokens, and pipelines that are trusted by what they say."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models

from registry.models import System, Team
from registry.scope import Bounds
from registry.scope import Kind as Kinds


class PipelineQuerySet(models.QuerySet["Pipeline"]):
    def standing(self) -> Self:
        """Those that were not ended, agreed to or not."""
        return self.filter(ended_at=None)

    def in_force(self) -> Self:
        return self.standing().filter(agreed_at__isnull=False)


class Pipeline(models.Model):
    """The pipelines that may ask the gate about `system` with the identity that their CI gives them.

    One person names them and another agrees. It never changes: other claims are another row.
    """

    class Provider(models.TextChoices):
        GITHUB = "github", "GitHub Actions"
        GITLAB = "gitlab", "GitLab CI"
        OIDC = "oidc", "another OpenID Connect provider"

    system = models.ForeignKey(System, models.PROTECT, related_name="pipelines")
    provider = models.CharField(max_length=6, choices=Provider)
    issuer = models.CharField(max_length=200)
    audience = models.CharField(max_length=200)
    claims = models.JSONField(help_text="What the identity must say, word for word: the ids of repository and owner.")
    environments = models.JSONField(default=list, blank=True, help_text="One of these environments; none: any or none.")
    refs = models.JSONField(default=list, blank=True, help_text="One of these refs, * for any characters; none: any.")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="pipelines")
    made_at = models.DateTimeField()
    agreed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    agreed_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    objects = PipelineQuerySet.as_manager()

    class Meta:
        ordering = ("system__name", "pk")
        constraints = [
            models.CheckConstraint(
                name="pipeline_is_agreed_to_by_another",
                condition=models.Q(agreed_at=None, agreed_by=None)
                | (
                    models.Q(agreed_at__isnull=False, agreed_by__isnull=False)
                    & ~models.Q(agreed_by=models.F("made_by"))
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_provider_display()} for {self.system}"


class TokenQuerySet(models.QuerySet["Token"]):
    def alive(self, now: datetime) -> Self:
        """Those that let somebody in at `now`: not expired or revoked, their person active, their pipeline standing."""
        return self.filter(
            models.Q(person__is_active=True) | models.Q(pipeline__agreed_at__isnull=False, pipeline__ended_at=None),
            expires_at__gt=now,
            revoked_at=None,
        )

    def of_people(self) -> Self:
        """Without those that pipelines hold for a quarter of an hour."""
        return self.filter(pipeline=None)


class Token(models.Model):
    """Lets the holder of a text in, as a person or as a pipeline; the text itself is not kept, only its SHA-256."""

    class Kind(models.TextChoices):
        CHECK = Kinds.CHECK.value, "Check only"
        READ = Kinds.READ.value, "Read"
        WRITE = Kinds.WRITE.value, "Write"

    name = models.CharField(max_length=80, blank=True, help_text="What it is for.")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="tokens", help_text="Acts as."
    )
    pipeline = models.ForeignKey(Pipeline, models.PROTECT, null=True, blank=True, related_name="tokens")
    kind = models.CharField(max_length=5, choices=Kind)
    system = models.ForeignKey(System, models.PROTECT, null=True, blank=True, related_name="tokens")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="tokens")
    prefix = models.CharField(max_length=12, help_text="How its text begins, to know it by.")
    digest = models.CharField(max_length=64, unique=True)  # read at every request
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    objects = TokenQuerySet.as_manager()

    class Meta:
        ordering = ("-made_at", "-pk")
        constraints = [
            models.CheckConstraint(
                name="token_of_a_person_or_a_pipeline",
                condition=models.Q(person__isnull=False, pipeline=None)
                | models.Q(person=None, pipeline__isnull=False, kind="check", system__isnull=False),
            ),
            models.CheckConstraint(
                name="token_for_a_system_or_a_team", condition=models.Q(system=None) | models.Q(team=None)
            ),
            models.CheckConstraint(name="token_ends", condition=models.Q(expires_at__gt=models.F("made_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"

    @property
    def bounds(self) -> Bounds:
        return Bounds(Kinds(self.kind), self.system_id, self.team_id)

    @property
    def scope(self) -> str:
        """What it reaches, as people read it."""
        return str(self.system or self.team or "everything")

    def state(self, now: datetime) -> str:
        """`active`, `expired`, `revoked`, or `owner gone` for one whose person's account is off."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        return "owner gone" if self.person is not None and not self.person.is_active else "active"


class SpentIdentity(models.Model):
    """An identity that was exchanged: each lets in once. Forgotten when it would be refused as expired anyway."""

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of issuer and jti.")
    expires_at = models.DateTimeField(db_index=True)  # read where those that are over are forgotten

    def __str__(self) -> str:
        return self.digest[:12]


class Pace(models.Model):
    """Until when somebody has used up their allowance: what `governance.pace` counts, for all processes together."""

    key = models.CharField(max_length=64, primary_key=True, help_text="SHA-256 of who and what: no name is kept here.")
    full_until = models.FloatField(help_text="Seconds since 1970.")

    def __str__(self) -> str:
        return self.key[:12]
