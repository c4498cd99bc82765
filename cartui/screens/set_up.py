"""Set-up of a cart's connection: address, password, the type's own options, Test Connection (S009-S015)."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from cartui.domain.ports import TEST_PASSED, AdapterSpec, Option, StageResult, Verdict
from cartui.domain.safe_text import safe_text
from cartui.domain.settings import CartConnection, CartDocument, CartSettings, SyncStatus
from cartui.errors import CartuiError
from cartui.screens.base import PUSHED_GROUPS
from cartui.screens.dialogs import ConfirmDialog
from cartui.screens.form import FormScreen, FormScroll
from cartui.screens.glyphs import GLYPHS
from cartui.sync import carts
from cartui.sync.workspace import Progress, ProgressSink
from cartui.widgets.chrome import Part
from cartui.widgets.fields import ChoiceField, Field, SwitchField, TextField

REFERENCES = ("env:", "file:", "command:", "credential:")
HELP_ON_SECRETS = "Type it (kept in a private file), or refer: env:NAME, file:PATH, command:CMD."
SIGNS = {
    Verdict.PASSED: (GLYPHS.passed, "$text-success"),
    Verdict.WARNING: (GLYPHS.warning, "$text-warning"),
    Verdict.FAILED: (GLYPHS.failed, "$text-error"),
    Verdict.SKIPPED: (GLYPHS.skipped, "$quiet"),
}


class StageEnded(Message):
    """One line of Test Connection."""

    def __init__(self, stage: StageResult) -> None:
        super().__init__()
        self.stage = stage


class SetUpScreen(FormScreen):
    """The connection of one cart, or of a new one (`cart_name` None, then `cart_type` says which). Ends with the name
    of the cart that was saved, None if nothing was."""

    GROUPS: ClassVar[tuple[str, ...]] = (*PUSHED_GROUPS, "edit", "set-up", "reading")
    ABOUT: ClassVar[str] = (
        "How the cart is reached. Enter its web location and password, save, and press t: Test Connection goes through "
        "every stage and says what to do about the first that fails. The test must pass before anything is imported."
    )

    def __init__(self, cart_name: str | None, cart_type: str = "", *, test_at_once: bool = False) -> None:
        super().__init__()
        self.cart_name = cart_name
        self._cart_type = cart_type
        self._document: CartDocument | None = None
        self._test_at_once = test_at_once
        self._lines: list[tuple[str, str]] = []
        self._failed = False

    @property
    def spec(self) -> AdapterSpec | None:
        """The type of cart; None where its adapter is not installed here any more."""
        return self.ws.adapters.get(self._cart_type)

    # --- what is drawn -----------------------------------------------------------------------------------------------

    def title_parts(self) -> tuple[Part, ...]:
        mode: Part = ("Edit", "bold") if self.editing else "View"
        name = safe_text(self.cart_name, 40) if self.cart_name else "New Shopping Cart"
        unsaved = " *unsaved" if self.is_mounted and self.is_changed else ""
        kind = self.spec.title if self.spec else self._cart_type
        return (
            (f"Shopping Carts {GLYPHS.crumb} ", "$quiet"),
            (name, "bold"),
            f" {GLYPHS.dot} Connection {GLYPHS.dot} {safe_text(kind, 30)} {GLYPHS.dot} ",
            mode,
            (unsaved, "bold $text-warning"),
        )

    def body(self) -> ComposeResult:
        with FormScroll(id="set-up"):
            yield from self._fields()
            yield Static("", id="test-result")

    def _fields(self) -> ComposeResult:
        spec = self.spec
        yield TextField("name", "Name", "What you call this shop; shown everywhere.", check=check_name)
        yield TextField("url", "Web location", safe_text(spec.url_help) if spec else "", placeholder="https://")
        yield TextField(
            "password", safe_text(spec.secret_title if spec else "Password", 24), HELP_ON_SECRETS, password=True
        )
        for option in spec.options if spec else ():
            yield option_field(option)
        yield ChoiceField(
            "live",
            "Kind of cart",
            (("yes", "LIVE cart"), ("no", "test cart")),
            "A live cart takes real orders: more is asked before anything is written to it.",
            marks=GLYPHS.left + GLYPHS.right,
        )
        yield SwitchField(
            "allow_plain_http",
            "Allow plain http",
            "Consent: over http:// the password and all orders travel in clear text. Leave it off.",
            words=("allowed", "refused"),
        )

    def compose(self) -> ComposeResult:
        view = self.host.cart_view(self.cart_name) if self.cart_name is not None else None
        if view is not None:
            self._document = view.document
            self._cart_type = view.document.connection.cart_type
        yield from super().compose()

    def on_mount(self) -> None:
        self.fill_form()
        for field in self.fields:
            field.set_editable(False)
        if self._document is None:
            self.begin_edit("name")
        elif self._test_at_once:
            self.call_after_refresh(self.action_test)

    def fill_form(self) -> None:
        document = self._document
        connection = document.connection if document else CartConnection(self._cart_type, "")
        self.field("name").set_value(document.name if document else "")
        self.field("url").set_value(connection.url)
        self.field("live").set_value("yes" if document is None or document.settings.live else "no")
        self.field("allow_plain_http").set_value("yes" if connection.allow_plain_http else "no")
        for option in self._plain_options:
            self.field(f"option-{option.name}").set_value(connection.options.get(option.name, option.default))
        for field_name, secret in self._secrets.items():
            field = self.field(field_name)
            reference = connection.secret_refs.get(secret, "")
            field.set_value("")
            if isinstance(field, TextField):
                field.input.placeholder = reference_words(reference)

    @property
    def _plain_options(self) -> list[Option]:
        return [option for option in (self.spec.options if self.spec else ()) if not option.secret]

    @property
    def _secrets(self) -> dict[str, str]:
        """Field name -> name of the secret."""
        options = self.spec.options if self.spec else ()
        return {"password": "password", **{f"option-{one.name}": one.name for one in options if one.secret}}

    def on_input_changed(self) -> None:
        """A reference is no secret: it is shown; what is typed as a secret is not."""
        for name in self._secrets:
            field = self.field(name)
            if isinstance(field, TextField):
                field.input.password = not field.value.startswith(REFERENCES)

    # --- save --------------------------------------------------------------------------------------------------------

    def why_not(self, action: str) -> str | None:
        running = self._document is not None and self._document.status is SyncStatus.RUNNING
        if action in ("edit", "save") and running:
            return "The cart is RUNNING: stop it first, then change its connection."
        if action == "test" and self.busy:
            return "The test is under way; esc cancels it."
        return None

    def mode_changed(self) -> None:
        self.on_input_changed()
        self.refresh_frame()

    def typed_connection(self) -> CartConnection:
        """The connection as typed. A secret that is yet to be stored stands as the bare "file:"."""
        values = self.values
        stored = self._document.connection if self._document else None
        secret_refs = dict(stored.secret_refs) if stored else {}
        for field_name, secret in self._secrets.items():
            typed = values[field_name].strip()
            if typed:
                secret_refs[secret] = typed if typed.startswith(REFERENCES) else "file:"
        return CartConnection(
            self._cart_type,
            values["url"].strip(),
            {
                option.name: typed
                for option in self._plain_options
                if (typed := values[f"option-{option.name}"].strip())
            },
            secret_refs,
            values["allow_plain_http"] == "yes",
        )

    def check_form(self) -> list[str]:
        problems = carts.check_connection(self.ws, self.typed_connection())
        name = self.values["name"].strip()
        known = {view.document.name for view in self.host.cart_views() or []}
        if name in known and name != self.cart_name:
            problems.insert(0, f"Name: there is a cart named {name!r} already.")
        if not self.typed_connection().secret_refs.get("password"):
            problems.append(f"{self.field('password').title}: it is needed to connect.")
        return problems

    def save_form(self, on_saved: Callable[[], None]) -> None:
        ws, stored = self.ws, self._document
        name, live = self.values["name"].strip(), self.values["live"] == "yes"
        connection = self.typed_connection()
        typed = {secret: self.values[field] for field, secret in self._secrets.items() if self.values[field].strip()}
        secrets = {which: text for which, text in typed.items() if not text.strip().startswith(REFERENCES)}

        def save() -> CartDocument:
            document = stored or carts.new_cart(ws, name, connection, CartSettings(live=live))
            refs = {which: carts.store_secret(ws, name, which, text) for which, text in secrets.items()}
            wanted = replace(
                document,
                name=name,
                connection=replace(connection, secret_refs={**connection.secret_refs, **refs}),
                settings=replace(document.settings, live=live),
            )
            return document if wanted == document else carts.save_cart(ws, wanted)

        def saved(document: CartDocument) -> None:
            self._document, self.cart_name = document, document.name
            on_saved()
            self.hint("Saved. Now press t: Test Connection.")
            self.host.reload_carts()
            if stored is None and not self.busy:
                self._offer_test()

        self.read("save", save, saved, lambda error: self.tell(error, "Not saved"))

    def _offer_test(self) -> None:
        """S015: a new cart is of no use before its test has passed."""

        def answered(yes: bool | None) -> None:
            if yes:
                self._test()

        self.app.push_screen(
            ConfirmDialog(
                f"{self.cart_name} was made. Test its connection now?",
                "It reads a little from the cart and changes nothing there. The test must pass before anything else.",
                "Test Connection",
                "Later",
            ),
            answered,
        )

    def clear_step(self) -> bool:
        """`esc` while a new cart is typed in leaves the screen."""
        if self.editing and self._document is None and not self.is_changed:
            self.dismiss(None)
            return True
        return super().clear_step()

    def end_edit(self) -> None:
        super().end_edit()
        if self._document is None:
            self.dismiss(None)

    def action_back(self) -> None:
        self.dismiss(self.cart_name if self._document is not None else None)

    # --- Test Connection ---------------------------------------------------------------------------------------------

    def action_test(self) -> None:
        """S013: what was typed is saved first; then stage by stage."""
        if self.editing:
            self.save_then(self._saved_and_test)
        else:
            self._test()

    def _saved_and_test(self) -> None:
        self.end_edit()
        self._test()

    def _test(self) -> None:
        name = self.cart_name
        if name is None:
            return
        self._lines, self._failed = [("Test Connection\n", "bold")], False
        self._draw_test()

        def work(progress: ProgressSink, stop: Callable[[], bool]) -> None:
            for number, stage in enumerate(carts.test_connection(self.ws, name), 1):
                self.post_message(StageEnded(stage))
                progress(Progress("stages", number))
                if stop():
                    return

        self.run_job("Test Connection", work, self._tested, self._test_broke)

    def on_stage_ended(self, message: StageEnded) -> None:
        message.stop()
        stage = message.stage
        self._failed = self._failed or stage.verdict is Verdict.FAILED
        sign, style = SIGNS[stage.verdict]
        self._lines += [(f"{sign} ", f"bold {style}"), (f"{stage.stage:<16}", ""), (safe_text(stage.detail, 300), "")]
        if stage.remedy:
            self._lines.append((f"\n  {GLYPHS.arrow} {safe_text(stage.remedy, 400)}", "$text-warning"))
        self._lines.append(("\n", ""))
        self._draw_test()

    def _tested(self, _: object) -> None:
        if self._failed:
            self._lines.append(("TEST FAILED: see the line marked " + GLYPHS.failed, "bold $text-error"))
            self.hint("e changes the connection, t tests it again.")
        else:
            self._lines.append((TEST_PASSED, "bold $text-success"))
            self.hint("q goes on: the tab Auto-sync says what is next.")
        self._draw_test()
        self.host.reload_carts()

    def _test_broke(self, error: CartuiError) -> None:
        sign, style = SIGNS[Verdict.FAILED]
        self._lines += [(f"{sign} ", f"bold {style}"), (safe_text(error.problem, 400), "")]
        self._lines.append((f"\n  {GLYPHS.arrow} {safe_text(error.remedy, 400)}\n", "$text-warning"))
        self._failed = True
        self._tested(None)

    def _draw_test(self) -> None:
        result = self.query_one("#test-result", Static)
        result.update(Content.assemble(*self._lines))
        self.query_one("#set-up", FormScroll).scroll_end(animate=False)

    @property
    def test_lines(self) -> str:
        """What the test has said so far."""
        return "".join(text for text, _ in self._lines)


def reference_words(reference: str) -> str:
    """Where a secret is kept, in words that fit behind the title; never the secret."""
    kind, _, rest = reference.partition(":")
    rest = safe_text(rest, 40)
    match kind:
        case "env":
            return f"kept in the variable {rest} (env:)"
        case "file" if f"{os.sep}secrets{os.sep}" in reference:
            return "kept by cartui in a private file"
        case "file":
            return f"kept in the file {safe_text(reference[5:].rpartition(os.sep)[2], 40)} (file:)"
        case "command":
            return "asked from a command (command:)"
        case "credential":
            return f"kept as systemd credential {rest}"
        case _:
            return "kept" if reference else "not set"


def check_name(text: str) -> str | None:
    """A cart's name."""
    return None if text.strip() else "Give the cart a name."


def option_field(option: Option) -> Field:
    """The field for an option of the type: a choice where it has choices."""
    name, title, words = f"option-{option.name}", safe_text(option.title, 24), safe_text(option.help)
    if option.choices:
        blank = [] if option.required or option.default else [("", "not set")]
        return ChoiceField(
            name, title, [*blank, *((one, one) for one in option.choices)], words, marks=GLYPHS.left + GLYPHS.right
        )
    return TextField(name, title, HELP_ON_SECRETS if option.secret else words, password=option.secret)
