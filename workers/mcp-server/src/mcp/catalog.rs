//! What the server offers. Constants only: no text of a user or of TastyTrade can get into a definition.

use mcp::{
    Annotations, Cache, Catalog, Icon, Prompt, PromptArgument, Resource, Server, Template, Tool,
    apps::{UI, UI_MIME_TYPE},
};

/// The server's name for programs.
pub(crate) const NAME: &str = "ttai-mcp-server";

/// Everything that is listed.
pub(crate) const CATALOG: Catalog = Catalog {
    server: Server {
        name: NAME,
        title: "TTAI for TastyTrade",
        version: env!("CARGO_PKG_VERSION"),
        website_url: None,
        icons: ICONS,
    },
    instructions: INSTRUCTIONS,
    tools: TOOLS,
    resources: RESOURCES,
    templates: TEMPLATES,
    prompts: PROMPTS,
    completions: true,
    extensions: &[UI],
    ..Catalog::EMPTY
};

/// Small, since results of the modern era carry it: 32 pixels in sixteen colours, the picture of assets/icon.svg.
const ICONS: &[Icon] =
    &[Icon { src: include_str!("../../assets/icon-32.txt"), mime_type: "image/png", sizes: &["32x32"], theme: None }];

const INSTRUCTIONS: &str = "TTAI reads the market and the user's TastyTrade account. Every number carries `source` and \
`as_of`; a field that is null is not known, and `notes` says why. Volatilities, ranks, percentiles and percent changes are \
in percent (42.7 means 42.7 %). Errors carry a `code`, say what to do, and whether a retry may help. Jobs answer with a \
`workflow_id`; get_workflow_status tells how far they are, and with `wait_seconds` waits for their end.";

