//! `analyze_strategy`: any options of one underlying as one position.

use std::time::Duration;

use contract::{Rendered, analysis::strategy::AnalyzeStrategyInput};
use domain::Error;
use futures_util::future::join3;

use super::{
    Asked,
    analyses::{self, About},
    new_york,
};
use crate::{
    gather::{
        chain::{self, Reader},
        metrics::metrics,
        rate,
    },
    strategy::{
        assemble::{self, Frame},
        place, text,
    },
    zone::Zone,
};

/// Strikes on each side of the price that are read beside the legs': for the straddle, the strangles and the forward price.
const AROUND: usize = 4;
/// How long the rate is waited for; the usual one serves as well.
const RATE: Duration = Duration::from_secs(5);

/// The figures of the legs that were sent.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input): (_, _, AnalyzeStrategyInput) = asked.read()?;
    let wanted = input.check()?;
    let reader = Reader::new(app, user).await?;
    let listing = reader.listing(&wanted.symbol).await?;
    let listed = listing.listed(app.now);
    let placed = place::place(&wanted, &listed)?;
    let symbols = [wanted.symbol.clone()];
    let quoted = reader.placed(&listing, place::needed(&placed), AROUND);
    let (quoted, known, (rate, note)) =
        join3(quoted, metrics(app, user, &symbols), rate::or_usual(app, user, RATE)).await;
    let columns = chain::columns(&wanted.symbol, &quoted?, rate, app.now);
    let known = known.map(|(known, _)| known).unwrap_or_default();
    let frame = Frame {
        id: analyses::id(app),
        wanted: &wanted,
        placed: &placed,
        columns: &columns,
        rate,
        metrics: known.get(wanted.symbol.as_str()),
        today: new_york::day(app.now),
        notes: note.into_iter().collect(),
    };
    let analysis = assemble::analysis(frame)?;
    let rendered = Rendered::new(&analysis, text::text(&analysis, &Zone::of(app, user).await))?;
    let about = About {
        id: &analysis.analysis_id,
        kind: "analyze_strategy",
        symbol: Some(&wanted.symbol),
        strategy: Some(&analysis.strategy),
    };
    analyses::keep(app, user, about, &rendered).await;
    Ok(rendered)
}
