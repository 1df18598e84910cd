{# What an incremental build rewrites. One moment a build, a Monday: every incremental model rewrites all rows from it on and
   none before it, so that after it everything is as a full refresh would make it, and before it nothing has changed.
   The same SQL serves both: in a full refresh, and in unit tests, the moment is the beginning of time.
   Belongs here: what a model says about its reach, and keeping a table's last state for comparison.
   Does not: how rows are replaced (engine/incremental.sql), what the moment is (ingestion/builds.py, int_rebuild). #}

{# The moment as a literal: a subquery would not be pushed below the latest-version windows of staging. `since` names the
   model that holds it: int_rebuild, or int_run for what int_rebuild itself is made of, or another with its reasons. #}
{% macro rebuild_from(since='int_rebuild', days_before=0) -%}
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

{% macro _days_before(moment, days) -%}
    {%- set parsed = modules.datetime.datetime.fromisoformat(moment) - modules.datetime.timedelta(days=days) -%}
    {{ return("timestamp '" ~ parsed.strftime('%Y-%m-%d %H:%M:%S') ~ "'") }}
{%- endmacro %}

{# True for rows that the rewritten ones are made of: `days` is the model's declared reach back from the first of them. #}
{% macro within_reach(moment, days=0, since='int_rebuild') -%}
    {{ moment }} >= {{ rebuild_from(since, days) }}
{%- endmacro %}

{# What an incremental model reads of another: `from {{ recent(ref('prices_hourly')) }} as prices`. The rows that may matter to the
   rewritten ones: from `look_back_days` before the build's moment on, by the time column of what is read. Both stand in the
   models' meta: `time_column` and `look_back_days`; `rebuilt_since` names the model that holds the moment, if not int_rebuild.
   Of a model that is itself rewritten from further back (`rebuilt_days_before`), everything that was. #}
{% macro recent(relation) -%}
    {%- if not execute -%}
        {# While dbt parses, no config can be asked; what the model waits for must be known all the same. #}
        {%- set said = modules.re.search("'rebuilt_since': '(\w+)'", model.raw_code) -%}
        {%- do ref(said.group(1) if said else 'int_rebuild') -%}
        {{ return(relation) }}
    {%- endif -%}
    {%- if model.resource_type == 'unit_test' or should_full_refresh() -%}{{ return(relation) }}{%- endif -%}
    {%- set meta = config.get('meta', {}) -%}
    {%- set read = graph.nodes['model.' ~ project_name ~ '.' ~ relation.identifier].config.meta -%}
    {%- set days = [meta.get('look_back_days', 0), read.get('rebuilt_days_before', 0)] | max -%}
    {%- set moment = rebuild_from(meta.get('rebuilt_since', 'int_rebuild'), days) -%}
    (select * from {{ relation }} where {{ read['time_column'] }} >= {{ moment }})
{%- endmacro %}

{# A pre-hook: keeps the table as the last build left it. What an instrument stands for can change without any fact of that
   time; int_rebuild compares. A build that breaks off after this is followed by a full refresh, which asks for no comparison. #}
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
        drop table if exists {{ this.schema }}.{{ name }}_before;
    {%- endfor %}
{%- endmacro %}
