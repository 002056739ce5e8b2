-- Nova é a divergência aberta na data de referência; só a resolvida tem data de resolução.
select break_id, class, lifecycle, opened_on, resolved_on
from breaks
where lifecycle is null or lifecycle not in ('new', 'persisting', 'resolved')
  or opened_on is null or opened_on > (select max(as_of) from summary)
  or (lifecycle = 'new') <> (opened_on = (select max(as_of) from summary))
  or (lifecycle = 'resolved') <> (resolved_on is not null)
