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
from {{ raw_table('publications') }}
