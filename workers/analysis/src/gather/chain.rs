//! Option chains: read from TastyTrade or the cache, with quotes and greeks from the stream.
//!
//! The structure of a chain is read once and kept in its compact form; quotes and greeks are kept apart from it, and for
//! less long. What the stream does not bring in time comes over REST as far as it goes; greeks that do not come are computed.

use std::{cell::RefCell, collections::BTreeMap, time::Duration};

use chrono::NaiveDate;
use contract::{
    market::{Source, chain::Wanted},
    quote::{self, Quote},
};
use domain::{Decimal, Error, Reason, Symbol, Timestamp, UserId, occ::Side};
use edge::{clock, deadline::within, kv::Ttl};
use futures_util::future::{join, join_all};
use quant::scan::{self, Quotes};
use serde::{Deserialize, Serialize};
use tasty::{
    dxlink::{Collected, Kind, Wanted as Subscriptions},
    market_data::{MAX_SYMBOLS, MarketData},
    option_chain::{self, Chain},
};

use super::{events::Dividends, metrics, rate};
use crate::{
    app::App,
    chain::{
        Greeks, Kept, Key, Live, Pick, Tick,
        assemble::{self, Part},
        choose::{self, Listed},
        compute::{self, Yields},
        float,
    },
    stream,
    tools::new_york,
    upstream,
    zone::Zone,
};

/// How old the structure of a chain may be.
const STRUCTURE_SECONDS: i64 = 900;
/// How long it is kept for the time in which TastyTrade does not answer.
const STRUCTURE_KEPT: Ttl = Ttl::seconds(21_600);
/// How old quotes and greeks may be: a tenth of the age that the user takes, within these bounds.
const LIVE_SECONDS: [i64; 2] = [30, 60];
const LIVE_KEPT: Ttl = Ttl::seconds(120);
/// How many shares a contract is for where TastyTrade does not say.
const USUAL_MULTIPLIER: f64 = 100.0;
/// A call is answered within so much of its time, with what there is.
const ANSWER: Duration = Duration::from_secs(20);
/// The longest wait for the stream, for few options and for many.
const STREAM: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(12)];
const MANY: usize = 600;
/// When nothing more has come for so long, nothing more will: some options have no greeks.
const QUIET: Duration = Duration::from_millis(1_500);
/// What is kept back of the time for the requests after the stream.
const AFTERWARDS: Duration = Duration::from_secs(5);
/// Options of one collection: four subscriptions each.
const PER_COLLECTION: usize = 4_900;
/// The most options whose quotes are asked for over REST when the stream is silent.
const MOST_OVER_REST: usize = 300;
/// The longest wait for the metrics, which say what dividends there are.
const METRICS: Duration = Duration::from_secs(3);
/// So many expirations have an entry each in the cache; more of them share one.
const ENTRIES: usize = 4;

/// The prices of underlyings by their symbol.
type Prices = BTreeMap<String, Decimal>;

/// Reads chains in a user's name, within the time of one call.
pub(crate) struct Reader<'a> {
    app: &'a App,
    user: &'a UserId,
    /// How old the user takes what is cached, in seconds.
    ttl: i64,
    zone: Zone,
    /// The prices of underlyings that TastyTrade told in this call.
    asked_prices: RefCell<Prices>,
}

/// The price of an underlying in the cache.
#[derive(Serialize, Deserialize)]
struct KeptPrice {
    price: Decimal,
    as_of: Timestamp,
}

/// What is listed on a symbol, with the prices of what it is written on as far as they are known.
pub(crate) struct Listing {
    symbol: Symbol,
    chain: Chain,
    prices: Prices,
    notes: Vec<String>,
}

impl Listing {
    /// The expirations that have not passed, the nearest first.
    pub(crate) fn listed(&self, now: Timestamp) -> Vec<Listed<'_>> {
        let [read, today] = [self.chain.as_of, now].map(new_york::day);
        choose::listed(&self.chain, &self.symbol, read, today)
    }
}

/// Expirations with their quotes and greeks.
pub(crate) struct Quoted<'a> {
    pub(crate) parts: Vec<Part<'a>>,
    /// The price of the symbol.
    pub(crate) price: Option<Decimal>,
    pub(crate) notes: Vec<String>,
}

