-- What each venue closed by force in a closed week, by asset and side.
select
    cast(date_trunc('week', l.liquidated_at - interval '1 microsecond') as date) as week_start,
    l.venue,
    coalesce(i.asset_id, 'unmapped:' || l.venue || ':' || l.venue_symbol) as asset_id,
    coalesce(sum({{ liquidation_usd('l.price', 'l.quantity') }}) filter (where l.side = 'long'), 0) as long_usd,
    coalesce(sum({{ liquidation_usd('l.price', 'l.quantity') }}) filter (where l.side = 'short'), 0) as short_usd,
    count(*) as n_liquidations
from {{ ref('stg_liquidations') }} l
inner join {{ ref('core_windows') }} w
    on w.window_id = 'mon_mon'
    and l.liquidated_at > w.starts_at
    and l.liquidated_at <= w.ends_at
left join {{ ref('core_instruments') }} i
    on i.venue = l.venue
    and i.venue_symbol = l.venue_symbol
    and i.market_type = 'perp'
    and l.liquidated_at >= i.valid_from
    and l.liquidated_at < i.valid_to
left join {{ ref('duplicate_symbols') }} s
    on s.week_start = w.week_start
    and s.venue = l.venue
    and s.market_type = 'perp'
    and s.venue_symbol = l.venue_symbol
where coalesce(i.quote, 'USD') in {{ dollar_quotes() }}
    and s.venue_symbol is null
    and not coalesce(i.is_inverse, false)
group by all
