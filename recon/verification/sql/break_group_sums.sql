-- Soma divergente: as linhas abertas de um grupo com os dois lados, de uma só moeda, cujas somas não cabem na tolerância.
-- Pairs that differ in one criterion are explained by that, and rows of an earlier pass's group by that group. A key in
-- two currencies has two candidates, so neither is it.
with said as (
  select
    b.break_id, p.position,
    case when b.line_a is null then 'B' else 'A' end as side, coalesce(b.line_a, b.line_b) as line_no
  from breaks as b
  left join passes as p
    on p.kind = 'group' and p.name = case when json_valid(b.explain) then b.explain::json->>'pass' end
  where b.class = 'group_sum_mismatch'
), remaining as (
  select a.*
  from available as a
  join passes as p using (position)
  anti join mismatched as ma on a.side = 'A' and ma.line_a = a.line_no
  anti join mismatched as mb on a.side = 'B' and mb.line_b = a.line_no
  anti join said as s on s.side = a.side and s.line_no = a.line_no and s.position < a.position
  where p.kind = 'group' and a.taken is null
), sums as (
  select
    position, key, any_value(currency) as currency, any_value(abs_limit) as abs_limit,
    sum(amount) filter (side = 'A') as amount_a, sum(amount) filter (side = 'B') as amount_b
  from remaining
  group by position, key
  having count(distinct currency) = 1
), expected as (
  select r.position, r.side, r.line_no, r.key, r.currency
  from remaining as r
  join sums as s using (position, key, currency)
  join passes as p using (position)
  where s.amount_a is not null and s.amount_b is not null
    and not amount_fits(s.amount_a, s.amount_b, s.abs_limit, p.bps)
)
select 'is of no group that differs' as reason, said.position, side, line_no, break_id
from said anti join expected using (position, side, line_no)
union all
select 'is not said', position, side, line_no, null
from expected anti join said using (position, side, line_no)
union all
select 'two breaks of one group', position, any_value(side), any_value(line_no), max(break_id)
from said join expected using (position, side, line_no)
group by position, key, currency
having count(distinct break_id) > 1
union all
select 'two groups in one break', any_value(said.position), any_value(side), any_value(line_no), break_id
from said join expected using (position, side, line_no)
group by break_id
having count(distinct (position, key, currency)) > 1
