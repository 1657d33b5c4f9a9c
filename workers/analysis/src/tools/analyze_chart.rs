//! `analyze_chart`: trend, levels, readings and volatility of one symbol, with what speaks for and against.

use contract::{Rendered, analysis::chart::AnalyzeChartInput, tool::symbol_argument};
use domain::Error;
use futures_util::future::join;

use super::{
    Asked,
    analyses::{self, About},
};
use crate::{
    chart::{self, Gathered, text::text},
    gather,
    zone::Zone,
};

const NAME: &str = "analyze_chart";

/// Bars and metrics are asked for at once. Without metrics the chart stands.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input) = asked.read::<AnalyzeChartInput>()?;
    let symbol = symbol_argument("symbol", &input.symbol)?;
    let (interval, count) = chart::bars_of(input.timeframe);
    let (series, metrics) = join(
        gather::bars::bars(app, user, &symbol, interval, count),
        gather::metrics::metrics(app, user, std::slice::from_ref(&symbol)),
    )
    .await;
    let series = series?;
    let (mut known, failure) = metrics?;
    let metrics = known.remove(symbol.as_str());
    let no_metrics = metrics.is_none().then(|| match failure {
        Some(error) => format!("implied volatility and events: {error}"),
        None => format!("implied volatility and events: TastyTrade has none of {symbol}"),
    });
    let id = analyses::id(app);
    let gathered = Gathered { timeframe: input.timeframe, series, metrics, no_metrics, now: app.now, id: id.clone() };
    let analysis = chart::analyze(gathered);
    let rendered = Rendered::new(&analysis, text(&analysis, &Zone::of(app, user).await))?;
    analyses::keep(app, user, About { id: &id, kind: NAME, symbol: Some(&symbol), strategy: None }, &rendered).await;
    Ok(rendered)
}
