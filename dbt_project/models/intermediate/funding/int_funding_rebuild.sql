{{ config(post_hook="{{ forget_previous_states(['int_funding_missing']) }}") }}
-- One row: from when on this build rewrites what counts due settlements: rebuild_start's moment, or the week of the first hour at
-- which a settlement has become missing since the last build, or is not missing any more (asking failed, or was given up).
with changes as (
    {{ differing('venue, venue_symbol, asset_id, due_at', ref('int_funding_missing'), previous_state('int_funding_missing')) }}
)

select
    least(
        max(run.rebuild_from),
        coalesce(date_trunc('week', min(changes.due_at) - interval '1 hour'), max(run.rebuild_from))
    ) as rebuild_from
from {{ ref('rebuild_start') }} as run
left join changes on true
