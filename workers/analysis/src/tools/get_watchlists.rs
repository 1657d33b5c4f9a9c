//! `get_watchlists`.

use std::fmt::Write;

use contract::{
    Rendered,
    market::{
        Source,
        watchlists::{GetWatchlistsInput, Watchlist, WatchlistEntry, WatchlistKind, Watchlists},
    },
};
use domain::{Error, Reason, Scope, Timestamp, UserId};
use tasty::watchlists::{self, Owner};

use super::{Asked, named};
use crate::{app::App, upstream, zone::Zone};

/// The most entries of one answer.
const MAX_ENTRIES: usize = 500;

/// The lists, or the one of a name.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let sees_own = asked.permits(Scope::AccountRead);
    let (app, user, GetWatchlistsInput { kind, name }) = asked.read()?;
    if kind == WatchlistKind::Own && !sees_own {
        let message =
            "The user's own watchlists need the scope account:read. The public ones do not: send `kind` public.";
        return Err(Error::new(Reason::InsufficientScope, message).with("scope", Scope::AccountRead.as_str()));
    }
    let name = match &name {
        Some(name) => Some(named("name", name, "Send the name of a list as get_watchlists lists it.")?),
        None => None,
    };
    let lists = fetch(app, user, kind, name).await?;
    let only_sizes = kind == WatchlistKind::Public && name.is_none();
    let lists = assemble(kind, lists, only_sizes, app.now);
    Rendered::new(&lists, text(&lists, &Zone::of(app, user).await))
}

/// The lists of an owner, or the one of a name.
pub(super) async fn fetch(
    app: &App,
    user: &UserId,
    kind: WatchlistKind,
    name: Option<&str>,
) -> Result<Vec<watchlists::Watchlist>, Error> {
    let owner = match kind {
        WatchlistKind::Own => Owner::User,
        WatchlistKind::Public => Owner::Public,
    };
    let Some(name) = name else {
        return upstream::ask(app, user, "watchlists", watchlists::all(owner), watchlists::read_all).await;
    };
    let answer = upstream::call(app, user, watchlists::one(owner, name)).await?;
    if answer.status == 404 {
        let whose = match kind {
            WatchlistKind::Own => "You have",
            WatchlistKind::Public => "TastyTrade publishes",
        };
        let message =
            format!("{whose} no watchlist of this name. Call get_watchlists without `name` to see the names.");
        return Err(Error::new(Reason::NotFound, message).with("name", name));
    }
    Ok(vec![upstream::noted(
        "watchlist",
        watchlists::read_one(&answer).map_err(|error| upstream::explain(app, error))?,
    )])
}

fn assemble(kind: WatchlistKind, lists: Vec<watchlists::Watchlist>, only_sizes: bool, now: Timestamp) -> Watchlists {
    let mut notes = Vec::new();
    if only_sizes && !lists.is_empty() {
        notes.push("Names and sizes only. Send `name` for the entries of one list.".to_owned());
    }
    let mut room = if only_sizes { 0 } else { MAX_ENTRIES };
    let mut is_cut = false;
    let watchlists = lists.into_iter().map(|list| {
        let size = list.entries.len();
        let entries = list
            .entries
            .into_iter()
            .take(room)
            .map(|entry| WatchlistEntry { symbol: entry.symbol, instrument_type: entry.instrument_type });
        let entries: Vec<_> = entries.collect();
        room = room.saturating_sub(entries.len());
        is_cut |= !only_sizes && entries.len() < size;
        Watchlist { name: list.name, group: list.group, size, entries }
    });
    let watchlists = watchlists.collect();
    if is_cut {
        notes.push(format!("Only the first {MAX_ENTRIES} entries are listed. Send `name` for one list."));
    }
    Watchlists { kind, watchlists, source: Source::Rest, as_of: now, notes }
}

fn text(lists: &Watchlists, zone: &Zone) -> String {
    let mut text = match (lists.kind, lists.watchlists.is_empty()) {
        (WatchlistKind::Own, true) => "You have no watchlists.".to_owned(),
        (WatchlistKind::Public, true) => "TastyTrade publishes no watchlists.".to_owned(),
        (WatchlistKind::Own, false) => "Your watchlists:".to_owned(),
        (WatchlistKind::Public, false) => "TastyTrade's public watchlists:".to_owned(),
    };
    for list in &lists.watchlists {
        let _ = write!(text, "\n{} ({})", list.name, list.size);
        let symbols: Vec<_> = list.entries.iter().map(|entry| entry.symbol.as_str()).collect();
        if !symbols.is_empty() {
            let _ = write!(text, ": {}", symbols.join(", "));
        }
    }
    for note in &lists.notes {
        let _ = write!(text, "\nNote: {note}");
    }
    let _ = write!(text, "\nFrom TastyTrade, as of {}.", zone.shown(lists.as_of));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(name: &str, entries: usize) -> watchlists::Watchlist {
        let entry = |number| watchlists::Entry { symbol: format!("S{number}"), instrument_type: Some("Equity".into()) };
        watchlists::Watchlist { name: name.to_owned(), group: None, entries: (0..entries).map(entry).collect() }
    }

    fn now() -> Timestamp {
        "2026-11-20T15:30:05Z".parse().unwrap()
    }

    #[test]
    fn own_lists_come_with_entries_and_public_ones_by_name() {
        let own = assemble(WatchlistKind::Own, vec![list("Wheel", 2), list("Empty", 0)], false, now());
        assert_eq!(
            text(&own, &Zone::Exchange),
            "Your watchlists:\nWheel (2): S0, S1\nEmpty (0)\nFrom TastyTrade, as of Fri 20 Nov 10:30 ET."
        );
        let public = assemble(WatchlistKind::Public, vec![list("tasty IVR", 12)], true, now());
        assert_eq!((public.watchlists[0].size, public.watchlists[0].entries.len()), (12, 0));
        assert!(text(&public, &Zone::Exchange).contains("tasty IVR (12)\nNote: Names and sizes only."));
    }

    #[test]
    fn entries_are_bounded() {
        let lists = assemble(WatchlistKind::Own, vec![list("A", 400), list("B", 400)], false, now());
        let [a, b] = lists.watchlists.try_into().unwrap();
        assert_eq!((a.entries.len(), b.entries.len(), b.size, lists.notes.len()), (400, 100, 400, 1));
    }
}
