"""`GET /checks/{id}/diff/`: the shape of the answer to “why red since yesterday?”."""

from typing import Any

from rest_framework import serializers

from governance import models
from governance.links import absolute, check_page_url, check_url, page_url
from governance.models import Check
from governance.moved import Kind
from governance.rules.findings import Page
from governance.stored_answer import as_text
from governance.why import Explained, Why


class AnsweredSerializer(serializers.Serializer[None]):
    id = serializers.UUIDField()
    url = serializers.URLField()
    verdict = serializers.ChoiceField(choices=models.Check.Verdict.choices)
    checked_at = serializers.DateTimeField()
    policy_version = serializers.IntegerField()
    commit = serializers.CharField()
    source_url = serializers.CharField()


class MovedChangeSerializer(serializers.Serializer[None]):
    kind = serializers.CharField()
    detected_at = serializers.DateTimeField()
    url = serializers.URLField()
    evidence_url = serializers.CharField()


class MoveSerializer(serializers.Serializer[None]):
    kind = serializers.ChoiceField(
        choices=[(kind.value, kind.value) for kind in Kind],
        help_text="`use`: what the team says of its system. `clock`: a day has come, and nothing else moved.",
    )
    what = serializers.CharField(help_text="`status`, `license`, `approval of …`, `commit`, …")
    subject = serializers.CharField()
    before = serializers.CharField(help_text="Empty: it was not there.")
    after = serializers.CharField(help_text="Empty: it is not there any more.")
    refs = serializers.ListField(child=serializers.CharField(), help_text="Whose answer rests on it.")
    url = serializers.CharField(allow_null=True, help_text="The page on which a person reads on.")
    changes = MovedChangeSerializer(many=True, help_text="What sources told of it in that time, newest first.")


class FindingMoveSerializer(serializers.Serializer[None]):
    rule = serializers.CharField()
    ref = serializers.CharField()
    before = serializers.CharField(help_text="Its level then; empty: it was not there.")
    after = serializers.CharField(help_text="Its level now; empty: it has gone.")


class DiffSerializer(serializers.Serializer[None]):
    """What moved between two answers to the same system in the same environment."""

    check = AnsweredSerializer()
    before = AnsweredSerializer(allow_null=True, help_text="null: it is the first answer.")
    page_url = serializers.URLField()
    is_explained = serializers.BooleanField(
        help_text="false where one of the two kept no grounds: facts and decisions are then not compared."
    )
    moved = MoveSerializer(many=True)
    findings = FindingMoveSerializer(many=True)


def diff_of(found: Why) -> dict[str, Any]:
    """The document of `DiffSerializer`."""
    return {
        "check": _answered(found.check),
        "before": _answered(found.before) if found.before else None,
        "page_url": check_page_url(found.check.pk),
        "is_explained": found.moved.is_explained,
        "moved": [_move(one) for one in found.moves],
        "findings": [
            {"rule": one.rule, "ref": one.ref, "before": one.before, "after": one.after} for one in found.moved.findings
        ],
    }


def _answered(row: Check) -> dict[str, Any]:
    return {
        "id": str(row.pk),
        "url": check_url(row.pk),
        "verdict": str(row.verdict),
        "checked_at": as_text(row.checked_at),
        "policy_version": row.policy_version,
        "commit": row.commit,
        "source_url": row.source_url,
    }


def _move(one: Explained) -> dict[str, Any]:
    move = one.move
    return {
        "kind": move.kind.value,
        "what": move.what,
        "subject": move.subject,
        "before": move.before,
        "after": move.after,
        "refs": list(move.refs),
        "url": page_url(Page(*move.page)) if move.page else None,
        "changes": [
            {
                "kind": change.kind,
                "detected_at": as_text(change.detected_at),
                "url": absolute(f"/api/v1/changes/{change.pk}/"),
                "evidence_url": change.evidence_url,
            }
            for change in one.changes
        ],
    }
