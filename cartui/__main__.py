"""`python -m cartui` and the command `cartui`."""

from cartui.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
