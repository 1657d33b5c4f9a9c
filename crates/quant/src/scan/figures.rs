//! The figures of a candidate.

use domain::occ::Side;

use super::{Expiration, Kind, Quote, Request, choose};
use crate::probability::Walk;
use crate::strategy::{self, Leg, Market, Model, Shares, Strategy, Terminal};

/// What follows from a candidate's options and the market. An amount is in dollars of one contract of each leg, a price in
/// dollars per share, a share or probability a fraction. Profits, losses, break-evens, probability of profit and expected
/// profits are those at expiration after the fees of opening.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// The credit per share at the middle of bid and ask.
    pub credit: f64,
    /// The credit per share if what is sold is sold at the bid and what is bought is bought at the ask; it may be negative.
    pub credit_at_worst: f64,
    /// Shares per contract.
    pub multiplier: f64,
    /// The fees of opening.
    pub fees: f64,
    /// The most that can be earned.
    pub max_profit: f64,
    /// The most that can be lost, as a positive number; `None` where there is no limit.
    pub max_loss: Option<f64>,
    /// Prices of the underlying at which it earns nothing, ascending.
    pub break_evens: Vec<f64>,
    /// How far the underlying may move against it until the nearer break-even, of the price: down for puts and covered calls, up
    /// for call spreads, the nearer one for those with both sides.
    pub cushion: f64,
    /// How far what is sold is out of the money, of the price; the nearer one of two.
    pub otm: f64,
    /// The same in expected moves.
    pub moves: f64,
    /// One standard deviation of the price until the end by the volatility at the money, per share.
    pub expected_move: f64,
    /// The distance of the strikes of a spread, the wider one of a condor.
    pub width: Option<f64>,
    /// The credit of that.
    pub credit_of_width: Option<f64>,
    /// What is set aside: the cash for a put, the price of the shares for a covered call, what can be lost for a spread or condor;
    /// of a strangle, the estimate of what a margin account requires.
    pub collateral: f64,
    /// The estimate of what a margin account's buying power falls by.
    pub buying_power: f64,
    /// The credit after fees, of the collateral.
    pub on_collateral: f64,
    /// The same per year of 365 days, without compounding.
    pub annualised: f64,
    /// Of a covered call: what comes if the shares are called away.
    pub covered: Option<Covered>,
    /// The volatility that the following are computed with, per year: that of what is sold, the mean of two.
    pub volatility: f64,
    /// The probability of any profit.
    pub pop: f64,
    /// The probability that something sold ends in the money, each by its own volatility.
    pub p_itm: f64,
    /// The probability that the strike of something sold is touched before the end; of two the sum, at most 1.
    pub p_touch: f64,
    /// The expected profit from now on. With fair premiums it is near zero by construction, less the fees.
    pub ev: f64,
    /// The expected profit if the underlying moves at its realised volatility.
    pub ev_realised: Option<f64>,
    /// Dollars per dollar of the underlying, shares included.
    pub delta: f64,
    /// Gamma of the whole, dollars of theta per calendar day, dollars of vega per point of volatility.
    pub others: Option<[f64; 3]>,
    /// Bid to ask of all options, of the sum of their middles.
    pub spread: f64,
    /// The least of all options; `None` where one is not known.
    pub open_interest: Option<f64>,
    /// Likewise of the contracts traded today.
    pub volume: Option<f64>,
}

/// What a covered call brings, as fractions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Covered {
    /// What the shares cost, per share.
    pub basis: f64,
    /// The credit over the price of the shares now: nothing moves.
    pub unchanged: f64,
    /// Strike and credit over what the shares cost: they are called away.
    pub called: f64,
    /// The same per year.
    pub called_annualised: f64,
}

/// An expiration with what is looked for in it.
pub(super) struct Scene<'a> {
    pub(super) market: Market,
    pub(super) expiration: &'a Expiration,
    /// The volatility at the money.
    pub(super) volatility: f64,
    pub(super) request: &'a Request,
}

/// Whether a market and an expiration can be computed with at all.
pub(super) fn is_sound(market: &Market, expiration: &Expiration) -> bool {
    let is_multiplier = expiration.multiplier.is_finite() && (1e-3..=1e6).contains(&expiration.multiplier);
    let is_time = expiration.years.is_finite() && (1e-6..=10.0).contains(&expiration.years);
    market.check().is_ok() && is_multiplier && is_time
}

