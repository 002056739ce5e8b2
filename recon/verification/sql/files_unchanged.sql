-- Cada arquivo é o que o manifesto descreve: o mesmo SHA-256 e o mesmo número de linhas.
-- needs: manifest
select * from files
where found_sha256 is distinct from sha256 or found_rows <> rows
