-- A idade é a data de referência menos a data do lançamento que a divergência nomeia, nunca negativa; a faixa é a da idade.
with aged as (
  select
    b.break_id, b.class, b.age_days, b.bucket,
    greatest(0, days_apart(e.posted_on, (select max(as_of) from summary))) as expected_age
  from numbered_breaks as b
  left join findings as f using (number)
  join entries as e
    on e.side = b.side and e.line_no = coalesce(case b.side when 'A' then b.line_a else b.line_b end, f.line_no)
), bounds as (
  select last_age, coalesce(lag(last_age) over (order by last_age) + 1, 0) as first_age
  from (select unnest(buckets) as last_age from settings)
)
select
  a.*,
  case
    when b.last_age is not null then b.first_age || '-' || b.last_age
    else (select max(last_age) + 1 from bounds) || '+'
  end as expected_bucket
from aged as a
left join bounds as b on a.expected_age between b.first_age and b.last_age
where a.age_days is distinct from a.expected_age or a.bucket is distinct from expected_bucket