impl Scene<'_> {
    /// How far an option is out of the money, of the price; negative in the money.
    pub(super) fn otm(&self, quote: &Quote) -> f64 {
        let away = match quote.side {
            Side::Call => quote.strike - self.market.spot,
            Side::Put => self.market.spot - quote.strike,
        };
        away / self.market.spot
    }

    /// One standard deviation of the price until the end.
    fn expected_move(&self) -> f64 {
        self.market.spot * self.volatility * self.expiration.years.sqrt()
    }

    /// The figures of a candidate; `None` where one of them cannot be computed.
    pub(super) fn figures(&self, sold: &[Quote], bought: &[Quote]) -> Option<Figures> {
        let Self { market, expiration, request, .. } = self;
        let (kind, multiplier, years) = (request.kind, expiration.multiplier, expiration.years);
        let basis = request.background.basis.filter(|basis| basis.is_finite() && *basis > 0.0).unwrap_or(market.spot);
        let is_covered = kind == Kind::CoveredCall;
        let shares = |price: f64| is_covered.then_some(Shares { quantity: multiplier, price });
        let volatility = sold.iter().map(|quote| quote.iv).sum::<f64>() / count(sold.len())?;
        let plain = Strategy::new(self.legs(sold, bought), shares(basis)).ok()?;
        let options = Strategy::new(self.legs(sold, bought), None).ok()?;
        let fees = options.costs(&request.fees).open;
        let credit = plain.net_credit() / multiplier;
        let outcome = plain.clone().with_cash(-fees).ok()?.outcome(market, volatility, Model::European).ok()?;
        let tied = plain.collateral(market).ok()?;
        let collateral = match kind {
            Kind::CoveredCall => market.spot * multiplier,
            _ => tied.cash.unwrap_or(tied.buying_power),
        };
        let on_collateral = strategy::on_collateral(credit * multiplier - fees, collateral).ok()?;
        let width = self.width(sold, bought);
        let from_now = |volatility: f64| self.expected(&options, is_covered, volatility).map(|worth| worth - fees);
        let otm = sold.iter().map(|quote| self.otm(quote)).fold(f64::INFINITY, f64::min);
        let expected_move = self.expected_move();
        let greeks = self.greeks(sold, bought, is_covered);
        let figures = Figures {
            credit,
            credit_at_worst: sold.iter().map(|quote| quote.bid).sum::<f64>()
                - bought.iter().map(|quote| quote.ask).sum::<f64>(),
            multiplier,
            fees,
            max_profit: outcome.max_profit?,
            max_loss: outcome.max_loss.map(|loss| (-loss).max(0.0)),
            cushion: self.cushion(kind, &outcome.break_evens)?,
            break_evens: outcome.break_evens,
            otm,
            moves: otm * market.spot / expected_move,
            expected_move,
            width,
            credit_of_width: width.map(|width| credit / width),
            collateral,
            buying_power: tied.buying_power,
            on_collateral,
            annualised: strategy::annualised(on_collateral, years).ok()?,
            covered: if is_covered { Some(self.covered(sold, basis, credit)?) } else { None },
            volatility,
            pop: outcome.pop,
            p_itm: self.sum(sold, |quote| self.in_the_money(quote)),
            p_touch: self.sum(sold, |quote| self.touched(quote)),
            ev: from_now(volatility)?,
            ev_realised: request.background.realised.filter(|of| *of > 0.0).and_then(from_now),
            delta: greeks.0,
            others: greeks.1,
            spread: spread(sold, bought)?,
            open_interest: least(sold, bought, |quote| quote.open_interest),
            volume: least(sold, bought, |quote| quote.volume),
        };
        figures.is_finite().then_some(figures)
    }

    fn legs(&self, sold: &[Quote], bought: &[Quote]) -> Vec<Leg> {
        let leg = |quote: &Quote, quantity: f64| Leg {
            side: quote.side,
            strike: quote.strike,
            years: self.expiration.years,
            quantity,
            premium: quote.mid(),
            multiplier: self.expiration.multiplier,
            volatility: quote.iv,
        };
        let sold = sold.iter().map(|quote| leg(quote, -1.0));
        sold.chain(bought.iter().map(|quote| leg(quote, 1.0))).collect()
    }

    fn width(&self, sold: &[Quote], bought: &[Quote]) -> Option<f64> {
        let of = |sold: &Quote| {
            let other = bought.iter().find(|other| other.side == sold.side)?;
            Some(choose::width(sold, other))
        };
        sold.iter().filter_map(of).max_by(f64::total_cmp)
    }

    /// What the options pay on average at the end, less their premiums, with the shares from their price now on.
    fn expected(&self, options: &Strategy, is_covered: bool, volatility: f64) -> Option<f64> {
        let terminal = Terminal::new(&self.market, volatility, self.expiration.years).ok()?;
        let mut worth = 0.0;
        for leg in options.legs() {
            worth += leg.units() * (terminal.expected(leg.side, leg.strike).ok()? - leg.premium);
        }
        let shares =
            if is_covered { self.expiration.multiplier * (terminal.forward() - self.market.spot) } else { 0.0 };
        Some(worth + shares)
    }

    fn cushion(&self, kind: Kind, break_evens: &[f64]) -> Option<f64> {
        let spot = self.market.spot;
        let down = break_evens.first().map(|price| (spot - price) / spot);
        let up = break_evens.last().map(|price| (price - spot) / spot);
        // Where a credit is more than a wing is wide, there is none on that side.
        let nearer = break_evens.iter().map(|price| (price - spot).abs() / spot).min_by(f64::total_cmp);
        match kind {
            Kind::CashSecuredPut | Kind::CoveredCall | Kind::PutSpread => down,
            Kind::CallSpread => up,
            Kind::IronCondor | Kind::Strangle => nearer,
        }
    }

    fn covered(&self, sold: &[Quote], basis: f64, credit: f64) -> Option<Covered> {
        let strike = sold.first()?.strike;
        let returns = strategy::if_called(self.market.spot, basis, strike, credit).ok()?;
        Some(Covered {
            basis,
            unchanged: returns.unchanged,
            called: returns.called,
            called_annualised: strategy::annualised(returns.called, self.expiration.years).ok()?,
        })
    }

    fn in_the_money(&self, quote: &Quote) -> Option<f64> {
        let terminal = Terminal::new(&self.market, quote.iv, self.expiration.years).ok()?;
        Some(match quote.side {
            Side::Call => terminal.above(quote.strike),
            Side::Put => terminal.below(quote.strike),
        })
    }

    fn touched(&self, quote: &Quote) -> Option<f64> {
        let Market { spot, rate, yields } = self.market;
        let walk = Walk { spot, years: self.expiration.years, rate, yields, volatility: quote.iv };
        walk.touch(quote.strike).ok()
    }

    /// Put and call that are sold cannot end in the money both.
    fn sum(&self, sold: &[Quote], of: impl Fn(&Quote) -> Option<f64>) -> f64 {
        sold.iter().filter_map(of).sum::<f64>().clamp(0.0, 1.0)
    }

    fn greeks(&self, sold: &[Quote], bought: &[Quote], is_covered: bool) -> (f64, Option<[f64; 3]>) {
        let multiplier = self.expiration.multiplier;
        let signed = || sold.iter().map(|quote| (quote, -multiplier)).chain(bought.iter().map(|of| (of, multiplier)));
        let mut others = Some([0.0; 3]);
        let mut delta = if is_covered { multiplier } else { 0.0 };
        for (quote, units) in signed() {
            delta += units * quote.delta;
            others = others.zip(quote.others).map(|([gamma, theta, vega], [more, decay, rise])| {
                [gamma + units * more, theta + units * decay, vega + units * rise]
            });
        }
        (delta, others)
    }
}

