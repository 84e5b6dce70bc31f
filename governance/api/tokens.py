"""Tokens: a person makes, sees and revokes their own; administrators see and revoke all."""

from datetime import timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from governance import tokens
from governance.api.refusals import refusals_as_problems
from governance.models import Token
from registry.api import filters
from registry.api.people import person_of
from registry.api.serializers import Slug
from registry.api.views import ReadOnly
from registry.models import System, Team, User


class TokenSerializer(serializers.ModelSerializer[Token]):
    """A token without its text, which is not kept."""

    person = Slug(slug_field="username")
    system = Slug()
    team = Slug()
    state = serializers.SerializerMethodField(help_text="active, expired, revoked or owner gone.")

    class Meta:
        model = Token
        fields = (
            "id",
            "name",
            "prefix",
            "person",
            "kind",
            "system",
            "team",
            "state",
            "made_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )

    def get_state(self, row: Token) -> str:
        return row.state(timezone.now())


class NewToken(serializers.Serializer[Any]):
    name = serializers.CharField(
        max_length=80, required=False, default="", allow_blank=True, help_text="What it is for."
    )
    kind = serializers.ChoiceField(choices=Token.Kind.choices, default=Token.Kind.WRITE)
    system = Slug(System.objects.all(), required=False, allow_null=True)
    team = Slug(Team.objects.all(), required=False, allow_null=True)
    days = serializers.IntegerField(
        min_value=1, max_value=tokens.LONGEST.days, default=tokens.LIFETIME.days, help_text="After so many it expires."
    )


class MadeToken(TokenSerializer):
    token = serializers.CharField(
        read_only=True, help_text="Send it as `Authorization: Bearer …`. It is shown only now."
    )

    class Meta(TokenSerializer.Meta):
        fields = ("token", *TokenSerializer.Meta.fields)  # type: ignore[assignment]  # the base's tuple is shorter


class Tokens(ReadOnly):
    """What lets programs in. Managed with a session or a user name and password: a token makes and revokes none."""

    queryset = Token.objects.of_people().select_related("person", "system", "team")
    serializer_class = TokenSerializer
    authentication_classes = (BasicAuthentication, SessionAuthentication)
    filterset_class = filters.filters_of(
        Token, "kind", system="system__slug", team="team__slug", person="person__username"
    )
    ordering = ("-pk",)
    action_permissions = {"revoke": "governance.change_token"}

    def get_queryset(self) -> QuerySet[Token]:
        """One's own; all of them for those who administer people."""
        rows: QuerySet[Token] = super().get_queryset()
        user = self.request.user
        may_see_all = isinstance(user, User) and user.has_perm("registry.change_user")
        return rows if may_see_all else rows.filter(Q(person=user.pk))

    @extend_schema(request=NewToken, responses={201: MadeToken})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Make a token that acts as the person who asks, within a kind and a scope; its text is shown once."""
        form = NewToken(data=request.data)
        form.is_valid(raise_exception=True)
        given, person = form.validated_data, person_of(request)
        lifetime = timedelta(days=given.pop("days"))
        with refusals_as_problems():
            row, text = tokens.make(person, by=person, now=timezone.now(), lifetime=lifetime, **given)
        row.token = text  # type: ignore[attr-defined]  # for this answer alone: the row has no such column
        answer = Response(MadeToken(row).data, status=status.HTTP_201_CREATED)
        answer["Cache-Control"] = "no-store"
        return answer

    @extend_schema(request=None, responses=TokenSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, **_kwargs: str) -> Response:
        """Let it in no more, from the next request on."""
        row = self.get_object()
        tokens.revoke([row], by=person_of(request), now=timezone.now())
        return Response(TokenSerializer(self.get_object()).data)
