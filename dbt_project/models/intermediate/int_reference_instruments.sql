-- One row per asset and ISO week: the instrument that gives its price, chosen at the week's start from the 7 days before.
select
    cast(weeks.week_start + interval '7 days' as date) as week_start,
    weeks.asset_id,
    weeks.venue,
    weeks.market_type,
    weeks.venue_symbol,
    weeks.multiplier,
    weeks.valid_from,
    weeks.valid_to,
    weeks.n_hours,
    weeks.quote_volume
from {{ ref('int_instrument_weeks') }} as weeks
where weeks.quote in {{ dollar_quotes() }}
    and weeks.n_hours >= {{ least_share_of_hours() }} * 168
    and weeks.valid_to > weeks.week_start + interval '7 days'
    and weeks.week_start + interval '7 days' < {{ now_at() }}
qualify row_number() over (
    partition by weeks.asset_id, weeks.week_start
    order by
        case when weeks.market_type = 'spot' then 0 else 1 end,
        weeks.quote_volume desc nulls last,
        weeks.venue,
        weeks.venue_symbol
) = 1
