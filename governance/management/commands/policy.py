"""`manage.py policy`: the policy as a file, out, in, checked and tried."""

from argparse import ArgumentParser
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from governance import models, policies
from governance.dry_run import Report, try_policy
from governance.policies import Outcome
from governance.policy_state import loosening, text_of
from governance.refused import Refused
from governance.terms import terms_in_force
from registry.models import User

SHOWN = 50


class Command(BaseCommand):
    help = "The policy as policy.toml: export, check, dry-run, import. docs/reference/policy.md has what it may say."

    def add_arguments(self, parser: ArgumentParser) -> None:
        steps = parser.add_subparsers(dest="step", required=True, metavar="export|check|dry-run|import")
        export = steps.add_parser("export", help="Write the policy in force.")
        export.add_argument("file", type=Path, nargs="?", help="Without it, to standard output.")
        for step, what in (
            ("check", "Say what is wrong with a file, or what it loosens. Changes nothing."),
            ("dry-run", "Say whose verdict would change. Changes nothing."),
            ("import", "Make a file the policy; what loosens something becomes a proposal."),
        ):
            steps.add_parser(step, help=what).add_argument("file", type=Path)
        for option, what in (("--actor", "Whose change it is."), ("--reason", "Why.")):
            steps.choices["import"].add_argument(option, required=True, help=what)
        steps.choices["import"].add_argument("--from", dest="in_force_from", type=_moment, help="A moment; else now.")
        for parser_of_step in steps.choices.values():
            parser_of_step.add_argument("--verbosity", "-v", type=int, default=1, choices=range(4))

    def handle(self, *, step: str, **options: Any) -> None:
        now = timezone.now()
        try:
            _STEPS[step](self, now, options)
        except Refused as refused:
            where = f"{options['file']}: " if refused.extra.get("line") else ""
            raise CommandError(f"{where}{refused}") from refused

    def export(self, now: datetime, options: dict[str, Any]) -> None:
        text = text_of(models.Policy.objects.in_force(now))
        if options["file"] is None:
            self.stdout.write(text, ending="")
        else:
            options["file"].write_text(text, encoding="utf-8")

    def check_file(self, now: datetime, options: dict[str, Any]) -> None:
        found = loosening(policies.check(_read(options["file"]), now=now), now)
        for one in found:
            self.stdout.write(str(one))
        needs = "it loosens this, so another person decides" if found else "it loosens nothing"
        self.stdout.write(self.style.SUCCESS(f"{options['file']} can be used; {needs}."))

    def dry_run(self, now: datetime, options: dict[str, Any]) -> None:
        after = policies.check(_read(options["file"]), now=now)
        report = Report(total=0)
        for report in try_policy(after, terms_in_force(now), now=now):
            self.stderr.write(f"{report.done} of {report.total} systems, {report.changed_count} verdicts change")
        for changed in report.changes[:SHOWN]:
            where = f"{changed.system} in {changed.environment}"
            self.stdout.write(f"{where:<50} {changed.before:>7} -> {changed.after}")
            for one in changed.findings:
                self.stdout.write(f"    {one.rule} {one.before or '–'} -> {one.after or 'gone'}  {one.ref}")
        if report.changed_count > SHOWN:
            self.stdout.write(f"… and {report.changed_count - SHOWN} more; the page and the API keep a thousand.")
        for (before, last), count in sorted(report.verdicts.items()):
            self.stdout.write(f"{count:>7}  {f'stay {last}' if before == last else f'{before} -> {last}'}")

    def bring_in(self, now: datetime, options: dict[str, Any]) -> None:
        outcome = policies.change(
            author=_person(options["actor"]),
            text=_read(options["file"]),
            reason=options["reason"],
            in_force_from=options["in_force_from"],
            now=now,
        )
        for one in outcome.loosened:
            self.stdout.write(str(one))
        self.stdout.write(self.style.SUCCESS(_said(outcome)))


_STEPS: dict[str, Callable[[Command, datetime, dict[str, Any]], None]] = {
    "export": Command.export,
    "check": Command.check_file,
    "dry-run": Command.dry_run,
    "import": Command.bring_in,
}


def _said(outcome: Outcome) -> str:
    if outcome.proposal is not None:
        return f"It loosens this, so another person decides: proposal {outcome.proposal.pk}."
    if not outcome.is_changed or outcome.policy is None:
        return "No change: this is the newest version already."
    return f"Version {outcome.policy.version} is the policy from {outcome.policy.in_force_from:%Y-%m-%d %H:%M} UTC on."


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"Cannot read {file}: {error}") from error


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    if moment is None:
        raise CommandError(f"--from: a moment such as 2027-01-31T09:00Z, not {text!r}.")
    return moment if moment.tzinfo else timezone.make_aware(moment)


def _person(username: str) -> User:
    person = User.objects.filter(username=username, is_active=True).first()
    if person is None:
        raise CommandError(f"--actor: there is no active account “{username}”.")
    return person
