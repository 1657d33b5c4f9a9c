//! `schemas/` says what the types say. Each tool has the schema of its arguments and of its result, made from the types;
//! this test fails when a file differs, and writes the files when `UPDATE_SCHEMAS` is set.
//!
//! The schemas are kept plain, because clients differ in what they understand: one object, everything in its place, no
//! `$ref`, `anyOf` or `oneOf`.

use std::{env, fs, path::Path};

use contract::{
    JobStatus,
    account::{
        accounts::{AccountsOutput, GetAccountsInput},
        balances::{BalancesOutput, GetBalancesInput},
        net_liq::{GetNetLiqHistoryInput, NetLiqOutput},
        orders::{GetOrdersInput, OrdersOutput},
        positions::{GetPositionsInput, PositionsOutput},
        transactions::{GetTransactionsInput, TransactionsOutput},
    },
    analysis::{
        chart::{AnalyzeChartInput, ChartAnalysis},
        opportunities::{FindOpportunitiesInput, Opportunities},
        options::{AnalyzeOptionsInput, OptionsAnalysis},
        portfolio::{AnalyzePortfolioInput, PortfolioAnalysis},
        strategy::{AnalyzeStrategyInput, StrategyAnalysis},
    },
    config::{Config, NoInput, UpdateConfigInput},
    connection::ConnectionTest,
    market::{
        chain::{GetOptionChainInput, OptionChain},
        history::{GetPriceHistoryInput, PriceHistory},
        hours::{GetMarketHoursInput, MarketHours},
        metrics::{GetMarketMetricsInput, MarketMetrics},
        search::{SearchSymbolsInput, SymbolSearch},
        watchlists::{GetWatchlistsInput, Watchlists},
    },
    quote::QuoteOutput,
    tool::{GetQuoteInput, GetWorkflowStatusInput},
};
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Every schema by the name of its file.
fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("get_config.input.json", input::<NoInput>()),
        ("get_config.output.json", output::<Config>()),
        ("update_config.input.json", input::<UpdateConfigInput>()),
        ("update_config.output.json", output::<Config>()),
        ("test_connection.input.json", input::<NoInput>()),
        ("test_connection.output.json", output::<ConnectionTest>()),
        ("get_price_history.input.json", input::<GetPriceHistoryInput>()),
        ("get_price_history.output.json", output::<PriceHistory>()),
        ("get_market_metrics.input.json", input::<GetMarketMetricsInput>()),
        ("get_market_metrics.output.json", output::<MarketMetrics>()),
        ("search_symbols.input.json", input::<SearchSymbolsInput>()),
        ("search_symbols.output.json", output::<SymbolSearch>()),
        ("get_watchlists.input.json", input::<GetWatchlistsInput>()),
        ("get_watchlists.output.json", output::<Watchlists>()),
        ("get_market_hours.input.json", input::<GetMarketHoursInput>()),
        ("get_market_hours.output.json", output::<MarketHours>()),
        ("get_option_chain.input.json", input::<GetOptionChainInput>()),
        ("get_option_chain.output.json", output::<OptionChain>()),
        ("get_quote.input.json", input::<GetQuoteInput>()),
        ("get_quote.output.json", output::<QuoteOutput>()),
        ("get_accounts.input.json", input::<GetAccountsInput>()),
        ("get_accounts.output.json", output::<AccountsOutput>()),
        ("get_balances.input.json", input::<GetBalancesInput>()),
        ("get_balances.output.json", output::<BalancesOutput>()),
        ("get_positions.input.json", input::<GetPositionsInput>()),
        ("get_positions.output.json", output::<PositionsOutput>()),
        ("get_transactions.input.json", input::<GetTransactionsInput>()),
        ("get_transactions.output.json", output::<TransactionsOutput>()),
        ("get_orders.input.json", input::<GetOrdersInput>()),
        ("get_orders.output.json", output::<OrdersOutput>()),
        ("get_net_liq_history.input.json", input::<GetNetLiqHistoryInput>()),
        ("get_net_liq_history.output.json", output::<NetLiqOutput>()),
        ("analyze_chart.input.json", input::<AnalyzeChartInput>()),
        ("analyze_chart.output.json", output::<ChartAnalysis>()),
        ("analyze_options.input.json", input::<AnalyzeOptionsInput>()),
        ("analyze_options.output.json", output::<OptionsAnalysis>()),
        ("find_opportunities.input.json", input::<FindOpportunitiesInput>()),
        ("find_opportunities.output.json", output::<Opportunities>()),
        ("analyze_strategy.input.json", input::<AnalyzeStrategyInput>()),
        ("analyze_strategy.output.json", output::<StrategyAnalysis>()),
        ("analyze_portfolio.input.json", input::<AnalyzePortfolioInput>()),
        ("analyze_portfolio.output.json", output::<PortfolioAnalysis>()),
        ("get_workflow_status.input.json", input::<GetWorkflowStatusInput>()),
        ("get_workflow_status.output.json", output::<JobStatus>()),
    ]
}

