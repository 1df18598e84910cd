-- One row per week and model whose label was published before the week after it was over: the first one, as it stands in the chain.
select
    week_start,
    model,
    label,
    probability,
    published_at
from {{ source('raw', 'published_labels') }}
