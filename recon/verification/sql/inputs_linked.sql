-- Cada manifesto nomeia, por hash, o perfil usado aqui e o manifesto da etapa anterior.
-- needs: manifest
select * from inputs where named <> found
