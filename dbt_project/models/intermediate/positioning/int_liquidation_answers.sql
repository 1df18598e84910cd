-- For how much of each closed week a venue answered: hours that lie whole in a stretch that it was asked for.
with hours as (
    select
        week_start,
        {{ each_hour('starts_at', "ends_at - interval '1 hour'") }} as hour_from
    from {{ ref('core_windows') }}
    where window_id = 'mon_mon'
        and ends_at > (select min(answered_from) from {{ ref('stg_liquidation_answers') }})
)

select
    hours.week_start,
    answers.venue,
    count(distinct hours.hour_from) as answered_hours
from hours
inner join {{ ref('stg_liquidation_answers') }} as answers
    on answers.answered_from <= hours.hour_from
    and answers.answered_to >= hours.hour_from + interval '1 hour'
group by hours.week_start, answers.venue
