-- The figures that manifests carry, as tables. Empty where a run left none: what needs them is then not checked.
create table run_figures as
select
  doc->>'verdict' as verdict, doc->>'result_hash' as result_hash, (doc->>'as_of')::date as as_of,
  (doc->>'matches')::bigint as matches, (doc->>'breaks')::bigint as breaks,
  (doc->>'pending')::bigint as pending, (doc->>'material_breaks')::bigint as material_breaks
from documents where name = 'reconciliation';

create table figures_of_classes as
select unnest(json_keys(doc->'counts')) as class,
  unnest(doc->'$.counts.*')::bigint as count
from documents where name = 'reconciliation';

create table figures_of_passes as
select unnest(from_json(doc->'passes', '[{"name": "VARCHAR", "matches": "BIGINT"}]'), recursive := true)
from documents where name = 'reconciliation';

create table figures_of_currencies as
select unnest(from_json(doc->'currencies', '[{
  "currency": "VARCHAR", "rows_a": "BIGINT", "rows_b": "BIGINT", "total_a": "HUGEINT", "total_b": "HUGEINT",
  "net": "HUGEINT", "gross": "HUGEINT", "matched_a": "HUGEINT", "matched_b": "HUGEINT"
}]'), recursive := true)
from documents where name = 'reconciliation';

create table figures_of_bridge as
select unnest(from_json(doc->'bridge', '[{
  "currency": "VARCHAR", "line": "VARCHAR", "label": "VARCHAR", "count": "BIGINT", "amount": "HUGEINT"
}]'), recursive := true)
from documents where name = 'reconciliation';

create table identities as
select unnest(from_json(doc->'identities', '[{
  "name": "VARCHAR", "expected": "VARCHAR", "found": "VARCHAR", "held": "BOOLEAN"
}]'), recursive := true)
from documents where name = 'reconciliation';

-- Of the upload and, where side A is a file of its own, of the reference.
create table files_read as
select 'upload' as file, doc from documents where name = 'validation'
union all
select 'reference', doc->'reference' from documents where name = 'validation' and doc->>'reference' is not null;

create table records as
select file, unnest(from_json(doc, '{
  "lines": "BIGINT", "header": "BIGINT", "skipped": "BIGINT", "entries": "BIGINT", "rejected": "BIGINT"
}'), recursive := true)
from files_read;

create table records_by_code as
select file, unnest(json_keys(doc->'codes')) as code, unnest(doc->'$.codes.*')::bigint as count
from files_read;
