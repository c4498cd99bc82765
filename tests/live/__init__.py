"""Tests against real shop software that no one here wrote. Slow; skipped where Node.js is missing."""
