"""Rules of the room `creatives`: no Django, no clock, no I/O."""
