{# From when on an increment rewrites. Every build has one such time, a Monday: all rows of incremental models from then on are
   replaced and none before, so that afterwards everything is as a full refresh would make it. The same SQL serves both: in a
   full refresh and in unit tests, the time is 1970. How rows are replaced is in engine/materialisations.sql; what the time is, in
   warehouse/builds.py and the model rebuild_start. #}

{# That time as a literal: a subquery would not be pushed below the latest-version windows of staging. `since` names the model
   that holds it: rebuild_start, or run_context for what rebuild_start itself is made of, or another with its reasons. #}
{% macro rebuild_from(since='rebuild_start', days_before=0) -%}
    {%- set first = '1970-01-01 00:00:00' -%}
    {%- if model.resource_type == 'unit_test' -%}
        {{ return(_days_before(first, days_before)) }}
    {%- endif -%}
    {%- set relation = ref(since) -%}
    {%- if not execute or should_full_refresh() or load_cached_relation(this) is none or load_cached_relation(relation) is none -%}
        {{ return(_days_before(first, days_before)) }}
    {%- endif -%}
    {%- set found = run_query('select rebuild_from from ' ~ relation) -%}
    {{ return(_days_before(found.columns[0].values()[0] | string, days_before)) }}
{%- endmacro %}

{% macro _days_before(timestamp, days) -%}
    {%- set parsed = modules.datetime.datetime.fromisoformat(timestamp) - modules.datetime.timedelta(days=days) -%}
    {{ return("timestamp '" ~ parsed.strftime('%Y-%m-%d %H:%M:%S') ~ "'") }}
{%- endmacro %}

{# What an incremental model reads of another: `from {{ recent(ref('core_prices_hourly')) }} as prices`. The rows that may matter to
   the rewritten ones: from `look_back_days` before the rebuild on, by the time column of what is read. Both stand in the models'
   meta: `time_column` and `look_back_days`; `rebuilt_since` names the model that holds the time, if not rebuild_start. `days` is
   for the one read that looks back further, or less far, than its model. Of a model that is itself rewritten from further back
   (`rebuilt_days_before`), everything that was. #}
{% macro recent(relation, days=none) -%}
    {%- if not execute -%}
        {# While dbt parses, no config can be asked; what the model waits for must be known all the same. #}
        {%- set said = modules.re.search("'rebuilt_since': '(\w+)'", model.raw_code) -%}
        {%- do ref(said.group(1) if said else 'rebuild_start') -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- if model.resource_type == 'unit_test' or should_full_refresh() -%}{{ return(relation) }}{%- endif -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set read = graph.nodes['model.' ~ project_name ~ '.' ~ relation.identifier].config.meta -%}
    {%- set look_back_days = meta.get('look_back_days', 0) if days is none else days -%}
    {%- set first = rebuild_from(meta.get('rebuilt_since', 'rebuild_start'), [look_back_days, read.get('rebuilt_days_before', 0)] | max) -%}
    (select * from {{ relation }} where {{ read['time_column'] }} >= {{ first }})
{%- endmacro %}

{# A pre-hook: keeps the table as the last build left it. What an instrument stands for can change without any fact of that
   time; rebuild_start compares. A build that breaks off after this is followed by a full refresh, which asks for no comparison. #}
{% macro keep_previous_state() -%}
    {%- if execute and not should_full_refresh() and load_cached_relation(this) is not none -%}
        create or replace table {{ this.schema }}.{{ this.identifier }}_before as select * from {{ this }}
    {%- endif -%}
{%- endmacro %}

{# Rows of `columns` that one of two states has and the other has not. #}
{% macro differing(columns, now, before) -%}
    (select {{ columns }} from {{ now }} except select {{ columns }} from {{ before }})
    union all
    (select {{ columns }} from {{ before }} except select {{ columns }} from {{ now }})
{%- endmacro %}

{# What a fact can change before its own time: the interval of the settlement before it, its day, its week. #}
{% macro rebuild_margin_days() %}14{% endmacro %}

{# The kept state of a table; the table itself where there is none to compare with. dbt's own list of relations does not know
   what a hook has made. #}
{% macro previous_state(name) -%}
    {%- set relation = ref(name) -%}
    {%- if not execute or should_full_refresh() -%}{{ return(relation) }}{%- endif -%}
    {%- set kept = relation.incorporate(path={'identifier': relation.identifier ~ '_before'}) -%}
    {%- set found = run_query(
        "select 1 from information_schema.tables where table_schema = '" ~ kept.schema ~ "' and table_name = '" ~ kept.identifier ~ "'"
    ) -%}
    {{ return(kept if found.rows | length else relation) }}
{%- endmacro %}

{# A post-hook of the model that has compared: what was kept for it goes. #}
{% macro forget_previous_states(names) -%}
    {%- for name in names %}
        drop table if exists {{ ref(name).schema }}.{{ name }}_before;
    {%- endfor %}
{%- endmacro %}
