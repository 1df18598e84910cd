{# How models become tables and views in DuckDB. dbt-duckdb's own materialisations create under another name, rename twice and
   drop, and look each relation up in between: about 16 statements a model. DuckDB replaces a table or view in one statement
   and one transaction, so three or four do. Contracts, constraints, hooks and comments work as in dbt. #}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- do start_model(load_cached_relation(this), 'table') -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- if model.language == 'python' -%}
        {%- call statement('main', language='python') -%}{{ replace_table_with_frame(target, compiled_code) }}{%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}{{ replace_table_as(target, compiled_code) }}{%- endcall -%}
    {%- endif -%}
    {%- do persist_docs(target, model) -%}
    {%- do finish_model() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- do start_model(load_cached_relation(this), 'view') -%}
    {%- set target = this.incorporate(type='view') -%}
    {# The published file is a copy under another name: what its views read must not name the database, which may be called as a
       schema is. #}
    {%- set query = modules.re.sub(adapter.quote(this.database) ~ '\\.(?="[^"]+"\\."[^"]+")', '', sql) -%}
    {%- if config.get('contract').enforced -%}{{ get_assert_columns_equivalent(query) }}{%- endif -%}
    {%- call statement('main') -%}
        create or replace view {{ target }} as (
        {{ query }}
        )
    {%- endcall -%}
    {%- do persist_docs(target, model) -%}
    {%- do finish_model() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{# An incremental model names its time column in its meta: `time_column`. All its rows from the build's moment on are replaced,
   and none before it. Where its rows serve later windows it also says `rebuilt_days_before`; `rebuilt_since` names the model
   that holds the moment, if not rebuild_start. A changed model means a full refresh (ingestion/builds.py), so that the columns
   of an increment are always those of the table. #}
{% materialization incremental, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- if existing is none or existing.is_view or should_full_refresh() -%}
        {%- do start_model(existing, 'table') -%}
        {%- call statement('main') -%}{{ replace_table_as(target, compiled_code) }}{%- endcall -%}
        {%- do persist_docs(target, model) -%}
    {%- else -%}
        {%- do start_model(existing, 'table') -%}
        {%- set is_rewritten = is_rewritten(config.get('meta')) -%}
        {%- call statement('main') -%}
            delete from {{ target }} where {{ is_rewritten }};
            insert into {{ target }} by name
            select * from (
            {{ compiled_code }}
            ) as rewritten
            where {{ is_rewritten }}
        {%- endcall -%}
    {%- endif -%}
    {%- do finish_model() -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% macro start_model(existing, kind) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if existing is not none and existing.type != kind -%}{%- do adapter.drop_relation(existing) -%}{%- endif -%}
{%- endmacro %}

{% macro finish_model() -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do adapter.commit() -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
{%- endmacro %}

{% macro replace_table_as(target, query) -%}
    {%- if config.get('contract').enforced -%}
        {{ get_assert_columns_equivalent(query) }}
        create or replace table {{ target }} {{ get_table_columns_and_constraints() }};
        insert into {{ target }} by name
        {{ query }}
    {%- else -%}
        create or replace table {{ target }} as
        {{ query }}
    {%- endif -%}
{%- endmacro %}

{# A model in Python has no contract that dbt enforces; it gets the columns, types and constraints of its .yml all the same. #}
{% macro replace_table_with_frame(target, code) -%}
{{ code }}


def materialize(frame, connection):
    declared = {{ model.columns.values() | map(attribute='name') | list }}
    if sorted(frame.columns) != sorted(declared):
        raise ValueError(f"{{ model.name }} gave the columns {sorted(frame.columns)}, and its .yml declares {sorted(declared)}")
    connection.register("frame_of_{{ model.name }}", frame)
    connection.execute("""create or replace table {{ target }} {{ get_table_columns_and_constraints() }} """)
    connection.execute("""insert into {{ target }} by name from frame_of_{{ model.name }} """)
    connection.unregister("frame_of_{{ model.name }}")
{%- endmacro %}

{% macro is_rewritten(meta) -%}
    {{ meta.time_column }} >= {{ rebuild_from(meta.get('rebuilt_since', 'rebuild_start'), meta.get('rebuilt_days_before', 0)) }}
{%- endmacro %}
