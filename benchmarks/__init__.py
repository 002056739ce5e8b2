"""How fast the program is, against what somebody would write by hand. `make bench` runs it; nothing is deployed."""

from __future__ import annotations
