-- Uma duplicada diz qual linha repete: do seu lado, igual a ela em todos os campos ou em tudo o que compara o passe exato que a levou.
with told as (
  select s.side, s.line_no, s.class, (doc->>'twin')::bigint as twin, (doc->>'equal')::boolean as is_equal
  from stated as s
  join (select number, case when json_valid(explain) then explain::json end as doc from numbered_breaks) as b using (number)
  where s.class in ('duplicate_a', 'duplicate_b')
), twins as (
  select a.side, a.line_no, b.line_no as twin, true as is_equal
  from repeated as a
  join repeated as b on b.side = a.side and b.first_line = a.first_line and b.line_no <> a.line_no
  union all
  select o.side, o.line_no, m.line_no, false
  from available as o
  join available as m
    on m.position = o.position and m.side = o.side and m.key = o.key
    and m.currency = o.currency and m.amount = o.amount and m.posted_on = o.posted_on
  where o.taken is null and m.taken = m.position and m.equals <> o.equals
    and o.position in (select position from passes where pairs_all)
)
from told anti join twins using (side, line_no, twin, is_equal)
