-- O candidato de quem não tem par é o mais próximo: o que falha em menos, depois em valor e em dias, no primeiro passe que o diz, e com quantos mais; sem chave comum, o de mesmo valor, em dias.
-- What a pass that only suggests compares comes last.
with both_ways as (
  select 'A' as side, line_a as line_no, line_b as candidate, * from compared
  union all
  select 'B', line_b, line_a, * from compared
), ranked as (
  select
    side, line_no, candidate, position,
    rank() over (partition by side, line_no order by suggests, failed, abs(delta), abs(days), position) = 1 as is_nearest,
    count(*) over (partition by side, line_no, position, failed) as alike
  from both_ways
), nearest as (
  from ranked where is_nearest
), days as (
  select distinct case side when 'A' then 'B' else 'A' end as of_side, currency, amount, posted_on as day from open_rows
), same_amount as (
  select
    o.side, o.line_no,
    least(days_apart(before.day, o.posted_on), days_apart(o.posted_on, after.day)) as days
  from open_rows as o
  asof left join days as before
    on before.of_side = o.side and before.currency = o.currency and before.amount = o.amount and before.day <= o.posted_on
  asof left join days as after
    on after.of_side = o.side and after.currency = o.currency and after.amount = o.amount and after.day >= o.posted_on
), told as (
  select s.side, s.line_no, s.class, b.explain::json as doc, p.position, r.line_no as candidate
  from stated as s
  join numbered_breaks as b using (number)
  left join passes as p on p.name = b.explain::json->>'pass'
  left join row_ids as r on r.row_id = b.explain::json->>'candidate' and r.side <> s.side
  where json_valid(b.explain) and b.counterpart_row_id is null
    and b.class not in ('group_sum_mismatch', 'duplicate_a', 'duplicate_b')
), judged as (
  select
    t.*, n.line_no is not null as compared, m.days,
    bool_or(n.candidate = t.candidate and n.position = t.position and n.alike = (t.doc->>'candidates')::bigint) as is_nearest,
    any_value(c.amount = o.amount and c.currency = o.currency and abs(days_apart(o.posted_on, c.posted_on)) = m.days) as has_the_amount
  from told as t
  join entries as o on o.side = t.side and o.line_no = t.line_no
  left join nearest as n on n.side = t.side and n.line_no = t.line_no
  left join same_amount as m on m.side = t.side and m.line_no = t.line_no
  left join entries as c on c.side <> t.side and c.line_no = t.candidate
  group by all
)
from judged
where case
  when compared then is_nearest is not true
  when (side, line_no) in (select (side, line_no) from crowded_rows) then candidate is not null or doc->>'$.failed[0]' is distinct from 'max_candidates_per_row'
  when days is not null then has_the_amount is not true or doc->>'$.failed[0]' is distinct from 'key'
  else candidate is not null
end
