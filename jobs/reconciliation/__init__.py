"""The second stage: matches the two sides by the profile's rules, classes what is left, proves the result."""

from __future__ import annotations
