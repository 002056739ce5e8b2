-- Material é a divergência que alcança o limite: pela diferença, a de um grupo pela soma, a de taxa pelo que a taxa difere, a de data pelo valor.
with sized as (
  select
    b.*,
    case
      when b.class = 'date_mismatch' then greatest(abs(b.delta), abs(b.amount_a::hugeint)) * 10000
      when b.class = 'fee_mismatch' and b.line_a is not null then coalesce(fa.off_by_ten_thousandths, fb.off_by_ten_thousandths)
      else abs(sum(b.delta) over (partition by b.number)) * 10000
    end as size
  from numbered_breaks as b
  left join wrong_fees as fa on fa.side = 'A' and fa.line_no = b.line_a
  left join wrong_fees as fb on fb.side = 'B' and fb.line_no = b.line_b
)
select b.break_id, b.class, b.size / 10000 as size, b.material, m.break_limit
from sized as b
left join classes as c using (class)
left join materiality as m using (currency)
where b.material is distinct from (c.outcome = 'break' and b.size >= m.break_limit::hugeint * 10000)
