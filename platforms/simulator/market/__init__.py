"""The market: pure numbers in, pure numbers out. No Django, no clock, no I/O."""