const TOOLS: &[Tool] = &[
    Tool {
        name: "get_quote",
        title: "Get quotes",
        description: "Quotes of one or several symbols (stocks, ETFs, indexes, options, futures, coins): bid, ask, last, mark, change, volume, the \
            day's open, high and low, previous close, IV rank and percentile, 30-day implied and historical volatility, \
            beta, market cap and next earnings date. At most 50 symbols per call.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_quote.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_quote.output.json")),
        annotations: Annotations::LOOKUP,
        meta: Some(mcp::ui_tool_meta!("ui://ttai/quote-card")),
        icons: ICONS,
        group: "market",
    },
    Tool {
        name: "get_price_history",
        title: "Get price history",
        description: "Past prices of a stock, ETF, index, option, future or coin as bars of 1m to 1mo: open, high, low, close and \
            volume in columns, oldest first, with the change, the highest and lowest price and the mean volume. At most 500 \
            bars; of a longer range the newest.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_price_history.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_price_history.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "market",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_market_metrics",
        title: "Get market metrics",
        description: "Volatility and events of stocks, ETFs and indexes: IV index, IV rank and percentile, IV by expiration, 30, 60 and \
            90-day historical volatility, beta, correlation to SPY, liquidity, borrow rate, next earnings, dividends. At most \
            50 symbols; more than get_quote has, without prices.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_market_metrics.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_market_metrics.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "market",
        ..Tool::EMPTY
    },
    Tool {
        name: "search_symbols",
        title: "Search symbols",
        description: "Finds symbols by the beginning of a ticker or of a word of the company's name, with what they are, their exchange \
            and whether they have options.",
        input_schema: include_str!("../../../../crates/contract/schemas/search_symbols.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/search_symbols.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "market",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_market_hours",
        title: "Get market hours",
        description: "Whether a market is open now, when it opens and closes next, today's and the next session with extended \
            hours, and the coming holidays and half days. US equities and their options, or futures (cme, cfe).",
        input_schema: include_str!("../../../../crates/contract/schemas/get_market_hours.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_market_hours.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "market",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_option_chain",
        title: "Get an option chain",
        description: "Options on a share, fund, index or future, with bid, ask, last, volume, open interest, delta, gamma, \
            theta, vega and implied volatility (percent) per option, live. Say which: an expiration, or min_dte and max_dte; \
            strikes around the price, deltas (0.16 to 0.30), calls or puts. Without any: all expirations, and the strikes \
            around the money of the monthly one nearest to 45 days. Greeks that TastyTrade's stream does not bring are \
            computed and marked.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_option_chain.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_option_chain.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "market",
        ..Tool::EMPTY
    },
    Tool {
        name: "analyze_strategy",
        title: "Analyze a strategy",
        description: "Any one to eight options of one underlying, with or without shares, as one position at live prices: net \
            credit or debit, max profit and loss, break-evens, probability of profit, expected value, greeks, margin estimate, \
            fees, returns, expected move, profit over price, volatility and time, management marks, earnings and ex-dividend \
            flags, and the case for and against.",
        input_schema: include_str!("../../../../crates/contract/schemas/analyze_strategy.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/analyze_strategy.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "analysis",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_watchlists",
        title: "Get watchlists",
        description: "The user's own watchlists with their symbols, or the public ones of TastyTrade (High Options Volume, tasty IVR, \
            Earnings and others) by name and size; with `name` the entries of one list.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_watchlists.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_watchlists.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "market",
        ..Tool::EMPTY
    },
    Tool {
        name: "analyze_chart",
        title: "Analyze a chart",
        description: "Reads the chart of a symbol (intraday, daily or weekly): trend and regime with their evidence, support and \
            resistance, RSI, MACD, ADX, ATR and other readings, realised beside implied volatility, volume profile, candle \
            patterns, gaps, earnings; both sides in words. Its chart_context goes into analyze_options.",
        input_schema: include_str!("../../../../crates/contract/schemas/analyze_chart.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/analyze_chart.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "analysis",
        ..Tool::EMPTY
    },
    Tool {
        name: "analyze_options",
        title: "Find options to sell on a symbol",
        description: "What might be sold on a stock, ETF or index: cash-secured puts, covered calls, credit spreads of puts and calls, \
            iron condors or strangles, from the live chain. Ranked candidates with credit, fees, max profit and loss, \
            break-evens, collateral, annualised return, probabilities of profit, assignment and touch, expected value, theta, \
            liquidity, earnings and ex-dividend flags, a score in parts, what each filter left out, and the case for and \
            against. Takes the chart_context of analyze_chart.",
        input_schema: include_str!("../../../../crates/contract/schemas/analyze_options.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/analyze_options.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "analysis",
        ..Tool::EMPTY
    },
    Tool {
        name: "find_opportunities",
        title: "Scan symbols for options to sell",
        description: "Scans symbols, a watchlist (own or public) or ten that trade many options for one strategy, and ranks the \
            best candidates over all of them by the score of analyze_options, with how it went with each symbol. Up to 50 \
            symbols; the ten with the highest IV rank are scanned.",
        input_schema: include_str!("../../../../crates/contract/schemas/find_opportunities.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/find_opportunities.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "analysis",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_accounts",
        title: "Get the accounts",
        description: "The user's TastyTrade accounts: masked number, nickname, type, margin or cash, which one is the \
            default, options level, day trades, margin call. Other tools take the masked number as `account`.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_accounts.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_accounts.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "account",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_balances",
        title: "Get balances",
        description: "What accounts are worth and may spend: net liquidating value, cash, buying power for stock, options \
            and day trades, how much of it options use, maintenance, pending cash. One account or all.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_balances.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_balances.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "account",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_positions",
        title: "Get positions",
        description: "Open positions with mark, profit and loss in dollars and percent (since opened and today), percent \
            of max profit of short options, days to expiration, whether a strike is tested, and live greeks per \
            unit and per position, grouped by underlying and expiration. Greeks that do not come in time are \
            computed and say so.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_positions.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_positions.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "account",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_transactions",
        title: "Get transactions",
        description: "What happened in an account, newest first: trades with fees, expirations, assignments, dividends, \
            interest, deposits and withdrawals, by days, symbol and type. The last 30 days without dates.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_transactions.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_transactions.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "account",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_orders",
        title: "Get orders",
        description: "Orders with their legs, prices and fills. Without days: today's orders in every stage, and older \
            ones that still work. By days and stage for earlier ones. Nothing is placed or changed.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_orders.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_orders.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "account",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_net_liq_history",
        title: "Get the history of an account's worth",
        description: "Net liquidating value over a day, a week, 1, 3 or 6 months, a year or all time: change, high, low, \
            largest drawdown, and the points as columns.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_net_liq_history.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_net_liq_history.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "account",
        ..Tool::EMPTY
    },
    Tool {
        name: "analyze_portfolio",
        title: "Analyze the portfolio",
        description: "How the portfolio leans, what it earns and risks, and what in it wants a look and why: delta weighted by \
            beta to SPY, theta, vega, buying power, concentration by underlying and sector, stress by price and volatility, \
            positions grouped into strategies, management marks (50 % of max profit, 21 DTE, tested strikes, assignment, \
            ex-dividend, earnings, expirations), rolls for a net credit, and the case for and against.",
        input_schema: include_str!("../../../../crates/contract/schemas/analyze_portfolio.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/analyze_portfolio.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "analysis",
        ..Tool::EMPTY
    },
    Tool {
        name: "get_workflow_status",
        title: "Get the status of a job",
        description: "Where a job stands that was started earlier, for example a sync of the accounts: queued, running, \
            complete with its output, or errored with the reason. With `wait_seconds` the answer comes when the job has \
            ended or that time is over, so that one call is enough for most jobs.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_workflow_status.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_workflow_status.output.json")),
        annotations: Annotations::READ,
        icons: ICONS,
        ..Tool::EMPTY
    },
    Tool {
        name: "get_config",
        title: "Get the settings",
        description: "What the user has chosen in TTAI: how fresh cached quotes and option chains must be, the default \
            account, the time zone, and how TastyTrade is connected. Nothing is asked of TastyTrade.",
        input_schema: include_str!("../../../../crates/contract/schemas/get_config.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/get_config.output.json")),
        annotations: Annotations::READ,
        icons: ICONS,
        group: "settings",
        ..Tool::EMPTY
    },
    Tool {
        name: "update_config",
        title: "Change the settings",
        description: "Changes settings by name and answers with all of them: quote_cache_ttl (seconds), chain_cache_ttl \
            (seconds), default_account (an account of the user's), time_zone (an IANA name). Nothing is changed if one of \
            them is wrong. How TastyTrade is connected is changed on the settings page.",
        input_schema: include_str!("../../../../crates/contract/schemas/update_config.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/update_config.output.json")),
        annotations: Annotations::CHANGE,
        icons: ICONS,
        group: "settings",
        ..Tool::EMPTY
    },
    Tool {
        name: "test_connection",
        title: "Test the connection",
        description: "Asks TastyTrade whether it still accepts the user's login, and lists the accounts it reaches. A \
            connection that does not work is a result with `connected` false, the reason, what to do, and `login_url` for \
            the user to open. Use it when a call fails with reconnect_required or TastyTrade seems to be down.",
        input_schema: include_str!("../../../../crates/contract/schemas/test_connection.input.json"),
        output_schema: Some(include_str!("../../../../crates/contract/schemas/test_connection.output.json")),
        annotations: Annotations::LOOKUP,
        icons: ICONS,
        group: "settings",
        ..Tool::EMPTY
    },
];

const RESOURCES: &[Resource] = &[
    Resource {
        uri: "portfolio://positions",
        name: "positions",
        title: "Open positions",
        description: "The user's open positions in all accounts: quantity, average price, mark, expiration. Live, or as of \
            the last sync where TastyTrade does not answer, which `source` and `as_of` say. Account numbers are masked.",
        mime_type: "application/json",
        watched: true,
        ..Resource::EMPTY
    },
    Resource {
        uri: "portfolio://balances",
        name: "balances",
        title: "Balances",
        description: "The user's accounts: net liquidating value, cash, buying powers, maintenance. Live, or as of the last \
            sync where TastyTrade does not answer, which `source` and `as_of` say. Account numbers are masked.",
        mime_type: "application/json",
        watched: true,
        ..Resource::EMPTY
    },
    Resource {
        uri: "history://analyses",
        name: "analyses",
        title: "Recent analyses",
        description: "The newest 20 analyses made for the user: tool, symbol, strategy, time and headline.",
        mime_type: "application/json",
        watched: true,
        ..Resource::EMPTY
    },
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
    Resource {
        uri: "ui://ttai/quote-card",
        name: "quote-card",
        title: "Quote card",
        description: "The page on which clients that show MCP Apps show what get_quote answers.",
        mime_type: UI_MIME_TYPE,
        cache: Cache::PUBLIC,
        icons: ICONS,
        ..Resource::EMPTY
    },
];

const TEMPLATES: &[Template] = &[
    Template {
        uri_template: "portfolio://positions/{symbol}",
        name: "positions-of",
        title: "Open positions in one underlying",
        description: "Like portfolio://positions, for the shares, options and futures of one underlying.",
        mime_type: "application/json",
        ..Template::EMPTY
    },
    Template {
        uri_template: "history://analyses/{symbol}",
        name: "analyses-of",
        title: "Analyses of one symbol",
        description: "The newest analyses of one symbol with all that they found, as of `created_at`; `portfolio` in place of \
            the symbol for those of no single one.",
        mime_type: "application/json",
        watched: true,
        ..Template::EMPTY
    },
    Template {
        uri_template: "knowledge://options/strategies/{strategy}",
        name: "options-strategy",
        title: "One option selling strategy",
        description: "Mechanics, entry, management and a worked example of one strategy: cash_secured_put, covered_call, \
            put_credit_spread, call_credit_spread, iron_condor or strangle.",
        mime_type: "text/markdown",
        cache: Cache::PUBLIC,
        ..Template::EMPTY
    },
];

const PROMPTS: &[Prompt] = &[
    Prompt {
        name: "analyze-for-csp",
        title: "Analyze for a cash-secured put",
        description: "Chart, volatility, candidates and what is held already: which strike and expiration fit a cash-secured put, and \
            the case for and against.",
        arguments: &[
            PromptArgument { name: "symbol", description: "The underlying, for example AAPL.", required: true },
            PromptArgument {
                name: "account",
                description: "The last four characters of an account's number; empty for all accounts.",
                required: false,
            },
        ],
        icons: ICONS,
        tools: &["analyze_chart", "analyze_options", "analyze_strategy", "get_balances", "get_positions"],
    },
    Prompt {
        name: "morning-briefing",
        title: "Morning briefing",
        description: "Before the open: balances, the market, what expires within a week, tested strikes, earnings, what \
            needs attention.",
        arguments: &[PromptArgument {
            name: "account",
            description: "The last four characters of an account's number; empty for all accounts.",
            required: false,
        }],
        icons: ICONS,
        tools: &["analyze_portfolio", "get_market_hours", "get_quote"],
    },
    Prompt {
        name: "position-review",
        title: "Review a position",
        description: "Hold, roll or close: the legs of one underlying with profit or loss, days left and what speaks for each.",
        arguments: &[
            PromptArgument { name: "symbol", description: "The underlying, for example AAPL.", required: true },
            PromptArgument {
                name: "expiration",
                description: "YYYY-MM-DD: the options that expire on this day alone; empty for all.",
                required: false,
            },
        ],
        icons: ICONS,
        tools: &["analyze_chart", "analyze_portfolio", "analyze_strategy", "get_positions", "get_quote"],
    },
    Prompt {
        name: "roll-position",
        title: "Roll a position",
        description: "How short options of one underlying could be rolled: what closing costs, later expirations with their net credit, \
            new break-evens, and what rolling leaves unsolved.",
        arguments: &[
            PromptArgument { name: "symbol", description: "The underlying, for example AAPL.", required: true },
            PromptArgument {
                name: "expiration",
                description: "YYYY-MM-DD: the options that expire on this day alone; empty for all.",
                required: false,
            },
        ],
        icons: ICONS,
        tools: &["analyze_chart", "analyze_portfolio", "analyze_strategy", "get_option_chain", "get_positions"],
    },
    Prompt {
        name: "earnings-check",
        title: "Earnings check",
        description: "The next reports of one underlying or of all that is held: expected move, volatility before and after, and which \
            positions lie across them.",
        arguments: &[PromptArgument {
            name: "symbol",
            description: "The underlying; empty for all that is held.",
            required: false,
        }],
        icons: ICONS,
        tools: &[
            "analyze_options",
            "analyze_portfolio",
            "analyze_strategy",
            "get_market_metrics",
            "get_positions",
            "get_price_history",
        ],
    },
];

#[cfg(test)]
mod tests {
    #[test]
    fn the_catalogue_has_no_problems() {
        assert_eq!(super::CATALOG.problems(), Vec::<String>::new());
    }
}
