"""People, groups and teams."""

from http import HTTPStatus

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from registry.admin.base import RegisterAdmin, Rows
from registry.models import Member, Team, User

admin.site.unregister(Group)


class Membership(Rows):
    model = Member
    fk_name = "user"
    autocomplete_fields = ("team",)
    verbose_name_plural = "teams"


@admin.register(User)
class UserAdmin(RegisterAdmin, DjangoUserAdmin):  # type: ignore[type-arg]  # Django's class is not generic at run time
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "full_name", "email", "roles", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    filter_horizontal = ()
    autocomplete_fields = ("groups",)
    readonly_fields = ("last_login", "date_joined")
    inlines = (Membership,)
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Roles", {"fields": ("is_active", "groups", "is_staff", "is_superuser")}),
        ("History", {"fields": ("last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return super().get_queryset(request).prefetch_related("groups")

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002 - Django's signature
        """As Django's form, which saves past `save_model`; that a password was set is audited, and no more."""
        with transaction.atomic():
            answer = super().user_change_password(request, id, form_url)
            if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
                person = User.objects.get(pk=id)
                after = {"password": "set anew, or taken away"}
                self.admin_site.record_saved(request, person, created=False, before={}, after=after)  # type: ignore[attr-defined]  # our site has it
        return answer

    @display(description="Name")
    def full_name(self, person: User) -> str:
        return person.get_full_name()

    @display(description="Roles", label=True)
    def roles(self, person: User) -> list[str]:
        return [group.name for group in person.groups.all()]


@admin.register(Group)
class GroupAdmin(RegisterAdmin, DjangoGroupAdmin):
    list_display = ("name", "people")
    fields = ("name",)
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).annotate(person_count=Count("user"))

    @display(description="People", ordering="person_count")
    def people(self, group: Group) -> int:
        return group.person_count  # type: ignore[attr-defined]  # annotated in get_queryset


class Members(Rows):
    model = Member
    autocomplete_fields = ("user",)


@admin.register(Team)
class TeamAdmin(RegisterAdmin):
    list_display = ("name", "owners", "email", "ticket_project", "models_owned", "systems_owned")
    search_fields = ("name", "slug", "email")
    prepopulated_fields = {"slug": ("name",)}
    inlines = (Members,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Team]:
        owners = Member.objects.active().filter(role=Member.Role.OWNER).select_related("user")
        return (
            super()
            .get_queryset(request)
            .annotate(
                model_count=Count("models", distinct=True),
                system_count=Count("systems", distinct=True),
                owner_count=Count(
                    "members",
                    filter=Q(members__role="owner", members__left_on=None, members__user__is_active=True),
                    distinct=True,
                ),
            )
            .prefetch_related(Prefetch("members", owners, to_attr="active_owners"))
        )

    @display(description="Owner", ordering="owner_count", empty_value="nobody")
    def owners(self, team: Team) -> str | None:
        return ", ".join(str(member.user) for member in team.active_owners) or None  # type: ignore[attr-defined]  # prefetched in get_queryset

    @display(description="Models", ordering="model_count")
    def models_owned(self, team: Team) -> int:
        return team.model_count  # type: ignore[attr-defined]  # annotated in get_queryset

    @display(description="Systems", ordering="system_count")
    def systems_owned(self, team: Team) -> int:
        return team.system_count  # type: ignore[attr-defined]  # annotated in get_queryset
