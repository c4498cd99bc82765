"""View and Edit of a form (S034, S053): read-only until Edit; Save names every problem at once; Cancel asks only if
something was changed. Mixed into a `CartuiScreen` whose groups contain "edit"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from textual import events, on
from textual.containers import VerticalScroll

from cartui.screens.base import CartuiScreen
from cartui.screens.dialogs import ConfirmDialog, ProblemsDialog
from cartui.widgets.fields import Field


class FormScroll(VerticalScroll, can_focus=False, inherit_bindings=False):
    """Scrolls a form; takes no key itself, so that the arrows are the form's."""


class FormScreen(CartuiScreen):
    """A screen with fields."""

    def __init__(self) -> None:
        super().__init__()
        self.editing = False
        self.before: Mapping[str, str] = {}
        """Values when Edit began."""

    # --- what a form says ------------------------------------------------------------------------------------

    def check_form(self) -> list[str]:
        """What is wrong beyond the single fields, each a sentence."""
        return []

    def save_form(self, on_saved: Callable[[], None]) -> None:
        """Store the values (in a thread), then call `on_saved`."""
        raise NotImplementedError

    def fill_form(self) -> None:
        """Show the stored values."""
        raise NotImplementedError

    def mode_changed(self) -> None:
        """View became Edit, or the other way round, or something was typed."""

    # --- fields ----------------------------------------------------------------------------------------------

    @property
    def fields(self) -> list[Field]:
        """All fields, in the order of the screen."""
        return self.walk_children(Field)  # asked for at every key: a query takes ten times as long

    def field(self, name: str) -> Field:
        """The field of that name."""
        return self.query_one(f"#field-{name}", Field)

    @property
    def values(self) -> dict[str, str]:
        """What stands in the fields."""
        return {str(field.name): field.value for field in self.fields}

    @property
    def is_changed(self) -> bool:
        """Something differs from what is stored."""
        return self.editing and self.values != self.before

    @on(Field.Changed)
    def _field_changed(self, message: Field.Changed) -> None:
        message.stop()
        self.mode_changed()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for node in event.widget.ancestors:
            if isinstance(node, Field):
                self.hint(node.help_text)

    # --- modes -----------------------------------------------------------------------------------------------

    def shows(self, action: str) -> bool:
        in_edit = ("save", "next_field", "previous_field")
        return not self.editing if action == "edit" else self.editing if action in in_edit else True

    def begin_edit(self, focus: str | None = None) -> None:
        """View -> Edit, the cursor in the field `focus` or in the first that can be changed."""
        self.editing = True
        self.before = self.values
        self._set_editable(True)
        open_fields = [field for field in self.fields if not field.greyed]
        wanted = [field for field in open_fields if field.name == focus] or open_fields
        if wanted:
            self.set_focus(wanted[0].query_one(".editor"))  # at once: the next key is for it
        self.mode_changed()
        self.refresh_bindings()

    def end_edit(self) -> None:
        """Edit -> View with what is stored."""
        self.editing = False
        self.set_focus(None)
        self.fill_form()
        self._set_editable(False)
        self.show_problems({})
        self.hint("")
        self.mode_changed()
        self.refresh_bindings()

    def _set_editable(self, editable: bool) -> None:
        for field in self.fields:
            field.set_editable(editable)

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Put each problem under its field, and take the others away."""
        for field in self.fields:
            field.show_problem(problems.get(str(field.name), ""))

    def action_edit(self) -> None:
        self.begin_edit()

    def action_move(self, where: str) -> None:
        """In Edit the arrows go from field to field, else they scroll what does not fit."""
        if self.editing and where in ("up", "down"):
            self.step_field(1 if where == "down" else -1)
            return
        scroll = {"page_up": "scroll_page_up", "page_down": "scroll_page_down"}.get(where, f"scroll_{where}")
        getattr(self.query_one(VerticalScroll), scroll)(animate=False)

    def step_field(self, step: int) -> None:
        """On to the next field that can be changed, or the one before; from the last on to the first."""
        shown = [field for field in self.fields if field.display]
        editors = [editor for field in shown if not (editor := field.query_one(".editor")).disabled]
        if editors:
            here = next((at for at, editor in enumerate(editors) if editor.has_focus), -step if step > 0 else 0)
            self.set_focus(editors[(here + step) % len(editors)])  # at once: the next key is for it

    def action_next_field(self) -> None:
        self.step_field(1)

    def action_previous_field(self) -> None:
        self.step_field(-1)

    def action_save(self) -> None:
        self.save_then(self.end_edit)

    def save_then(self, then: Callable[[], None]) -> None:
        """Check everything, save, and go on; all problems are named together."""
        by_field = {str(field.name): problem for field in self.fields if (problem := field.problem())}
        self.show_problems(by_field)
        problems = [f"{self.field(name).title}: {problem}" for name, problem in by_field.items()]
        problems += self.check_form()
        if problems:
            self.name_problems(problems)
            return
        self.save_form(then)

    def name_problems(self, problems: Iterable[str]) -> None:
        """One dialog with all of them."""
        listed = list(problems)
        heading = "Not saved: one problem" if len(listed) == 1 else f"Not saved: {len(listed)} problems"
        self.app.push_screen(ProblemsDialog(heading, [(problem, "") for problem in listed]))

    def clear_step(self) -> bool:
        """`esc` in Edit: back to View; asks only if something was changed."""
        if not self.editing:
            return False
        if not self.is_changed:
            self.end_edit()
            return True

        def answered(yes: bool | None) -> None:
            if yes:
                self.end_edit()

        question = ConfirmDialog(
            "Throw the changes away?", "What you typed is not saved.", "Throw away", "Keep editing"
        )
        self.app.push_screen(question, answered)
        return True