#[test]
fn the_files_are_what_the_types_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let is_update = env::var_os("UPDATE_SCHEMAS").is_some();
    for (name, schema) in schemas() {
        let text = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
        let path = folder.join(name);
        if is_update {
            fs::write(&path, &text).expect("the folder can be written to");
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == text,
            "crates/contract/schemas/{name} is not what the types say.\n\
             Write it anew with: UPDATE_SCHEMAS=1 cargo test -p contract --test schemas\n\n{text}"
        );
    }
    for entry in fs::read_dir(&folder).expect("the folder is there") {
        let name = entry.expect("an entry").file_name();
        assert!(schemas().iter().any(|(known, _)| name == *known), "no type makes schemas/{}", name.display());
    }
}

#[test]
fn every_schema_is_plain() {
    for (name, schema) in schemas() {
        assert_eq!(schema["type"], "object", "{name}");
        plain(name, &schema);
    }
}

/// Fails on what some client does not understand, and on a field that nobody described.
fn plain(at: &str, schema: &Value) {
    assert!(schema.is_object(), "{at}: not an object");
    let Some(object) = schema.as_object() else { return };
    for word in ["$ref", "$defs", "anyOf", "oneOf", "allOf", "const"] {
        assert!(!object.contains_key(word), "{at} has {word}");
    }
    for (name, field) in object.get("properties").and_then(Value::as_object).into_iter().flatten() {
        assert!(field["description"].is_string(), "{at}.{name} has no description");
        plain(&format!("{at}.{name}"), field);
    }
    if let Some(items) = object.get("items") {
        plain(&format!("{at}[]"), items);
    }
}

/// The schema of arguments. An optional one may be left out, which is all that a client needs to know: `null` is not
/// offered.
fn input<T: JsonSchema>() -> Value {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12().for_deserialize());
    if let Some(root) = schema.as_object_mut() {
        // Some clients want the word although there is nothing under it.
        root.entry("properties").or_insert_with(|| json!({}));
    }
    each(&mut schema, &mut |object| {
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if object.get("default").is_some_and(Value::is_null) {
            object.remove("default");
        }
    });
    schema
}

/// The schema of a result, in which a value that does not exist is `null`. Clients check the results of failed calls too,
/// which hold `error` and nothing else, so the root requires nothing.
fn output<T: JsonSchema>() -> Value {
    let mut schema = generate::<T>(SchemaSettings::draft2020_12().for_serialize());
    if let Some(root) = schema.as_object_mut() {
        root.remove("required");
    }
    schema
}

fn generate<T: JsonSchema>(settings: SchemaSettings) -> Value {
    let settings = settings.with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    each(&mut schema, &mut |object| {
        object.remove("title");
        words(object);
        if let Some(Value::String(description)) = object.get_mut("description") {
            *description = description.split_whitespace().collect::<Vec<_>>().join(" ");
        }
    });
    schema
}

/// Words that are described one by one come as `oneOf`; here they are an `enum`, described together.
fn words(object: &mut Map<String, Value>) {
    let Some(Value::Array(choices)) = object.get("oneOf") else { return };
    let meaning =
        |choice: &Value| Some((choice["const"].as_str()?.to_owned(), choice["description"].as_str()?.to_owned()));
    let Some(choices) = choices.iter().map(meaning).collect::<Option<Vec<_>>>() else { return };
    let meanings: Vec<_> = choices.iter().map(|(word, meaning)| format!("{word}: {meaning}")).collect();
    let described = object.get("description").and_then(Value::as_str).unwrap_or_default();
    let described = format!("{described} {}", meanings.join(" "));
    object.insert("description".to_owned(), json!(described.trim()));
    object.insert("type".to_owned(), json!("string"));
    object.insert("enum".to_owned(), choices.into_iter().map(|(word, _)| word).collect());
    object.remove("oneOf");
}

/// Applies `change` to every schema in this one, from the outside in. Properties that have the name of a keyword are
/// schemas and not keywords.
fn each(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    let Value::Object(object) = schema else { return };
    change(object);
    for (_, field) in object.get_mut("properties").and_then(Value::as_object_mut).into_iter().flatten() {
        // A field of any type is `true`.
        if field.is_boolean() {
            *field = json!({});
        }
        each(field, change);
    }
    if let Some(items) = object.get_mut("items") {
        each(items, change);
    }
}
