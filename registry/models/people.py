"""Who works here: people, and the teams that own models and systems."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    """A person with an account. Decisions and audit refer to people by id, so that a name can be removed later."""

    class Meta(AbstractUser.Meta):
        verbose_name = "person"
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.get_full_name() or self.username


class TeamQuerySet(models.QuerySet["Team"]):
    def of(self, user: User) -> Self:
        """The teams in which `user` is a member now, whatever the role."""
        return self.filter(members__user=user, members__left_on=None).distinct()

    def without_active_owner(self) -> Self:
        """Teams that nobody answers for: no owner, or all owners have left or are locked out."""
        active = Member.objects.active().filter(role=Member.Role.OWNER)
        return self.exclude(members__in=active)


class Team(models.Model):
    """A group of people that owns models and systems and is told what happens to them."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    email = models.EmailField(blank=True, help_text="Where the team's digest goes.")
    ticket_project = models.CharField(
        max_length=60, blank=True, help_text="The project key in the tracker for this team's tickets, e.g. SRCH."
    )

    objects = TeamQuerySet.as_manager()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class MemberQuerySet(models.QuerySet["Member"]):
    def active(self) -> Self:
        return self.filter(left_on=None, user__is_active=True)


class Member(models.Model):
    """A person's part in a team; leaving sets `left_on` and keeps the row."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        DEPUTY = "deputy", "Deputy"
        MEMBER = "member", "Member"

    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    left_on = models.DateField(null=True, blank=True)

    objects = MemberQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("team", "user"), condition=models.Q(left_on=None), name="one_active_membership"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()} of {self.team})"
