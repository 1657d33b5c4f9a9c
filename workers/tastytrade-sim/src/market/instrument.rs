//! Anything that has a price, found by its type and symbol or by the streamer's symbol.

use domain::Timestamp;

use super::{
    Kind, Listing, Market,
    activity::Subject,
    bsm::Greeks,
    futures::{self, Contract, FutureOption},
    listing,
    occ::Occ,
    options::{self, Model},
};

/// Anything that has a price.
#[derive(Debug, Clone)]
pub(crate) enum Instrument {
    /// A share, an index or a coin.
    Listed(&'static Listing),
    /// An option on a share or an index.
    EquityOption(Occ),
    /// A future.
    Future(Contract),
    /// An option on a future.
    FutureOption(FutureOption),
}

impl Instrument {
    /// By the wire's type and symbol: `("Equity Option", "SPY   261218P00600000")`; listed or not.
    pub(crate) fn find(kind: &str, symbol: &str) -> Option<Self> {
        let listed =
            |wanted: &[Kind]| listing::find(symbol).filter(|listing| wanted.contains(&listing.kind)).map(Self::Listed);
        match kind {
            "Equity" => listed(&[Kind::Stock, Kind::Fund]),
            "Index" => listed(&[Kind::Index]),
            "Cryptocurrency" => listed(&[Kind::Crypto]),
            "Equity Option" => {
                Occ::parse(symbol).filter(|option| option.underlying().is_some()).map(Self::EquityOption)
            }
            "Future" => Contract::parse(symbol).map(Self::Future),
            "Future Option" => FutureOption::parse(symbol).map(Self::FutureOption),
            _ => None,
        }
    }

    /// By the streamer's symbol: `SPY`, `.SPY261218P600`, `/ESZ26:XCME`, `./EW4X26P6500:XCME`, `BTC/USD:CXTALP`.
    pub(crate) fn of_streamer_symbol(symbol: &str) -> Option<Self> {
        if symbol.starts_with("./") {
            FutureOption::of_streamer_symbol(symbol).map(Self::FutureOption)
        } else if symbol.starts_with('.') {
            let option = Occ::of_streamer_symbol(symbol)?;
            option.underlying().is_some().then_some(Self::EquityOption(option))
        } else if symbol.starts_with('/') {
            Contract::of_streamer_symbol(symbol).map(Self::Future)
        } else {
            let listing = listing::find(symbol.strip_suffix(":CXTALP").unwrap_or(symbol))?;
            (listing.streamer_symbol() == symbol).then_some(Self::Listed(listing))
        }
    }

    /// The wire's symbol.
    pub(crate) fn symbol(&self) -> String {
        match self {
            Self::Listed(listing) => listing.symbol.to_owned(),
            Self::EquityOption(option) => option.to_string(),
            Self::Future(contract) => contract.to_string(),
            Self::FutureOption(option) => option.to_string(),
        }
    }

    /// The streamer's symbol.
    pub(crate) fn streamer_symbol(&self) -> String {
        match self {
            Self::Listed(listing) => listing.streamer_symbol(),
            Self::EquityOption(option) => option.streamer_symbol(),
            Self::Future(contract) => contract.streamer_symbol(),
            Self::FutureOption(option) => option.streamer_symbol(),
        }
    }

    /// The wire's type.
    pub(crate) fn instrument_type(&self) -> &'static str {
        match self {
            Self::Listed(listing) => listing.instrument_type(),
            Self::EquityOption(_) => "Equity Option",
            Self::Future(_) => "Future",
            Self::FutureOption(_) => "Future Option",
        }
    }

    /// The listing whose price it follows.
    pub(crate) fn listing(&self) -> Option<&'static Listing> {
        match self {
            Self::Listed(listing) => Some(listing),
            Self::EquityOption(option) => option.underlying(),
            Self::Future(contract) => contract.index(),
            Self::FutureOption(option) => option.contract.index(),
        }
    }

    /// The wire's symbol of what it is written on; its own for what is written on nothing.
    pub(crate) fn underlying_symbol(&self) -> String {
        match self {
            Self::EquityOption(option) => {
                option.underlying().map_or_else(|| option.root.clone(), |listing| listing.symbol.to_owned())
            }
            Self::FutureOption(option) => option.contract.to_string(),
            Self::Listed(_) | Self::Future(_) => self.symbol(),
        }
    }

    /// Dollars per point of price and unit.
    pub(crate) fn multiplier(&self) -> f64 {
        match self {
            Self::Listed(_) => 1.0,
            Self::EquityOption(_) => 100.0,
            Self::Future(contract) => contract.product.multiplier,
            Self::FutureOption(option) => option.contract.product.multiplier,
        }
    }

    /// When it ends.
    pub(crate) fn expires_at(&self) -> Option<Timestamp> {
        match self {
            Self::Listed(_) => None,
            Self::EquityOption(option) => Some(options::expires_at(option)),
            Self::Future(contract) => Some(contract.expires_at()),
            Self::FutureOption(option) => Some(option.expires_at()),
        }
    }

    /// Whether it is an option.
    pub(crate) fn is_option(&self) -> bool {
        matches!(self, Self::EquityOption(_) | Self::FutureOption(_))
    }
}

