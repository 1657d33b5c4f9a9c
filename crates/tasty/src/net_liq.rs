//! What an account was worth over time, `GET /accounts/{number}/net-liq/history`.

use domain::{AccountNumber, Decimal, Timestamp};

use crate::{Answer, Error, Noted, Request, fields::Fields};

/// The spans that TastyTrade knows, shortest first.
pub const RANGES: [&str; 7] = ["1d", "1w", "1m", "3m", "6m", "1y", "all"];

/// The worth over one stretch of time, in US dollars: everything at its mark, cash, and cash on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Point {
    /// The moment that the stretch is named by.
    pub time: Timestamp,
    /// At its beginning.
    pub open: Decimal,
    /// The most.
    pub high: Decimal,
    /// The least.
    pub low: Decimal,
    /// At its end.
    pub close: Decimal,
}

/// Asks for the history over one of [`RANGES`].
pub fn request(account: &AccountNumber, range: &'static str) -> Request {
    Request::get(format!("/accounts/{}/net-liq/history?time-back={range}", account.as_str()))
}

/// Reads it, oldest first. A stretch without time or end is left out with a note; what else it lacks is what it ended at.
pub fn read(answer: &Answer) -> Result<Noted<Vec<Point>>, Error> {
    let mut noted = Noted { value: Vec::new(), notes: Vec::new() };
    for mut item in answer.items()? {
        match one(&mut item) {
            Ok(point) => noted.value.push(point),
            Err(error) => item.notes.push(error.to_string()),
        }
        noted.notes.append(&mut item.notes);
    }
    noted.value.sort_by_key(|point: &Point| point.time);
    Ok(noted)
}

fn one(item: &mut Fields<'_>) -> Result<Point, Error> {
    let time = item.required("time", Fields::moment)?;
    // Without the totals it is what counts no cash on its way.
    let mut total = |name: &str| item.decimal(&format!("total-{name}")).or_else(|| item.decimal(name));
    let (open, high, low) = (total("open"), total("high"), total("low"));
    let close = match total("close") {
        Some(close) => close,
        None => item.required("total-close", Fields::decimal)?,
    };
    let open = open.unwrap_or(close);
    let high = high.unwrap_or(close).max(open).max(close);
    let low = low.unwrap_or(close).min(open).min(close);
    Ok(Point { time, open, high, low, close })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn a_history_is_read() {
        let account = AccountNumber::new("5WT00001").unwrap();
        assert_eq!(request(&account, "1m").path_and_query, "/accounts/5WT00001/net-liq/history?time-back=1m");
        let body = r#"{"data":{"items":[
            {"open":"1","high":"9","low":"1","close":"2","total-open":"101.5","total-high":"110","total-low":"100.25",
             "total-close":"105","time":"2026-08-24T13:35:00+00"},
            {"close":"99","time":"2026-08-24T13:30:00+00"},
            {"total-open":"99","time":"2026-08-24T13:40:00+00"},
            {"total-close":"99"}]}}"#;
        let read = read(&answer(200, body)).unwrap();
        assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
        let [first, second] = read.value.try_into().unwrap();
        let text =
            |point: Point| [point.open, point.high, point.low, point.close].map(|price| price.to_string()).join(" ");
        assert_eq!(
            (first.time.to_rfc3339().as_str(), text(first).as_str()),
            ("2026-08-24T13:30:00+00:00", "99 99 99 99")
        );
        assert_eq!(text(second), "101.5 110 100.25 105");
    }
}