impl<'a> Reader<'a> {
    /// A reader for one call.
    pub(crate) async fn new(app: &'a App, user: &'a UserId) -> Result<Self, Error> {
        let settings = store::settings::read(&app.db, user).await?;
        let (ttl, zone) = (settings.chain_cache_ttl.get(), Zone::chosen(&settings));
        Ok(Self { app, user, ttl, zone, asked_prices: RefCell::new(Prices::new()) })
    }

    /// The user's time zone.
    pub(crate) fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What is listed on a symbol.
    ///
    /// # Errors
    ///
    /// `not_found` where nothing is, and what TastyTrade answers.
    pub(crate) async fn listing(&self, symbol: &Symbol) -> Result<Listing, Error> {
        let (chain, prices) = join(self.structure(symbol), self.first_price(symbol)).await;
        let (chain, notes) = chain?;
        Ok(Listing { symbol: symbol.clone(), chain, prices: prices?, notes })
    }

    /// The options of the chosen expirations that are wanted, with their quotes and greeks.
    ///
    /// # Errors
    ///
    /// A lost login; what else does not come is in the notes.
    pub(crate) async fn quoted<'l>(
        &self,
        listing: &'l Listing,
        chosen: Vec<Listed<'l>>,
        wanted: &Wanted,
    ) -> Result<Quoted<'l>, Error> {
        let mut prices = listing.prices.clone();
        prices.extend(self.prices(chosen.iter().map(|of| of.root.underlying.as_str()), &prices).await?);
        let (picks, left_out) = choose::picks(chosen, wanted, |root| prices.get(&root.underlying).copied());
        let mut notes = listing.notes.clone();
        notes.extend(left_out);
        let parts = self.parts(picks, choose::sides(wanted.side), &mut notes).await?;
        let price = prices.get(listing.symbol.as_str()).copied().or_else(|| parts.first()?.pick.price);
        Ok(Quoted { parts, price, notes })
    }

    /// Both sides of these strikes, by their places, and of so many around the price of each of the expirations.
    ///
    /// # Errors
    ///
    /// A lost login; what else does not come is in the notes.
    pub(crate) async fn placed<'l>(
        &self,
        listing: &'l Listing,
        chosen: Vec<(Listed<'l>, Vec<usize>)>,
        around: usize,
    ) -> Result<Quoted<'l>, Error> {
        let mut prices = listing.prices.clone();
        prices.extend(self.prices(chosen.iter().map(|(of, _)| of.root.underlying.as_str()), &prices).await?);
        let pick = |(of, mut places): (Listed<'l>, Vec<usize>)| {
            let price = prices.get(&of.root.underlying).copied();
            places.extend(choose::around(of.expiration, choose::unit_price(of.root, price), around));
            places.sort_unstable();
            places.dedup();
            Pick { root: of.root, expiration: of.expiration, dte: of.dte, price, places }
        };
        let picks = chosen.into_iter().map(pick).collect();
        let mut notes = listing.notes.clone();
        let parts = self.parts(picks, &[Side::Call, Side::Put], &mut notes).await?;
        let price = prices.get(listing.symbol.as_str()).copied().or_else(|| parts.first()?.pick.price);
        Ok(Quoted { parts, price, notes })
    }
}

