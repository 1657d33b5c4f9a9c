//! The positions of an account, `GET /accounts/{number}/positions`.

use domain::{
    AccountNumber, Decimal,
    portfolio::{Direction, Position},
};

use crate::{Answer, Error, Noted, Request, fields::Fields};

/// Asks for the open positions; with `include_marks` each has its price and value now.
pub fn request(account: &AccountNumber, include_marks: bool) -> Request {
    let query = if include_marks { "?include-marks=true" } else { "" };
    Request::get(format!("/accounts/{}/positions{query}", account.as_str()))
}

/// A position with what is needed to value it now.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The position.
    pub position: Position,
    /// The instrument's name in market data, where TastyTrade gives it.
    pub streamer_symbol: Option<String>,
    /// The price per unit that today's profit counts from: the previous close, or for what was opened today the price at
    /// which it was.
    pub day_reference: Option<Decimal>,
}

/// Reads the positions of `account`. One without symbol, kind, quantity or direction is an error, since a position that is
/// left out counts as closed.
pub fn read(account: &AccountNumber, answer: &Answer) -> Result<Noted<Vec<Position>>, Error> {
    let Noted { value, notes } = read_held(account, answer)?;
    Ok(Noted { value: value.into_iter().map(|held| held.position).collect(), notes })
}

/// Like [`read`], with what is needed to value the positions now.
pub fn read_held(account: &AccountNumber, answer: &Answer) -> Result<Noted<Vec<Held>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for mut item in answer.items()? {
        let quantity = item.required("quantity", Fields::decimal)?;
        let direction =
            item.required("quantity-direction", |item, name| item.text(name).as_deref().and_then(Direction::parse))?;
        let position = Position {
            account_number: account.clone(),
            symbol: item.required("symbol", Fields::text)?,
            underlying_symbol: item.required("underlying-symbol", Fields::text)?,
            instrument_type: item.required("instrument-type", Fields::text)?,
            quantity: Decimal(quantity.0.abs()),
            quantity_direction: direction,
            average_open_price: item.decimal("average-open-price"),
            close_price: item.decimal("close-price"),
            mark: item.decimal("mark").map(|mark| direction.signed(mark)),
            mark_price: item.decimal("mark-price"),
            realized_day_gain: item.signed("realized-day-gain"),
            multiplier: item.decimal("multiplier"),
            expires_at: item.moment("expires-at"),
            opened_at: item.moment("created-at"),
        };
        noted.value.push(Held {
            position,
            streamer_symbol: item.text("streamer-symbol"),
            day_reference: item.decimal("average-daily-market-close-price"),
        });
        noted.notes.append(&mut item.notes);
    }
    Ok(noted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    fn account() -> AccountNumber {
        AccountNumber::new("5WT00001").unwrap()
    }

    #[test]
    fn requests() {
        assert_eq!(request(&account(), false).path_and_query, "/accounts/5WT00001/positions");
        assert_eq!(request(&account(), true).path_and_query, "/accounts/5WT00001/positions?include-marks=true");
    }

    #[test]
    fn positions_are_read() {
        let body = r#"{"data":{"items":[
            {"account-number":"5WT00001","symbol":"NVDA  270115P00150000","instrument-type":"Equity Option",
             "underlying-symbol":"NVDA","quantity":2,"quantity-direction":"Short","close-price":"3.1",
             "average-open-price":"4.25","multiplier":100,"mark":"-560.0","mark-price":"2.8",
             "expires-at":"2027-01-15T21:00:00.000+00:00","realized-day-gain":"12.5","realized-day-gain-effect":"Debit",
             "fixing-price":"NaN","created-at":"2026-11-02T14:31:00.000+00:00"},
            {"symbol":"ODD/STOCK","underlying-symbol":"ODD/STOCK","instrument-type":"Equity","quantity":"0.5","quantity-direction":"long"}
            ]},"context":"/accounts/5WT00001/positions"}"#;
        let positions = read(&account(), &answer(200, body)).unwrap();
        assert_eq!(positions.notes, Vec::<String>::new());
        let [option, share] = positions.value.try_into().unwrap();
        assert_eq!((option.quantity.to_string().as_str(), option.quantity_direction), ("2", Direction::Short));
        assert_eq!(option.mark.unwrap().to_string(), "-560.0");
        assert_eq!(option.realized_day_gain.unwrap().to_string(), "-12.5");
        assert_eq!(option.multiplier.unwrap().to_string(), "100");
        assert_eq!(option.expires_at.unwrap().to_rfc3339(), "2027-01-15T21:00:00+00:00");
        assert_eq!((share.symbol.as_str(), share.quantity_direction), ("ODD/STOCK", Direction::Long));
        assert_eq!((share.mark, share.expires_at, share.opened_at), (None, None, None));
    }

    #[test]
    fn a_position_that_cannot_be_read_is_an_error() {
        let good = r#""symbol":"A","underlying-symbol":"A","instrument-type":"Equity","quantity":"1","quantity-direction":"Long""#;
        for (from, to, problem) in [
            (r#""symbol":"A","#, "", "data.items[0].symbol: missing"),
            ("underlying-", "x-", "data.items[0].underlying-symbol: missing"),
            (r#":"Equity""#, ":null", "data.items[0].instrument-type: cannot be read"),
            (r#""1""#, r#""x""#, "data.items[0].quantity: cannot be read"),
            (r#""Long""#, r#""Up""#, "data.items[0].quantity-direction: cannot be read"),
        ] {
            let item = good.replacen(from, to, 1);
            let body = format!(r#"{{"data":{{"items":[{{{item}}}]}}}}"#);
            let expected = Error::Invalid { problem: problem.to_owned() };
            assert_eq!(read(&account(), &answer(200, &body)).err(), Some(expected));
        }
    }
}
