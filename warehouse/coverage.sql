-- The coverage ledger, computed from raw: what is due, what of it came, what is missing, when it is asked for again.
-- coverage.py makes the rows that are read: ledger_events, ledger_held, ledger_clock and ledger_endpoints.
--
-- A week holds the events in (Monday 00:00, next Monday 00:00]. `market` is the market type, '' where there is none.

-- The distance of rows is what the data show, by the rule that funding's intervals follow. Candles and order books are hourly.
{% from 'observed_interval.sql' import observed_interval %}
{% set hourly = "('candles', 'order_book_depth')" %}
-- Up to when rows can be had by now: files hold whole days and come later, and a snapshot is stamped after its hour.
{% macro due_until(series) %}case
                when e.lag > interval 0 hour then date_trunc('day', c.now_at - e.lag) - interval '30 minutes'
                when {{ series }}.dataset = 'order_book_depth' then c.now_at - interval '30 minutes'
                else c.now_at
            end{% endmacro %}
create or replace temp table ledger_steps as
with gaps as (
    select dataset, origin, market, series, island, event_at,
        epoch(event_at - lag(event_at) over (
            partition by dataset, origin, market, series, island order by event_at)) / 3600.0 as gap_hours
    from ledger_events
    where dataset in ('candles', 'order_book_depth', 'funding_rates', 'open_interest', 'long_short_ratios', 'market_caps')
),
beside as (
    select *, lag(gap_hours) over beside_it as previous_gap, lead(gap_hours) over beside_it as next_gap
    from gaps
    where dataset not in {{ hourly }}
    window beside_it as (partition by dataset, origin, market, series, island order by event_at)
),
stepped as (
    select dataset, origin, market, series, event_at, gap_hours,
        {{ observed_interval('gap_hours', 'previous_gap', 'next_gap') }} as step_hours
    from beside
)
-- Asking twice within an hour makes no cadence of minutes.
select * replace (case when step_hours < 1 then 1 else step_hours end as step_hours) from stepped
union all
select dataset, origin, market, series, event_at, gap_hours, 1 from gaps where dataset in {{ hourly }};

create or replace temp table ledger_lives as
with lives as (
    select dataset, origin, market, series,
        min(event_at) as first_at,
        max(event_at) as last_at,
        arg_min(step_hours, event_at) as first_step,
        arg_max(step_hours, event_at) as last_step
    from ledger_steps
    group by all
)
select *, max(last_at) over (partition by dataset, origin, market) as origin_last_at
from lives
-- A list that is published less than every other day changes its members: what is not in it is not missing.
where not (dataset = 'market_caps' and coalesce(last_step, 1000) > 48);

create or replace temp table ledger_listings as
select venue as origin, market_type as market, venue_symbol as series, is_active, listed_at
from raw.instruments, ledger_clock
where recorded_at <= as_of
qualify row_number() over (partition by venue, market_type, venue_symbol order by recorded_at desc, load_id desc) = 1;

-- Every question, with what the source's clock said when it was put.
create or replace temp table ledger_requests as
select r.dataset, r.origin, coalesce(r.market_type, '') as market, r.series, r.window_start, r.window_end, r.status,
    r.reason, r.recorded_at, r.load_id, coalesce(l.clock_at, r.window_end) as clock_at,
    starts_with(coalesce(r.reason, ''), getvariable('not_kept')) as is_not_kept
from raw.requests r
left join raw.loads l on r.load_id = l.load_id
cross join ledger_clock c
where r.recorded_at <= c.as_of;

create or replace temp table ledger_asked as
with asked as (
    select dataset, origin, market, series,
        min(window_start) filter (status = 'complete') as complete_from,
        max(window_end) filter (status = 'complete') as complete_until,
        max(window_end) as asked_until
    from ledger_requests
    group by all
)
select *, max(asked_until) over (partition by dataset, origin, market) as origin_asked_until
from asked;

-- Where asking failed and no later complete answer made it good. A venue that answered for any series has answered for
-- its whole list, `*`.
create or replace temp table ledger_failed as
with complete as (
    select dataset, origin, market, series, complete_until from ledger_asked where series <> '*'
    union all
    select dataset, origin, market, '*', max(complete_until) from ledger_asked group by all
)
select f.dataset, f.origin, f.market, f.series,
    greatest(min(f.window_start - case when f.window_start = f.window_end then interval '1 hour' else interval 0 hour end),
             max(c.complete_until)) as failed_from,
    max(f.window_end) as failed_until
from ledger_requests f
left join complete c using (dataset, origin, market, series)
where f.status = 'failed' and not f.is_not_kept and (c.complete_until is null or f.window_end > c.complete_until)
group by all;

