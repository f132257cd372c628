"""How a promotion's plan reads on a terminal."""

from __future__ import annotations

from rich.markup import escape

from obsiverse.cli.console import out
from obsiverse.promote import Action, Plan, Step, Undo
from obsiverse.promote.check import Outcome, Result

SIGNS = {
    Action.CREATE: ("+", "green"),
    Action.CHANGE: ("~", "yellow"),
    Action.WAIT: ("…", "cyan"),
    Action.KEEP: ("=", "dim"),
    Action.USE: ("@", "dim"),
    Action.TAKEN: ("!", "bold red"),
}
SHOWN_DIFFERENCES, SHOWN_CHARACTERS = 6, 60
LIST_PRICES = "at list prices; what is paid by use (queries, ingestion, storage, Grafana's users) comes on top"


def show_plan(plan: Plan) -> None:
    """The changes, what is in the way, what is left alone, and a sum."""
    out.print(f"[bold]{escape(plan.target)}[/bold] (account {plan.account}, {plan.region})")
    for step in plan.steps.values():
        if step.action is not Action.KEEP:
            _show_step(step)
    if plan.others:
        out.print("  [dim]there, and not of this promotion; left alone:[/dim]")
        for other in plan.others:
            out.print(f"  [dim]? {escape(other)}[/dim]")
    counts = {action: sum(step.action is action for step in plan.steps.values()) for action in Action}
    words = {
        Action.CREATE: "to create", Action.CHANGE: "to change", Action.WAIT: "to wait for", Action.TAKEN: "in the way",
        Action.USE: "used as it is", Action.KEEP: "to keep",
    }  # fmt: skip
    parts = [f"{counts[action]} {word}" for action, word in words.items() if counts[action]]
    if not plan.changes and not plan.taken:
        out.print(f"No changes: {', '.join(parts)}.")
    else:
        out.print(f"{', '.join(parts)}.")
    unpriced = f" Not priced: {', '.join(plan.unpriced)}." if plan.unpriced else ""
    out.print(f"About ${plan.cost:.3f} an hour {LIST_PRICES}.{unpriced}")


def show_difference(step: Step) -> None:
    """All that differs of one resource."""
    if step.action in (Action.KEEP, Action.USE):
        return
    sign, style = SIGNS[step.action]
    note = f"  [dim]{escape(step.note)}[/dim]" if step.note else ""
    out.print(f"[{style}]{sign} {escape(step.resource.key)}[/{style}]{note}")
    for difference in step.differences:
        out.print(f"  {escape(difference.path)}:")
        for line in difference.lines():
            colour = {"-": "red", "+": "green"}.get(line[:1], "dim")
            out.print(f"    [{colour}]{escape(line)}[/{colour}]")


def show_undo(undo: Undo) -> None:
    """What a rollback does."""
    out.print(f"[bold]rollback of {', '.join(run.id for run in undo.runs)}[/bold]")
    for sign, style, keys in (("-", "red", undo.deletes), ("<", "yellow", undo.restores)):
        for key in keys:
            out.print(f"  [{style}]{sign} {escape(key)}[/{style}]")


def show_result(result: Result) -> None:
    """What a check found."""
    style = {Outcome.PASSED: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "yellow"}[result.outcome]
    out.print(f"[{style}]{result.outcome.value:<8}[/{style}] {escape(result.subject)}: {escape(result.detail)}")


def _show_step(step: Step) -> None:
    sign, style = SIGNS[step.action]
    note = f"  [dim]{escape(step.note)}[/dim]" if step.note else ""
    out.print(f"  [{style}]{sign} {escape(step.resource.key)}[/{style}]{note}")
    for difference in step.differences[:SHOWN_DIFFERENCES]:
        shown = difference.to_json()
        old, new = (_short(shown.get(side, "(not there)")) for side in ("old", "new"))
        out.print(f"      [dim]{escape(difference.path)}:[/dim] {escape(old)} → {escape(new)}")
    if (more := len(step.differences) - SHOWN_DIFFERENCES) > 0:
        out.print(f"      [dim]and {more} more: see `promote diff {escape(step.resource.key)}`[/dim]")


def _short(value: object) -> str:
    text = str(value)
    if "\n" in text:
        return f"({len(text.splitlines())} lines)"
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…"
