"""Arguments of `cartui backup`."""

from __future__ import annotations

from cartui.cli.words.arguments import as_json, describe

TYPE_CHECKING = False  # typing costs a fifth of what --version may take
if TYPE_CHECKING:
    from cartui.cli.words.arguments import Commands, Parser


def _backup(command: Parser) -> None:
    describe(
        command,
        "Copy the database as it is at one moment, also while cartui runs. The copy is checked before it gets its "
        "name, and an earlier backup of that name is replaced or stays as it was. To restore: stop cartui, put the "
        "copy in the place of cartui.db and delete cartui.db-journal, -wal and -shm beside it. Keep the directory "
        "secrets/ apart from it. PostgreSQL: use pg_dump.",
        "cartui backup /srv/backup/cartui.db",
    )
    command.add_argument("file", metavar="FILE", help="where to; an earlier backup there is replaced")
    as_json(command)


COMMANDS: Commands = {"backup": ("backup:run_backup", "copy the database, checked, also while cartui runs", _backup)}
