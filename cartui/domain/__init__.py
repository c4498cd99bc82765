"""The rules of cartui as pure functions over frozen values: no I/O, no clock, no thread, no chance."""
