//! What the server offers. Constants only: no text of a user or of TastyTrade can get into a definition.

use mcp::{Annotations, Cache, Catalog, Resource, Server, Template, Tool};

/// The server's name for programs.
pub(crate) const NAME: &str = "ttai-mcp-server";

/// Everything that is listed.
pub(crate) const CATALOG: Catalog = Catalog {
    server: Server {
        name: NAME,
        title: "TTAI for TastyTrade",
        version: env!("CARGO_PKG_VERSION"),
        website_url: None,
        icons: &[],
    },
    instructions: INSTRUCTIONS,
    tools: TOOLS,
    resources: RESOURCES,
    templates: TEMPLATES,
    ..Catalog::EMPTY
};

const INSTRUCTIONS: &str = "TTAI reads the market and the user's TastyTrade account. Every number carries `source` and \
`as_of`; a field that is null is not known, and `notes` says why. Volatilities, ranks, percentiles and percent changes are \
in percent (42.7 means 42.7 %). Errors carry a `code`, say what to do, and whether a retry may help. Jobs answer with a \
`workflow_id`; get_workflow_status tells how far they are.";

const TOOLS: &[Tool] = &[
    Tool {
        name: "get_quote",
        title: "Get quotes",
        description: "Quotes of one or several symbols (stocks, ETFs, indexes): bid, ask, last, mark, change, volume, the \
            day's open, high and low, previous close, IV rank and percentile, 30-day implied and historical volatility, \
            beta, market cap and next earnings date. At most 50 symbols per call.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_quote.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_quote.output.json")),
        annotations: Annotations::LOOKUP,
        ..Tool::EMPTY
    },
    Tool {
        name: "get_workflow_status",
        title: "Get the status of a job",
        description: "Where a job stands that was started earlier, for example a sync of the accounts: queued, running, \
            complete with its output, or errored with the reason.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_workflow_status.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_workflow_status.output.json")),
        annotations: Annotations::READ,
        ..Tool::EMPTY
    },
];

const RESOURCES: &[Resource] = &[
    Resource {
        uri: "knowledge://options/strategies",
        name: "options-strategies",
        title: "Option selling strategies",
        description: "An overview of the strategies that options sellers use: when, how, and what can go wrong.",
        mime_type: "text/markdown",
        cache: Cache::PUBLIC,
        ..Resource::EMPTY
    },
    Resource {
        uri: "knowledge://trading/risk",
        name: "trading-risk",
        title: "Risk management",
        description: "Position size, buying power, assignment, and when to leave a trade.",
        mime_type: "text/markdown",
        cache: Cache::PUBLIC,
        ..Resource::EMPTY
    },
];

const TEMPLATES: &[Template] = &[Template {
    uri_template: "knowledge://options/strategies/{strategy}",
    name: "options-strategy",
    title: "One option selling strategy",
    description: "Mechanics, entry, management and a worked example of one strategy: cash_secured_put, covered_call, \
        put_credit_spread, call_credit_spread, iron_condor or strangle.",
    mime_type: "text/markdown",
    cache: Cache::PUBLIC,
    ..Template::EMPTY
}];

#[cfg(test)]
mod tests {
    #[test]
    fn the_catalogue_has_no_problems() {
        assert_eq!(super::CATALOG.problems(), Vec::<String>::new());
    }
}
