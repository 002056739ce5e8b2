-- Rivals that a round left: neither of their rows is taken.
select rivals.*
from rivals
anti join closest as a on a.line_a = rivals.line_a
anti join closest as b on b.line_b = rivals.line_b
