-- One row per publication, for the mart of that name.
select
    publication_id,
    published_at,
    as_of,
    source,
    is_simulated,
    first_week,
    last_week,
    code_version,
    digest
from {{ ref('stg_publications') }}
