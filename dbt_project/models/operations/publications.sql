-- One row per publication: what this warehouse has been published as, and from which source.
{{ config(schema='marts') }}
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
from {{ source('raw', 'publications') }}