impl Figures {
    fn is_finite(&self) -> bool {
        let Self { credit, credit_at_worst, fees, max_profit, max_loss, cushion, otm, moves, expected_move, .. } = self;
        let Self {
            collateral, buying_power, on_collateral, annualised, pop, p_itm, p_touch, ev, delta, spread, ..
        } = self;
        let plain = [credit, credit_at_worst, fees, max_profit, cushion, otm, moves, expected_move, collateral];
        let others = [buying_power, on_collateral, annualised, pop, p_itm, p_touch, ev, delta, spread];
        let loose = max_loss.iter().chain(&self.ev_realised).chain(&self.credit_of_width).chain(&self.break_evens);
        plain.into_iter().chain(others).chain(loose).chain(self.others.iter().flatten()).all(|value| value.is_finite())
    }
}

fn count(of: usize) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "one or two options")]
    (of > 0).then_some(of as f64)
}

fn spread(sold: &[Quote], bought: &[Quote]) -> Option<f64> {
    let all = || sold.iter().chain(bought);
    let middle: f64 = all().map(Quote::mid).sum();
    (middle > 0.0).then(|| all().map(Quote::spread).sum::<f64>() / middle)
}

fn least(sold: &[Quote], bought: &[Quote], of: impl Fn(&Quote) -> Option<f64>) -> Option<f64> {
    sold.iter().chain(bought).map(of).collect::<Option<Vec<f64>>>()?.into_iter().min_by(f64::total_cmp)
}