impl Reader<'_> {
    /// Whether the cache still serves.
    fn is_fresh(&self, as_of: Timestamp, most: i64) -> bool {
        most > 0 && self.app.now - as_of <= chrono::TimeDelta::seconds(most)
    }

    /// What is left of the time in which the answer is to be there.
    pub(crate) fn time_left(&self) -> Duration {
        let spent = (clock::now() - self.app.now).to_std().unwrap_or_default();
        ANSWER.saturating_sub(spent)
    }

    // ---- the structure ----------------------------------------------------------------------------------------------

    /// The chain from the cache or from TastyTrade; an older one, with a note, where TastyTrade does not answer.
    async fn structure(&self, symbol: &Symbol) -> Result<(Chain, Vec<String>), Error> {
        let product = option_chain::product(symbol);
        let of = product.map_or_else(|| symbol.to_string(), |code| format!("/{code}"));
        let kept =
            self.app.kv.get(&structure_key(&of)).await.and_then(|text| serde_json::from_str::<Chain>(&text).ok());
        if let Some(chain) = kept.as_ref().filter(|chain| self.is_fresh(chain.as_of, self.ttl.min(STRUCTURE_SECONDS))) {
            return Ok((chain.clone(), Vec::new()));
        }
        let request = product.map_or_else(|| option_chain::request(symbol), option_chain::futures_request);
        match self.read_structure(symbol, request, product.is_some()).await {
            Ok(chain) => {
                if let Ok(text) = serde_json::to_string(&chain) {
                    self.app.kv.put(&structure_key(&of), &text, STRUCTURE_KEPT).await;
                }
                Ok((chain, Vec::new()))
            }
            Err(error) => match kept.filter(|_| error.reason.retryable()) {
                Some(chain) => {
                    let since = self.zone.shown(chain.as_of);
                    Ok((chain, vec![format!("Expirations and strikes are those of {since}: {error}")]))
                }
                None => Err(error),
            },
        }
    }

    async fn read_structure(&self, symbol: &Symbol, request: tasty::Request, is_future: bool) -> Result<Chain, Error> {
        let answer = within(self.time_left(), upstream::call(self.app, self.user, request)).await;
        let answer = answer.ok_or_else(|| Error::from(tasty::Error::TimedOut))??;
        let now = self.app.now;
        let read = if is_future { option_chain::read_futures(&answer, now) } else { option_chain::read(&answer, now) };
        let chain = read.map_err(|error| match error {
            tasty::Error::Refused { status: 404 } => choose::unknown(symbol),
            error => upstream::explain(self.app, error),
        })?;
        Ok(upstream::noted("option chain", chain))
    }

    // ---- prices of underlyings --------------------------------------------------------------------------------------

    /// The price of the symbol, while its chain is on the way. Of a future's product it is not known which contract is
    /// meant before that.
    async fn first_price(&self, symbol: &Symbol) -> Result<Prices, Error> {
        if option_chain::product(symbol).is_some() {
            return Ok(Prices::new());
        }
        self.prices([symbol.as_str()].into_iter(), &Prices::new()).await
    }

    /// The prices that are not known yet. Without one an answer is still of use, so that only a lost login is an error.
    async fn prices(&self, symbols: impl Iterator<Item = &str>, known: &Prices) -> Result<Prices, Error> {
        let mut symbols: Vec<Symbol> = symbols
            .filter(|symbol| !known.contains_key(*symbol))
            .filter_map(|symbol| Symbol::parse(symbol).ok())
            .collect();
        symbols.sort();
        symbols.dedup();
        symbols.truncate(MAX_SYMBOLS);
        let cached = join_all(symbols.iter().map(|symbol| self.cached_price(symbol))).await;
        let mut prices = Prices::new();
        let mut asked = Vec::new();
        for (symbol, kept) in symbols.iter().zip(&cached) {
            match kept.as_ref().filter(|kept| self.is_fresh(kept.as_of, live_seconds(self.ttl))) {
                Some(kept) => _ = prices.insert(symbol.to_string(), kept.price),
                None => asked.push(symbol.clone()),
            }
        }
        if asked.is_empty() {
            return Ok(prices);
        }
        match self.market_data(&asked).await {
            Ok(data) => {
                let told = data.iter().filter_map(|data| Some((data.symbol.clone(), data.price()?)));
                self.asked_prices.borrow_mut().extend(told.clone());
                prices.extend(told);
            }
            Err(error) if error.reason == Reason::ReconnectRequired => return Err(error),
            Err(_) => {
                let older = symbols.iter().zip(&cached).filter(|_| self.ttl > 0);
                prices.extend(older.filter_map(|(symbol, kept)| Some((symbol.to_string(), kept.as_ref()?.price))));
            }
        }
        Ok(prices)
    }

    /// The price of an underlying: our own entry, or that of its quote, whichever is newer.
    async fn cached_price(&self, symbol: &Symbol) -> Option<KeptPrice> {
        let own = async { self.app.kv.get(&price_key(symbol.as_str())).await };
        let (own, quote) = join(own, async { self.app.kv.get(&quote::cache_key(symbol)).await }).await;
        let own = own.and_then(|text| serde_json::from_str::<KeptPrice>(&text).ok());
        let quote = quote.and_then(|text| serde_json::from_str::<Quote>(&text).ok());
        let quoted = quote.and_then(|quote| {
            let price = quote.mark.or(quote.mid).or(quote.last)?;
            Some(KeptPrice { price, as_of: quote.as_of })
        });
        own.into_iter().chain(quoted).max_by_key(|kept| kept.as_of)
    }

    async fn keep_prices(&self) {
        let told = self.asked_prices.take();
        join_all(told.into_iter().map(async |(symbol, price)| {
            if let Ok(text) = serde_json::to_string(&KeptPrice { price, as_of: self.app.now }) {
                self.app.kv.put(&price_key(&symbol), &text, LIVE_KEPT).await;
            }
        }))
        .await;
    }

    async fn market_data(&self, symbols: &[Symbol]) -> Result<Vec<MarketData>, Error> {
        let asked = upstream::market_data(self.app, self.user, symbols);
        within(self.time_left(), asked).await.ok_or(tasty::Error::TimedOut)?
    }

    // ---- quotes and greeks ------------------------------------------------------------------------------------------

    /// The picks with what is known of them.
    async fn parts<'p>(
        &self,
        picks: Vec<Pick<'p>>,
        sides: &[Side],
        notes: &mut Vec<String>,
    ) -> Result<Vec<Part<'p>>, Error> {
        let cached = self.cached(&picks, sides).await;
        let (mut lives, mut lacking) = (Vec::new(), Vec::new());
        // An entry that many share is written whole, and so it is read anew whole.
        let is_useless = picks.len() > ENTRIES && cached.iter().any(Option::is_none);
        for (pick, live) in picks.iter().zip(cached) {
            let live = live.filter(|_| !is_useless);
            if live.is_none() {
                lacking.push(pick);
            }
            lives.push(live);
        }
        let mut fetched =
            if lacking.is_empty() { Vec::new() } else { self.fetched(&lacking, sides, notes).await? }.into_iter();
        let lives: Vec<Live> = lives.into_iter().filter_map(|live| live.or_else(|| fetched.next())).collect();
        let rate = self.rate(&lives, notes).await;
        let dividends = match rate {
            Some(_) => self.dividends(&picks).await,
            None => Dividends::default(),
        };
        let part = |(pick, live): (Pick<'p>, Live)| {
            let computed =
                rate.map_or_else(BTreeMap::new, |rate| compute::missing(&pick, &live, rate, dividends, self.app.now));
            Part { pick, live, computed }
        };
        let parts: Vec<Part<'p>> = picks.into_iter().zip(lives).map(part).collect();
        if let Some(rate) = rate.filter(|_| assemble::computed(&parts) > 0) {
            notes.push(how_computed(&parts, rate, dividends, self.app.now));
        }
        Ok(parts)
    }

    /// What the cache has of each pick, by itself or among many.
    async fn cached(&self, picks: &[Pick<'_>], sides: &[Side]) -> Vec<Option<Live>> {
        let mut found = self.cached_under(&keys(picks), picks, sides).await;
        if picks.len() <= ENTRIES && found.iter().any(Option::is_none) {
            let shared: Vec<String> = picks.first().map(shared_key).into_iter().collect();
            let among_many = self.cached_under(&shared, picks, sides).await;
            found = found.into_iter().zip(among_many).map(|(own, shared)| own.or(shared)).collect();
        }
        found
    }

    async fn cached_under(&self, keys: &[String], picks: &[Pick<'_>], sides: &[Side]) -> Vec<Option<Live>> {
        let entries = join_all(keys.iter().map(async |key| {
            let text = self.app.kv.get(&live_key(key)).await?;
            serde_json::from_str::<Vec<Kept>>(&text).ok()
        }))
        .await;
        let kept: Vec<Kept> = entries.into_iter().flatten().flatten().collect();
        let fresh = |kept: &&Kept| self.is_fresh(kept.as_of, live_seconds(self.ttl));
        picks.iter().map(|pick| kept.iter().filter(fresh).find_map(|kept| kept.serves(pick, sides))).collect()
    }

    /// What TastyTrade has of each pick, over the stream and then over REST. It goes into the cache where the stream
    /// brought a quote of every option, in real time.
    async fn fetched(&self, picks: &[&Pick<'_>], sides: &[Side], notes: &mut Vec<String>) -> Result<Vec<Live>, Error> {
        let contracts: Vec<Vec<_>> = picks.iter().map(|pick| pick.contracts(sides).collect()).collect();
        let streamed = self.streamed(contracts.iter().flatten().filter_map(|of| of.2.clone()).collect()).await;
        let Streamed { collected, as_of, is_delayed } = match streamed {
            Ok(streamed) => streamed,
            Err(error) if error.reason == Reason::ReconnectRequired => return Err(error),
            Err(error) => {
                notes.push(format!("TastyTrade's stream of market data could not be used: {error}"));
                Streamed { collected: Vec::new(), as_of: clock::now(), is_delayed: true }
            }
        };
        if is_delayed && !collected.is_empty() {
            notes.push("TastyTrade delays this user's market data by 15 minutes or more.".to_owned());
        }
        let tick = |streamer: &Option<String>| {
            let streamer = streamer.as_deref()?;
            collected.iter().map(|collected| tick_of(collected, streamer)).find(|tick| *tick != Tick::default())
        };
        let mut lives: Vec<Live> = contracts
            .iter()
            .map(|of| {
                let ticks = of.iter().map(|(key, _, streamer)| (*key, tick(streamer).unwrap_or_default())).collect();
                Live { source: Source::Dxlink, as_of, ticks }
            })
            .collect();
        let is_whole = |live: &&Live| live.ticks.values().all(|tick| tick.source.is_some());
        if !is_delayed {
            let pairs = picks.iter().zip(&lives).filter(|(_, live)| is_whole(live));
            self.keep(picks, pairs.map(|(pick, live)| Kept::of(pick, live)).collect()).await;
            self.keep_prices().await;
        }
        if lives.iter().any(|live| !is_whole(&live)) {
            self.over_rest(picks, &contracts, &mut lives, notes).await;
        }
        Ok(lives)
    }

    async fn keep(&self, picks: &[&Pick<'_>], kept: Vec<Kept>) {
        let picks: Vec<Pick<'_>> = picks.iter().map(|pick| (*pick).clone()).collect();
        let keys = keys(&picks);
        let entries: Vec<(String, Vec<Kept>)> = match keys.as_slice() {
            [shared] if picks.len() > 1 => vec![(shared.clone(), kept)],
            _ => {
                let key = |kept: &Kept| {
                    let pick = picks.iter().position(|pick| kept.is_of(pick));
                    pick.and_then(|pick| keys.get(pick)).cloned()
                };
                kept.into_iter().filter_map(|kept| Some((key(&kept)?, vec![kept]))).collect()
            }
        };
        join_all(entries.iter().filter(|(_, kept)| !kept.is_empty()).map(async |(key, kept)| {
            if let Ok(text) = serde_json::to_string(kept) {
                self.app.kv.put(&live_key(key), &text, LIVE_KEPT).await;
            }
        }))
        .await;
    }

    async fn streamed(&self, streamers: Vec<String>) -> Result<Streamed, Error> {
        let wait = if streamers.len() > MANY { STREAM[1] } else { STREAM[0] };
        let wait = wait.min(self.time_left().saturating_sub(AFTERWARDS));
        let kinds = [Kind::Quote, Kind::Greeks, Kind::Summary, Kind::Trade];
        let collections = streamers.chunks(PER_COLLECTION).map(|chunk| {
            let wanted = Subscriptions::events(&kinds, chunk.iter().cloned()).until_quiet(QUIET);
            stream::collect(self.app, self.user, wanted, wait)
        });
        let collected = join_all(collections).await.into_iter().collect::<Result<Vec<_>, Error>>()?;
        Ok(Streamed {
            as_of: collected.iter().map(|one| one.as_of).min().unwrap_or_else(clock::now),
            is_delayed: collected.iter().any(|one| one.is_delayed),
            collected: collected.into_iter().map(|one| one.collected).collect(),
        })
    }

    /// Quotes of what the stream did not bring, the nearest to the price first.
    async fn over_rest(
        &self,
        picks: &[&Pick<'_>],
        contracts: &[Vec<(Key, String, Option<String>)>],
        lives: &mut [Live],
        notes: &mut Vec<String>,
    ) {
        let mut lacking: Vec<(f64, usize, Key, Symbol)> = Vec::new();
        for (place, ((pick, contracts), live)) in picks.iter().zip(contracts).zip(lives.iter()).enumerate() {
            for (key, symbol, _) in contracts {
                if live.ticks.get(key).is_some_and(|tick| tick.source.is_some()) {
                    continue;
                }
                let strike = pick.expiration.strike(key.place).and_then(crate::chain::float);
                let away = strike.zip(choose::unit_price(pick.root, pick.price));
                let away = away.map_or(0.0, |(strike, price)| (strike - price).abs());
                if let Ok(symbol) = Symbol::parse(symbol) {
                    lacking.push((away, place, *key, symbol));
                }
            }
        }
        lacking.sort_by(|one, other| one.0.total_cmp(&other.0));
        let total = lacking.len();
        lacking.truncate(MOST_OVER_REST);
        let asked: Vec<Vec<Symbol>> =
            lacking.chunks(MAX_SYMBOLS).map(|chunk| chunk.iter().map(|of| of.3.clone()).collect()).collect();
        let answers = join_all(asked.iter().map(|symbols| self.market_data(symbols))).await;
        let mut failure = None;
        let mut data: BTreeMap<String, MarketData> = BTreeMap::new();
        for answer in answers {
            match answer {
                Ok(items) => data.extend(items.into_iter().map(|item| (item.symbol.clone(), item))),
                Err(error) => failure = Some(error),
            }
        }
        let mut found = 0_usize;
        for (_, place, key, symbol) in lacking {
            let tick = lives.get_mut(place).and_then(|live| live.ticks.get_mut(&key));
            if let Some((tick, data)) = tick.zip(data.get(symbol.as_str())) {
                tick.bid = data.bid;
                tick.ask = data.ask;
                tick.last = tick.last.or(data.last);
                tick.volume = tick.volume.or(data.volume);
                tick.open_interest = tick.open_interest.or(data.open_interest);
                tick.source = Some(Source::Rest);
                found += 1;
            }
        }
        let over_rest = |tick: &Tick| tick.source == Some(Source::Rest);
        for live in lives.iter_mut().filter(|live| live.ticks.values().any(over_rest)) {
            live.as_of = clock::now();
            if !live.ticks.values().any(|tick| tick.source == Some(Source::Dxlink)) {
                live.source = Source::Rest;
            }
        }
        notes.push(format!(
            "The stream brought no quotes of {total} options in time; {found} came over REST. Ask again in a moment, or \
             for fewer options."
        ));
        if let Some(error) = failure {
            notes.push(format!("Not all of them came: {error}"));
        }
    }

    /// What the metrics say of the underlying's dividends; nothing where they do not come.
    async fn dividends(&self, picks: &[Pick<'_>]) -> Dividends {
        let share = picks.iter().map(|pick| pick.root.underlying.as_str()).find(|symbol| !symbol.starts_with('/'));
        let Some(symbol) = share.and_then(|symbol| Symbol::parse(symbol).ok()) else { return Dividends::default() };
        let symbols = std::slice::from_ref(&symbol);
        let asked = metrics::metrics(self.app, self.user, symbols);
        match within(METRICS.min(self.time_left()), asked).await {
            Some(Ok((found, _))) => found.get(symbol.as_str()).map(metrics::Figures::dividends).unwrap_or_default(),
            _ => Dividends::default(),
        }
    }

    /// The rate to compute with, where something is to be computed.
    async fn rate(&self, lives: &[Live], notes: &mut Vec<String>) -> Option<f64> {
        lives.iter().flat_map(|live| live.ticks.values()).find(|tick| tick.greeks.is_none())?;
        let (rate, note) = rate::or_usual(self.app, self.user, self.time_left()).await;
        notes.extend(note);
        Some(rate)
    }
}

/// How old quotes and greeks may be for a user who takes chains of that age, in seconds.
fn live_seconds(ttl: i64) -> i64 {
    let [least, most] = LIVE_SECONDS;
    (ttl / 10).clamp(least, most).min(ttl)
}

/// With what the greeks of the parts were computed.
fn how_computed(parts: &[Part<'_>], rate: f64, dividends: Dividends, now: Timestamp) -> String {
    let percent = |value: f64| (value * 10_000.0).round() / 100.0;
    let has_computed = |part: &&Part<'_>| part.computed.values().any(Result::is_ok);
    let of = |part: &Part<'_>| {
        let market = compute::market(&part.pick, &part.live, rate, dividends, now).ok()?;
        Some(match market.from {
            Yields::Pair => "the dividend yield that calls and puts at the money imply".to_owned(),
            Yields::Metrics => format!("a dividend yield of {} % by TastyTrade's metrics", percent(market.yields)),
            Yields::Rate => "futures that cost nothing to hold".to_owned(),
            Yields::Nothing => "no dividends, as none are known".to_owned(),
        })
    };
    let mut yields: Vec<String> = parts.iter().filter(has_computed).filter_map(of).collect();
    yields.sort();
    yields.dedup();
    format!(
        "The greeks of {} options were computed here from the middle of bid and ask, for European exercise, with a rate of {} \
         % and {}.",
        assemble::computed(parts),
        percent(rate),
        yields.join(", or ")
    )
}

struct Streamed {
    collected: Vec<Collected>,
    as_of: Timestamp,
    is_delayed: bool,
}

/// What the picks are kept under in the cache, one name each; one for all of them where they are many.
fn keys(picks: &[Pick<'_>]) -> Vec<String> {
    let of = |pick: &Pick<'_>| format!("{}:{}:{}", pick.root.underlying, pick.expiration.date, pick.root.root);
    match picks {
        [] => Vec::new(),
        [first, ..] if picks.len() > ENTRIES => vec![shared_key(first)],
        _ => picks.iter().map(of).collect(),
    }
}

/// The name of many expirations together.
fn shared_key(first: &Pick<'_>) -> String {
    format!("{}:all", first.root.underlying)
}

/// What a collection has of an option.
fn tick_of(collected: &Collected, streamer: &str) -> Tick {
    let quote = collected.quotes.get(streamer);
    let trade = collected.trades.get(streamer);
    let greeks = collected.greeks.get(streamer).and_then(|of| {
        let [delta, gamma, theta, vega, iv] = [of.delta?, of.gamma?, of.theta?, of.vega?, of.iv?];
        Some(Greeks { delta, gamma, theta, vega, iv })
    });
    Tick {
        bid: quote.and_then(|quote| quote.bid),
        ask: quote.and_then(|quote| quote.ask),
        last: trade.and_then(|trade| trade.price),
        volume: trade.and_then(|trade| trade.day_volume),
        open_interest: collected.summaries.get(streamer).and_then(|summary| summary.open_interest),
        greeks,
        source: quote.map(|_| Source::Dxlink),
    }
}

/// The key of the structure of a chain in the cache; of a future's product with its slash.
fn structure_key(symbol: &str) -> String {
    format!("chain:{symbol}:all")
}

/// The key of quotes and greeks in the cache: of one expiration, or of many.
fn live_key(options: &str) -> String {
    format!("chain:{options}:live")
}

/// The key of an underlying's price in the cache.
fn price_key(symbol: &str) -> String {
    format!("chain:{symbol}:price")
}

/// Options as columns, for computing with.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Columns {
    pub(crate) symbol: Symbol,
    /// The price of the symbol, where it is known.
    pub(crate) price: Option<f64>,
    /// Those that have quotes and a price, the nearest first.
    pub(crate) expirations: Vec<Expiration>,
    pub(crate) source: Source,
    /// When the oldest of them was read.
    pub(crate) as_of: Timestamp,
    /// What did not come, in plain words.
    pub(crate) missing: Vec<String>,
    pub(crate) notes: Vec<String>,
}

/// An expiration as columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expiration {
    pub(crate) date: NaiveDate,
    pub(crate) root: String,
    /// What it is written on: the symbol itself, or a future.
    pub(crate) underlying: String,
    /// The price of that, in the strikes' units.
    pub(crate) price: f64,
    pub(crate) is_monthly: bool,
    /// Whether it settles to the opening prices of its last day.
    pub(crate) is_morning: bool,
    /// Whether a contract delivers the usual.
    pub(crate) is_standard: bool,
    /// Days, time, strikes and quotes.
    pub(crate) quotes: scan::Expiration,
    /// TastyTrade's symbols by the places of the strikes.
    pub(crate) call_symbols: Vec<Option<String>>,
    pub(crate) put_symbols: Vec<Option<String>>,
    /// How many of its greeks were computed here.
    pub(crate) computed: usize,
    pub(crate) as_of: Timestamp,
}

impl Expiration {
    /// Its symbols of a side.
    pub(crate) fn symbols(&self, side: Side) -> &[Option<String>] {
        match side {
            Side::Call => &self.call_symbols,
            Side::Put => &self.put_symbols,
        }
    }
}

/// What is quoted, as columns. An expiration whose underlying has no price, or that has ended, is left out with a reason.
pub(crate) fn columns(symbol: &Symbol, quoted: &Quoted<'_>, rate: f64, now: Timestamp) -> Columns {
    let mut missing = assemble::lacking(&quoted.parts);
    let mut expirations = Vec::with_capacity(quoted.parts.len());
    for part in &quoted.parts {
        match expiration(part, rate, now) {
            Ok(expiration) => expirations.push(expiration),
            Err(why) => missing.push(format!("the options of {}: {why}", part.pick.expiration.date)),
        }
    }
    let is_cached = !quoted.parts.is_empty() && quoted.parts.iter().all(|part| part.live.source == Source::Cache);
    let is_streamed = quoted.parts.iter().any(|part| part.live.source == Source::Dxlink);
    let fresh = if is_streamed { Source::Dxlink } else { Source::Rest };
    Columns {
        symbol: symbol.clone(),
        price: quoted.price.and_then(float),
        expirations,
        source: if is_cached { Source::Cache } else { fresh },
        as_of: quoted.parts.iter().map(|part| part.live.as_of).min().unwrap_or(now),
        missing,
        notes: quoted.notes.clone(),
    }
}

fn expiration(part: &Part<'_>, rate: f64, now: Timestamp) -> Result<Expiration, &'static str> {
    let pick = &part.pick;
    let market = compute::market(pick, &part.live, rate, Dividends::default(), now)?;
    let places: Vec<(usize, f64)> = pick
        .places
        .iter()
        .filter_map(|place| Some((*place, pick.expiration.strike(*place).and_then(float)?)))
        .collect();
    let side = |side: Side| {
        let mut quotes = Quotes::default();
        let mut symbols = Vec::with_capacity(places.len());
        for (place, _) in &places {
            let key = Key::new(*place, side);
            let tick = part.live.ticks.get(&key);
            let greeks = tick.and_then(|tick| part.greeks(key, tick).ok()).map(|(greeks, _)| greeks);
            quotes.bid.push(tick.and_then(|tick| tick.bid).and_then(float));
            quotes.ask.push(tick.and_then(|tick| tick.ask).and_then(float));
            quotes.iv.push(greeks.map(|of| of.iv));
            quotes.delta.push(greeks.map(|of| of.delta));
            quotes.gamma.push(greeks.map(|of| of.gamma));
            quotes.theta.push(greeks.map(|of| of.theta));
            quotes.vega.push(greeks.map(|of| of.vega));
            #[expect(clippy::cast_precision_loss, reason = "counts of contracts")]
            quotes.open_interest.push(tick.and_then(|tick| tick.open_interest).map(|open| open as f64));
            quotes.volume.push(tick.and_then(|tick| tick.volume).and_then(float));
            symbols.push(pick.expiration.symbol(*place, side));
        }
        (quotes, symbols)
    };
    let ((calls, call_symbols), (puts, put_symbols)) = (side(Side::Call), side(Side::Put));
    Ok(Expiration {
        date: pick.expiration.date,
        root: pick.root.root.clone(),
        underlying: pick.root.underlying.clone(),
        price: market.spot,
        is_monthly: pick.expiration.is_monthly(),
        is_morning: pick.expiration.settlement.eq_ignore_ascii_case("am"),
        is_standard: pick.root.is_standard,
        quotes: scan::Expiration {
            dte: pick.dte,
            years: market.years,
            yields: market.yields,
            multiplier: pick.root.multiplier.and_then(float).filter(|of| *of > 0.0).unwrap_or(USUAL_MULTIPLIER),
            strikes: places.iter().map(|(_, strike)| *strike).collect(),
            calls,
            puts,
            // Whoever knows the events says so.
            has_earnings: false,
            dividend: None,
        },
        call_symbols,
        put_symbols,
        computed: part.computed.values().filter(|greeks| greeks.is_ok()).count(),
        as_of: part.live.as_of,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_that_a_user_takes_counts_for_quotes_as_well() {
        for (ttl, live) in [(0, 0), (5, 5), (30, 30), (300, 30), (450, 45), (600, 60), (3600, 60)] {
            assert_eq!(live_seconds(ttl), live, "{ttl}");
        }
    }
}
