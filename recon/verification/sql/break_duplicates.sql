-- Duplicada é a linha igual a outra do seu lado, sobrando e não ambígua: todas as abertas se uma conciliou, todas menos uma se nenhuma.
with said as (
  select s.*, s.class in ('duplicate_a', 'duplicate_b') as duplicate from stated as s where s.class not in ('group_sum_mismatch', 'fee_mismatch')
), unmatched_groups as (
  select r.side, r.first_line, count(*) filter (not s.duplicate) as own
  from occurrences as r
  join said as s using (side, line_no)
  anti join surplus as u using (side, line_no)
  anti join ambiguous_rows as f using (side, line_no)
  group by all
)
select s.side, s.line_no, s.class, 'is no surplus' as reason
from said as s
anti join surplus as u using (side, line_no)
anti join occurrences as r using (side, line_no)
where s.duplicate
union all
select s.side, s.line_no, s.class, 'is surplus' from said as s semi join surplus as u using (side, line_no)
anti join ambiguous_rows as f using (side, line_no)
where not s.duplicate
union all
select side, line_no, class, 'is of the other side' from said
where duplicate and class <> 'duplicate_' || lower(side)
union all
select side, first_line, null, own || ' of its occurrences stand for themselves' from unmatched_groups
where own <> 1
