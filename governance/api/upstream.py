"""Changes with what they mean for us: impacts, actions, notices, tickets."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from governance import actions, models, notices
from governance.api import serializers as shapes
from governance.reports import report_vendor_signal
from registry.api import filters
from registry.api.people import person_of
from registry.api.serializers import ChangeSerializer, Slug
from registry.api.views import ReadOnly
from registry.models import Change, Severity, Vendor


class NewVendorSignal(serializers.Serializer[None]):
    """News about a vendor, with its source."""

    vendor = Slug(Vendor.objects.all())
    summary = serializers.CharField(max_length=300)
    source_url = serializers.URLField(max_length=500)
    severity = serializers.ChoiceField(choices=Severity.choices, default=Severity.WARNING)


class Changes(ReadOnly):
    """What changed about a listing, an offering, a model or a vendor."""

    queryset = Change.objects.in_force().select_related("listing__source", "model", "vendor")
    serializer_class = ChangeSerializer
    filterset_class = filters.ChangeFilter
    ordering = ("-detected_at", "-pk")

    @extend_schema(request=NewVendorSignal, responses={201: ChangeSerializer})
    def create(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Report a vendor signal: everything that depends on the vendor, lineage included, is told."""
        form = NewVendorSignal(data=request.data)
        form.is_valid(raise_exception=True)
        vendor = form.validated_data.pop("vendor")
        change = report_vendor_signal(vendor, reported_by=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(self.get_serializer(change).data, status=status.HTTP_201_CREATED)


class Impacts(ReadOnly):
    """A change and a dependency that it touches."""

    queryset = models.Impact.objects.select_related("change__listing__source", "change__model", "change__vendor")
    serializer_class = shapes.ImpactSerializer
    filterset_class = filters.filters_of(
        models.Impact, "change", "dependency", "path", system="dependency__system__slug"
    )
    ordering = ("-pk",)


class Snooze(serializers.Serializer[None]):
    until = serializers.DateField()
    reason = serializers.CharField(max_length=300)


class Done(serializers.Serializer[None]):
    reason = serializers.CharField(max_length=300)


class Actions(ReadOnly):
    """What an owner has to do, and by when."""

    queryset = models.Action.objects.select_related("team")
    serializer_class = shapes.ActionSerializer
    filterset_class = filters.filters_of(
        models.Action, "state", "concern", "dependency", team="team__slug", system="dependency__system__slug"
    )
    ordering = ("due_on", "pk")
    action_permissions = dict.fromkeys(("acknowledge", "snooze", "done"), "governance.change_action")

    @extend_schema(request=None, responses=shapes.ActionSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, **_kwargs: str) -> Response:
        """Say that somebody has seen it and takes it on."""
        row = actions.acknowledge(self.get_object(), actor=person_of(request), now=timezone.now())
        return Response(self.get_serializer(row).data)

    @extend_schema(request=Snooze, responses=shapes.ActionSerializer)
    @action(detail=True, methods=["post"])
    def snooze(self, request: Request, **_kwargs: str) -> Response:
        """Put it off until a day, with a reason; it wakes up then, or at once when it gets worse."""
        form = Snooze(data=request.data)
        form.is_valid(raise_exception=True)
        row = actions.snooze(self.get_object(), actor=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(self.get_serializer(row).data)

    @extend_schema(request=Done, responses=shapes.ActionSerializer)
    @action(detail=True, methods=["post"])
    def done(self, request: Request, **_kwargs: str) -> Response:
        """Say what was done; a later change of the same concern opens a new action."""
        form = Done(data=request.data)
        form.is_valid(raise_exception=True)
        row = actions.finish(self.get_object(), actor=person_of(request), now=timezone.now(), **form.validated_data)
        return Response(self.get_serializer(row).data)


class Notices(ReadOnly):
    """What must be told to whom, and each attempt."""

    queryset = models.Notice.objects.select_related("channel__team").prefetch_related("deliveries")
    serializer_class = shapes.NoticeSerializer
    filterset_class = filters.filters_of(
        models.Notice, "state", transport="channel__transport", team="channel__team__slug"
    )
    ordering = ("-pk",)
    action_permissions = {"replay": "governance.change_notice"}

    @extend_schema(request=None, responses=shapes.NoticeSerializer)
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, **_kwargs: str) -> Response:
        """Send a dead letter again."""
        notice = self.get_object()
        if notice.state != models.Notice.State.DEAD:
            raise PermissionDenied("Only a dead letter can be sent again.")
        notices.replay(notice, actor=person_of(request), now=timezone.now())
        return Response(self.get_serializer(self.get_object()).data)


class Tickets(ReadOnly):
    """Tickets in the tracker: one for a dependency and a concern, which later changes update."""

    queryset = models.Ticket.objects.all()
    serializer_class = shapes.TicketSerializer
    filterset_class = filters.filters_of(models.Ticket, "dependency", "concern", "external_key")
