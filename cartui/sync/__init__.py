"""What cartui can do, used alike by the screens and the command line. Synchronous; no user interface, no HTTP.

Everything takes a `Workspace` first. Long work takes `progress` and `stop`; both may be left out.
"""
