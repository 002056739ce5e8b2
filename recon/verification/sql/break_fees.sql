-- Um par com taxa fora da contratada é divergência de taxa, e só ele.
select p.pass_name, p.class, p.line_a, p.line_b, a.fee as fee_a, b.fee as fee_b, coalesce(a.bps, b.bps) as bps
from paired as p
left join wrong_fees as a on a.side = 'A' and a.line_no = p.line_a
left join wrong_fees as b on b.side = 'B' and b.line_no = p.line_b
where (p.class = 'fee_mismatch') <> (a.line_no is not null or b.line_no is not null)
