"""What each command takes, a file an area; `COMMANDS` of each is read by `cartui.cli.parser`."""
