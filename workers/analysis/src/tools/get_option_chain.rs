//! `get_option_chain`: expirations and strikes of a symbol, with quotes and greeks from TastyTrade's stream.

use contract::{Rendered, market::chain::GetOptionChainInput};
use domain::Error;

use super::Asked;
use crate::{
    chain::{
        assemble::{self, Frame},
        choose, text,
    },
    gather::chain::{Quoted, Reader},
};

/// The chain, as far as it was asked for.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input): (_, _, GetOptionChainInput) = asked.read()?;
    let wanted = input.check()?;
    let reader = Reader::new(app, user).await?;
    let listing = reader.listing(&wanted.symbol).await?;
    let listed = listing.listed(app.now);
    let (chosen, decided) = choose::expirations(&listed, &wanted)?;
    let Quoted { parts, price, mut notes } = reader.quoted(&listing, chosen, &wanted).await?;
    notes.extend(decided);
    let missing = assemble::lacking(&parts);
    let frame = Frame { wanted: &wanted, listed: &listed, price, missing, notes, now: app.now };
    let chain = assemble::chain(frame, &parts);
    Rendered::new(&chain, text::text(&chain, reader.zone()))
}
