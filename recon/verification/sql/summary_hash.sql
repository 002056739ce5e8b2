-- O resumo traz o hash do resultado: 64 dígitos hexadecimais.
select currency, result_hash
from summary
where result_hash is null or not regexp_full_match(result_hash, '[0-9a-f]{64}')
