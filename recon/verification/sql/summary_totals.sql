-- Por moeda, o resumo repete lançamentos, somas, diferença líquida e bruta e valor conciliado que as tabelas dão.
select
  currency,
  (s.rows_a, s.rows_b, s.total_a, s.total_b, s.net, s.gross, s.matched_a, s.matched_b)::varchar as written,
  (t.rows_a, t.rows_b, t.total_a, t.total_b, t.net, t.gross, t.matched_a, t.matched_b)::varchar as expected
from summary as s
join totals as t using (currency)
where s.rows_a is distinct from t.rows_a or s.rows_b is distinct from t.rows_b
  or s.total_a is distinct from t.total_a or s.total_b is distinct from t.total_b
  or s.net is distinct from t.net or s.gross is distinct from t.gross
  or s.matched_a is distinct from t.matched_a or s.matched_b is distinct from t.matched_b