impl Market<'_> {
    /// Whether it can be traded or watched at a moment.
    pub(crate) fn lists(&self, instrument: &Instrument, now: Timestamp) -> bool {
        match instrument {
            Instrument::Listed(_) => true,
            Instrument::EquityOption(option) => self.is_listed(option, now),
            Instrument::Future(contract) => {
                futures::listed(contract.product, now).iter().any(|other| other.to_string() == contract.to_string())
            }
            Instrument::FutureOption(option) => self.is_future_option_listed(option, now),
        }
    }

    /// The model of an option; `None` for what is no option.
    pub(crate) fn model_of(&self, instrument: &Instrument, at: Timestamp) -> Option<Model> {
        match instrument {
            Instrument::EquityOption(option) => self.option_model(option, at),
            Instrument::FutureOption(option) => self.future_option_model(option, at),
            Instrument::Listed(_) | Instrument::Future(_) => None,
        }
    }

    /// Value, implied volatility and greeks of an option.
    pub(crate) fn greeks(&self, instrument: &Instrument, at: Timestamp) -> Option<Greeks> {
        let model = self.model_of(instrument, at)?;
        match instrument {
            Instrument::EquityOption(option) => Some(model.greeks(option.right, option.strike())),
            Instrument::FutureOption(option) => Some(model.greeks(option.right, option.strike())),
            Instrument::Listed(_) | Instrument::Future(_) => None,
        }
    }

    /// What was traded in the session of a moment up to it: shares, contracts or coins; zero for an index.
    pub(crate) fn volume_of(&self, instrument: &Instrument, now: Timestamp) -> f64 {
        let Some(listing) = instrument.listing() else { return 0.0 };
        let session = super::hours::current(listing, now);
        match instrument {
            Instrument::Listed(listing) => self.volume(listing, &session, now),
            Instrument::Future(contract) => {
                (self.volume_of_fund(&session, now) * contract.product.volume * 1000.0).floor()
            }
            Instrument::EquityOption(_) | Instrument::FutureOption(_) => {
                let symbol = instrument.symbol();
                subject(instrument, &symbol).map_or(0.0, |subject| self.option_volume(subject, &session, now))
            }
        }
    }

    /// How much of an average day the biggest fund has traded: futures follow it.
    pub(crate) fn volume_of_fund(&self, session: &crate::calendar::Session, until: Timestamp) -> f64 {
        listing::find("SPY").map_or(0.0, |spy| self.volume(spy, session, until) / spy.volume)
    }
}

/// An option as far as its trading goes.
pub(crate) fn subject<'a>(instrument: &Instrument, symbol: &'a str) -> Option<Subject<'a>> {
    let listing = instrument.listing()?;
    let strike = match instrument {
        Instrument::EquityOption(option) => option.strike() / option.shares().unwrap_or(1.0),
        Instrument::FutureOption(option) => option.strike(),
        Instrument::Listed(_) | Instrument::Future(_) => return None,
    };
    Some(Subject { listing, symbol, moneyness: strike / listing.base })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_symbols_of_a_thing_find_it() {
        for (kind, symbol, streamer) in [
            ("Equity", "BRK/B", "BRK/B"),
            ("Index", "VIX", "VIX"),
            ("Cryptocurrency", "BTC/USD", "BTC/USD:CXTALP"),
            ("Equity Option", "SPXW  261218P06500000", ".SPXW261218P6500"),
            ("Future", "/ESZ6", "/ESZ26:XCME"),
            ("Future Option", "./ESZ6 EW4X6 261127P6500", "./EW4X26P6500:XCME"),
        ] {
            let found = Instrument::find(kind, symbol).unwrap();
            assert_eq!((found.symbol(), found.streamer_symbol()), (symbol.to_owned(), streamer.to_owned()));
            assert_eq!(found.instrument_type(), kind);
            assert_eq!(Instrument::of_streamer_symbol(streamer).unwrap().symbol(), symbol);
        }
        for streamer in ["BTC/USD", "NOPE", "", ".", "/", "./", "SPY:CXTALP"] {
            assert!(Instrument::of_streamer_symbol(streamer).is_none(), "{streamer}");
        }
    }
}
