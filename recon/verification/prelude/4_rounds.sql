-- One round of every pass that chooses, again and again until one finds nothing: among what is left, the pairs that are
-- closest for both. Who ties only with equals of his own ties with nobody: they pair in the order of the file.
insert into chosen
with closest as (
  select
    *,
    (apart, days) = min((apart, days)) over (partition by position, line_a) as for_a,
    (apart, days) = min((apart, days)) over (partition by position, line_b) as for_b
  from rivals
), clear_a as (
  select position, line_a from closest where for_a group by all having count(distinct equals_b) = 1
), clear_b as (
  select position, line_b from closest where for_b group by all having count(distinct equals_a) = 1
)
select position, line_a, line_b
from closest
semi join clear_a using (position, line_a)
semi join clear_b using (position, line_b)
where for_a and for_b
qualify dense_rank() over (partition by position, equals_a, equals_b order by line_a)
  = dense_rank() over (partition by position, equals_a, equals_b order by line_b);

create or replace table rivals as
select r.*
from rivals as r
anti join chosen as a on a.position = r.position and a.line_a = r.line_a
anti join chosen as b on b.position = r.position and b.line_b = r.line_b;
