-- A taxa de cada linha de um lote conciliado é a contratada; onde não é, e só aí, a linha tem uma divergência de taxa, do cobrado menos o devido.
with expected as (
  select w.side, w.line_no, w.fee::hugeint * 10000 - w.gross::hugeint * w.bps as off
  from wrong_fees as w
  join result_lines as r using (side, line_no)
  join passes as p on p.name = r.pass_name
  where r.source = 'matches' and p.kind = 'group'
), said as (
  select side, line_no, delta from findings where class = 'fee_mismatch'
)
-- What is due is rounded to the minor unit.
select side, line_no, said.delta, expected.off / 10000 as expected
from expected
full join said using (side, line_no)
where delta is null or off is null or abs(delta * 10000 - off) > 5000
