-- Toda linha citada em conciliações e divergências existe em entries, do lado em que é citada.
select source, class, side, line_no
from result_lines
anti join entries using (side, line_no)
