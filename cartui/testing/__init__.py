"""For authors of adapters and for cartui's own tests: the conformance suite, a clock that stands still, fault
injection."""