-- `n_missing` rows, `step_hours` apart, the first one step after `after_at`; unknown where no distance is known.
create or replace temp table ledger_holes as
with between_rows as (
    select dataset, origin, market, series, step_hours, round(gap_hours / step_hours) - 1 as n_missing,
        event_at - to_minutes(round(60 * step_hours * round(gap_hours / step_hours))::bigint) as after_at
    from ledger_steps
    where gap_hours > step_hours and not (dataset = 'market_caps' and step_hours > 48)
),
-- A listed instrument is due while it is asked for; one that no list names ended if its venue went on without it (a
-- day's grace: late is not gone). Where asking failed, what was asked for is due.
after_last as (
    select l.dataset, l.origin, l.market, l.series, l.last_at as after_at, l.last_step as step_hours,
        case
            when i.is_active and a.asked_until >= a.origin_asked_until - interval '24 hours' then {{ due_until('l') }}
            when coalesce(i.is_active, true) and l.last_at >= l.origin_last_at - interval '24 hours'
                then {{ due_until('l') }}
            else f.failed_until
        end as due_until
    from ledger_lives l
    cross join ledger_clock c
    left join ledger_listings i using (origin, market, series)
    left join ledger_endpoints e using (dataset, origin, market)
    left join ledger_asked a using (dataset, origin, market, series)
    left join ledger_failed f using (dataset, origin, market, series)
),
failed_before as (
    select r.dataset, r.origin, r.market, r.series, a.complete_from, min(r.window_start) as failed_from
    from ledger_requests r
    inner join ledger_asked a using (dataset, origin, market, series)
    where r.status = 'failed' and r.window_start < a.complete_from
    group by all
),
-- From its listing on, or from where asking failed before it ever answered. A book is not due from its listing on: files of
-- them begin somewhere, and nobody recorded before there was a recorder.
before_first as (
    select l.dataset, l.origin, l.market, l.series, l.first_at, l.first_step as step_hours,
        greatest(i.listed_at, c.starts_at) as due_from,
        l.first_at as due_until
    from ledger_lives l
    cross join ledger_clock c
    inner join ledger_listings i using (origin, market, series)
    where i.listed_at is not null and l.dataset not in ('market_caps', 'order_book_depth')
    union all
    select l.dataset, l.origin, l.market, l.series, l.first_at, l.first_step, greatest(f.failed_from, c.starts_at),
        least(f.complete_from, l.first_at)
    from ledger_lives l
    cross join ledger_clock c
    inner join failed_before f using (dataset, origin, market, series)
    left join ledger_listings i using (origin, market, series)
    where i.listed_at is null or l.dataset = 'order_book_depth'
),
-- A row is due after `due_from`, not at it: k rows back from the first, as long as first - k steps lies behind it.
counted_back as (
    select *,
        ceil(epoch(first_at - due_from) / 3600.0 / step_hours - 1e-6) - 1 as most,
        greatest(ceil(epoch(first_at - due_until) / 3600.0 / step_hours - 1e-6), 1) as least
    from before_first
    where due_from < first_at and step_hours is not null
),
usual_steps as (
    select dataset, median(last_step) as step_hours from ledger_lives group by dataset
),
never_seen as (
    select f.dataset, f.origin, f.market, f.series, f.failed_from as after_at,
        case when not starts_with(f.series, '*') then u.step_hours end as step_hours, f.failed_until as due_until
    from ledger_failed f
    left join usual_steps u using (dataset)
    anti join ledger_lives l using (dataset, origin, market, series)
    union all
    select a.dataset, a.origin, a.market, a.series, greatest(i.listed_at, c.starts_at), u.step_hours, {{ due_until('a') }}
    from ledger_asked a
    cross join ledger_clock c
    left join ledger_endpoints e using (dataset, origin, market)
    inner join ledger_listings i using (origin, market, series)
    inner join usual_steps u using (dataset)
    anti join ledger_lives l using (dataset, origin, market, series)
    anti join ledger_failed f using (dataset, origin, market, series)
    where i.is_active and i.listed_at is not null
        and a.asked_until >= a.origin_asked_until - interval '24 hours'
),
at_ends as (
    select *, floor(epoch(due_until - after_at) / 3600.0 / step_hours) as n_missing
    from (select * from after_last union all select * from never_seen) ends
    where due_until > after_at
)
select dataset, origin, market, series, after_at, step_hours::double as step_hours, n_missing::bigint as n_missing,
    null::timestamp as due_until
from between_rows
where n_missing >= 1
union all
select dataset, origin, market, series, after_at, step_hours, n_missing::bigint, due_until
from at_ends
where n_missing >= 1 or n_missing is null
union all
select dataset, origin, market, series, first_at - to_minutes(round(60 * step_hours * (most + 1))::bigint), step_hours,
    (most - least + 1)::bigint, null
from counted_back
where most >= least;

-- Each row that is not here, of its own. What a guard holds is not missing, and is asked for again all the same: the
-- venue may have put it right.
create or replace temp table ledger_pieces as
with due as (
    select h.dataset, h.origin, h.market, h.series, h.after_at,
        h.after_at + to_minutes(round(60 * h.step_hours * unnest(range(1, h.n_missing + 1)))::bigint) as due_at
    from ledger_holes h
    where h.n_missing is not null
),
not_here as (
    select d.*, date_trunc('week', d.due_at - interval '1 microsecond')::date as week_start,
        exists (
            select 1 from ledger_held q
            where q.dataset = d.dataset and q.origin = d.origin and q.market = d.market and q.series = d.series
                and date_trunc('hour', q.event_at + interval '30 minutes')
                    = date_trunc('hour', d.due_at + interval '30 minutes')) as is_held
    from due d
    cross join ledger_clock c
    where d.due_at > c.starts_at
),
unknown as (
    select h.*, unnest(range(
        date_trunc('week', greatest(h.after_at, c.starts_at)), h.due_until, interval '7 days'))::date as week_start
    from ledger_holes h
    cross join ledger_clock c
    where h.n_missing is null
)
select dataset, origin, market, series, week_start, after_at, count(*) filter (not is_held) as n_missing,
    min(due_at) as first_at, max(due_at) as last_at
from not_here
group by all
union all
select dataset, origin, market, series, week_start, after_at, null,
    greatest(after_at, week_start::timestamp) + interval '1 hour',
    greatest(least(due_until, week_start::timestamp + interval '7 days'),
             greatest(after_at, week_start::timestamp) + interval '1 hour')
from unknown;

-- Who was asked for a piece, and how that ended. Answers count that lie a day, then a week apart: a list that is read
-- again every hour is not three tries.
create or replace temp table ledger_tries as
with asked as (
    select p.dataset, p.origin, p.market, p.series, p.week_start, p.after_at, r.status, r.reason, r.clock_at,
        r.recorded_at, r.load_id, r.window_end, r.is_not_kept,
        r.window_start <= p.first_at - case when p.dataset = 'candles' then interval '1 hour' else interval 0 hour end
            and r.window_end >= p.last_at as is_whole
    from ledger_pieces p
    inner join ledger_requests r
        on r.dataset = p.dataset and r.origin = p.origin and r.market = p.market and r.series = p.series
        and r.window_start < p.last_at and r.window_end >= p.first_at
),
answers as (
    select dataset, origin, market, series, week_start, after_at, clock_at
    from asked where status = 'complete' and is_whole
),
first_answers as (
    select dataset, origin, market, series, week_start, after_at, min(clock_at) as answered_at from answers group by all
),
second_answers as (
    select a.dataset, a.origin, a.market, a.series, a.week_start, a.after_at, min(a.clock_at) as answered_at
    from answers a
    inner join first_answers f using (dataset, origin, market, series, week_start, after_at)
    where a.clock_at >= f.answered_at + interval '1 day'
    group by all
),
third_answers as (
    select a.dataset, a.origin, a.market, a.series, a.week_start, a.after_at, min(a.clock_at) as answered_at
    from answers a
    inner join second_answers s using (dataset, origin, market, series, week_start, after_at)
    where a.clock_at >= s.answered_at + interval '7 days'
    group by all
),
outcomes as (
    select dataset, origin, market, series, week_start, after_at,
        count(*) filter (status = 'failed' and not is_not_kept) as n_failed,
        max(clock_at) as last_tried_at,
        arg_max({'status': status, 'reason': reason, 'clock_at': clock_at},
                {'r': recorded_at, 'l': load_id, 'e': window_end, 's': status}) as latest,
        max(reason) filter (is_not_kept and is_whole) as not_kept
    from asked
    group by all
)
select o.*, f.answered_at as first_answer_at, s.answered_at as second_answer_at, t.answered_at as third_answer_at
from outcomes o
left join first_answers f using (dataset, origin, market, series, week_start, after_at)
left join second_answers s using (dataset, origin, market, series, week_start, after_at)
left join third_answers t using (dataset, origin, market, series, week_start, after_at);

create or replace temp table ledger_judged as
-- A venue that is not asked for its list is not asked for anything: what came of it came in an archive's files.
with asked_directly as (
    select e.*
    from ledger_endpoints e
    where e.market = '' or exists (
        select 1 from ledger_requests r
        where r.dataset = 'instruments' and r.origin = e.origin and r.market = e.market)
),
known as (
    select p.*, t.* exclude (dataset, origin, market, series, week_start, after_at),
        e.kind,
        coalesce(i.is_active, true) as is_listed,
        starts_with(coalesce(t.latest.reason, ''), getvariable('not_offered')) and t.latest.status = 'failed' as is_not_offered
    from ledger_pieces p
    left join ledger_tries t using (dataset, origin, market, series, week_start, after_at)
    left join asked_directly e on e.dataset = p.dataset and e.origin = p.origin and e.market = p.market
    left join ledger_listings i on i.origin = p.origin and i.market = p.market and i.series = p.series
),
closed as (
    select *,
        case
            when starts_with(series, '*') and is_not_offered then latest.reason
            when starts_with(series, '*') then null
            when not_kept is not null then substring(not_kept, length(getvariable('not_kept')) + 3)
            when is_not_offered then latest.reason
            when kind = 'snapshot' then 'the venue keeps no history of it'
            when kind is null and n_missing is not null then 'the archive does not have it'
            when third_answer_at is not null and n_missing = 0 then 'the venue answered 3 times with what a guard holds'
            when third_answer_at is not null then 'the venue answered 3 times without it'
            when not is_listed and first_answer_at is not null then 'delisted, and the venue answered without it'
        end as closed_because
    from known
)
select *,
    closed_because is not null as is_closed,
    coalesce(
        closed_because,
        case when latest.status = 'failed' then latest.reason end,
        case
            when first_answer_at is not null and n_missing = 0 then 'the venue answered with what a guard holds'
            when first_answer_at is not null then 'the venue answered without it'
            when latest is not null then 'asked for in part'
            else 'not asked for yet'
        end
    ) as reason,
    coalesce(n_failed, 0) + (first_answer_at is not null)::bigint + (second_answer_at is not null)::bigint
        + (third_answer_at is not null)::bigint as tries,
    case
        when closed_because is not null then null
        when latest.status = 'failed' then latest.clock_at
        when second_answer_at is not null then second_answer_at + interval '7 days'
        when first_answer_at is not null then first_answer_at + interval '1 day'
        when latest is not null then latest.clock_at + interval '1 day'
        else first_at
    end as next_try_at
from closed;

create or replace temp table ledger_weeks as
with received as (
    select dataset, origin, market, series, date_trunc('week', event_at - interval '1 microsecond')::date as week_start,
        sum(n_rows) as received_rows, max(recorded_at) as last_recorded_at
    from ledger_events
    group by all
),
held as (
    select dataset, origin, market, series, date_trunc('week', event_at - interval '1 microsecond')::date as week_start,
        count(*) as quarantined_rows
    from ledger_held
    group by all
),
missing as (
    select dataset, origin, market, series, week_start,
        case when bool_or(n_missing is null) then null else sum(n_missing) end as missing_rows,
        true as has_missing,
        min(first_at) as first_missing_at,
        max(last_at) as last_missing_at,
        arg_min({'reason': reason, 'tries': tries, 'next_try_at': next_try_at, 'is_closed': is_closed},
                {'c': is_closed, 'n': coalesce(next_try_at, timestamp '9999-01-01'), 'f': first_at}) as told,
        max(last_tried_at) as last_tried_at
    from ledger_judged
    group by all
)
select dataset, origin, nullif(market, '') as market_type, series, week_start,
    case
        when has_missing and missing_rows is null then null
        else coalesce(received_rows, 0) + coalesce(quarantined_rows, 0) + coalesce(missing_rows, 0)
    end::bigint as due_rows,
    coalesce(received_rows, 0)::bigint as received_rows,
    coalesce(quarantined_rows, 0)::bigint as quarantined_rows,
    case when has_missing then missing_rows else 0 end::bigint as missing_rows,
    -- a failed question of less than a day may have had no row to give
    case when missing_rows is distinct from 0 or quarantined_rows > 0 then first_missing_at end as first_missing_at,
    case when missing_rows is distinct from 0 or quarantined_rows > 0 then last_missing_at end as last_missing_at,
    last_recorded_at,
    told.reason as reason,
    coalesce(told.tries, 0)::bigint as tries,
    last_tried_at,
    told.next_try_at as next_try_at,
    coalesce(told.is_closed, false) as is_closed
from received
full join held using (dataset, origin, market, series, week_start)
full join missing using (dataset, origin, market, series, week_start)
cross join ledger_clock c
where week_start >= date_trunc('week', c.starts_at)::date and week_start <= date_trunc('week', c.now_at)::date;
