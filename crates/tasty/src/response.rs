//! Answers: from status and bytes to a value or to the error that says what to do.

use domain::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{Error, fields::Fields};

/// How long to wait when TastyTrade limits the rate and does not say for how long, in seconds.
const RETRY_AFTER: u32 = 5;

/// The longest wait that is believed, in seconds: a day.
const RETRY_AFTER_MAX: u32 = 86_400;

/// What came back.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Seconds that TastyTrade asks to wait.
    pub retry_after: Option<u32>,
    /// The body as it came.
    pub body: Vec<u8>,
}

/// A value, with notes on what was not read: `data.items[0].beta: not a number`. The notes are for the log; they name
/// fields and never hold their values.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted<T> {
    /// The value.
    pub value: T,
    /// The fields that are absent because they could not be read.
    pub notes: Vec<String>,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many items.
    pub size: u32,
    /// Which one, counted from 0.
    pub number: u32,
}

impl Default for Page {
    fn default() -> Self {
        Self { size: 100, number: 0 }
    }
}

impl Page {
    /// Name and value as they stand in a query.
    pub(crate) fn pairs(self) -> Vec<(&'static str, String)> {
        vec![("per-page", self.size.to_string()), ("page-offset", self.number.to_string())]
    }
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Paged<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How many items there are on all pages, where TastyTrade says so.
    pub total_items: Option<u64>,
    /// How many pages there are, where TastyTrade says so.
    pub total_pages: Option<u64>,
}

impl Answer {
    /// An answer. `retry_after` is the header of that name, in either of its forms.
    pub fn new(status: u16, retry_after: Option<&str>, body: impl Into<Vec<u8>>, now: Timestamp) -> Self {
        let retry_after = retry_after.and_then(|header| seconds(header.trim(), now));
        Self { status, retry_after, body: body.into() }
    }

    /// Nothing, if the status is a success; else its error.
    pub fn check(&self) -> Result<(), Error> {
        Err(match self.status {
            200..=299 => return Ok(()),
            401 => Error::TokenExpired,
            408 => Error::TimedOut,
            429 => Error::RateLimited { retry_after: self.retry_after.unwrap_or(RETRY_AFTER) },
            400..=499 => Error::Refused { status: self.status },
            status => Error::Unavailable { status },
        })
    }

    /// The body as `T`, whatever the status is.
    pub(crate) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        let mut reader = serde_json::Deserializer::from_slice(&self.body);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let what = match error.inner().classify() {
                serde_json::error::Category::Eof => "cut off",
                serde_json::error::Category::Data => "missing or of another type",
                serde_json::error::Category::Syntax | serde_json::error::Category::Io => "not JSON",
            };
            Error::invalid(&error.path().to_string(), what)
        })?;
        reader.end().map_err(|_| Error::invalid(".", "more than one document"))?;
        Ok(value)
    }

    /// What `data` holds, once the status is a success.
    pub(crate) fn data<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        self.check()?;
        Ok(self.json::<Envelope<T>>()?.data)
    }

    /// As [`Self::data`], for what is large: where the broken part stands is found out only if something is broken.
    pub(crate) fn quick<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        self.check()?;
        match serde_json::from_slice::<Envelope<T>>(&self.body) {
            Ok(envelope) => Ok(envelope.data),
            Err(_) => self.data(),
        }
    }

    /// The one object in `data`.
    pub(crate) fn object(&self) -> Result<Fields<'_>, Error> {
        Ok(Fields::new("data".to_owned(), self.data()?))
    }

    /// All of `data.items`. A list that goes on on another page is an error: whoever asks for a list takes what is not in
    /// it for gone.
    pub(crate) fn items(&self) -> Result<Vec<Fields<'_>>, Error> {
        let (items, pagination) = self.listing()?;
        if pagination.total_pages.unwrap_or(1) > 1 {
            return Err(Error::invalid("pagination.total-pages", "more than one page"));
        }
        Ok(items)
    }

    /// The items of `data.items` on this page, through their reader, and how many there are in all.
    pub(crate) fn page<T>(&self, one: impl Fn(&mut Fields<'_>) -> Result<T, Error>) -> Result<Noted<Paged<T>>, Error> {
        let (items, Pagination { total_items, total_pages }) = self.listing()?;
        let mut paged = Paged { items: Vec::with_capacity(items.len()), total_items, total_pages };
        let mut notes = Vec::new();
        for mut item in items {
            paged.items.push(one(&mut item)?);
            notes.append(&mut item.notes);
        }
        Ok(Noted { value: paged, notes })
    }

    fn listing(&self) -> Result<(Vec<Fields<'_>>, Pagination), Error> {
        self.check()?;
        let listing: Listing = self.json()?;
        let pagination = listing.pagination.and_then(|raw| serde_json::from_str::<Pagination>(raw.get()).ok());
        let fields = |(position, map)| Fields::new(format!("data.items[{position}]"), map);
        Ok((listing.data.items.into_iter().enumerate().map(fields).collect(), pagination.unwrap_or_default()))
    }
}

impl std::fmt::Debug for Answer {
    /// Without the body, which may hold tokens or a customer's data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.body.len())
    }
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

#[derive(Deserialize)]
struct Listing<'a> {
    #[serde(borrow)]
    data: Items<'a>,
    #[serde(borrow, default)]
    pagination: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow)]
    items: Vec<crate::fields::Raw<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Pagination {
    total_items: Option<u64>,
    total_pages: Option<u64>,
}

/// Seconds of a `Retry-After`, which is a number of them or a date. Fractions and dates round up.
fn seconds(header: &str, now: Timestamp) -> Option<u32> {
    let seconds = if let Ok(number) = header.parse::<u64>() {
        number
    } else {
        let until = chrono::DateTime::parse_from_rfc2822(header).ok()?.with_timezone(&chrono::Utc);
        let millis = u64::try_from(until.signed_duration_since(now).num_milliseconds()).unwrap_or(0);
        millis.div_ceil(1000)
    };
    Some(u32::try_from(seconds).unwrap_or(u32::MAX).min(RETRY_AFTER_MAX))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An answer with this status and body.
    pub(crate) fn answer(status: u16, body: &str) -> Answer {
        Answer::new(status, None, body, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_status_says_what_to_do() {
        for (status, error) in [
            (400, Error::Refused { status: 400 }),
            (401, Error::TokenExpired),
            (403, Error::Refused { status: 403 }),
            (404, Error::Refused { status: 404 }),
            (406, Error::Refused { status: 406 }),
            (408, Error::TimedOut),
            (422, Error::Refused { status: 422 }),
            (429, Error::RateLimited { retry_after: 5 }),
            (500, Error::Unavailable { status: 500 }),
            (502, Error::Unavailable { status: 502 }),
            (302, Error::Unavailable { status: 302 }),
            (0, Error::Unavailable { status: 0 }),
        ] {
            let body = r#"{"error":{"code":"secret_word","message":"<b>text of upstream</b>"}}"#;
            let got = answer(status, body).object().err();
            assert_eq!(got.as_ref(), Some(&error), "{status}");
            let told = domain::Error::from(error);
            assert!(!told.message.contains("upstream") && !told.message.contains("secret_word"));
        }
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        let now = chrono::DateTime::parse_from_rfc3339("2026-11-20T10:00:00Z").unwrap().to_utc();
        for (header, wait) in [
            ("7", Some(7)),
            (" 0 ", Some(0)),
            ("Fri, 20 Nov 2026 10:00:30 GMT", Some(30)),
            ("Fri, 20 Nov 2026 09:00:00 GMT", Some(0)),
            ("99999999999", Some(86_400)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(Answer::new(429, Some(header), "", now).retry_after, wait, "{header}");
        }
        assert_eq!(Answer::new(429, Some("9"), "", now).check(), Err(Error::RateLimited { retry_after: 9 }));
    }

    #[test]
    fn a_broken_body_is_named() {
        for (body, problem) in [
            ("", ".: cut off"),
            ("<html>Bad gateway</html>", ".: not JSON"),
            ("null", ".: missing or of another type"),
            ("{}", ".: missing or of another type"),
            (r#"{"data":null}"#, "data: missing or of another type"),
            (r#"{"data":{"items":[{"symbol":"A"#, "data.items[0].symbol: cut off"),
            (r#"{"data":{"items":{}}}"#, "data.items: missing or of another type"),
            (r#"{"data":{"items":[{},7]}}"#, "data.items[1]: missing or of another type"),
            (r#"{"data":{"items":[]}} x"#, ".: more than one document"),
            (r#"{"data":{"items":[]},"pagination":{"total-pages":2}}"#, "pagination.total-pages: more than one page"),
        ] {
            let expected = Error::Invalid { problem: problem.to_owned() };
            assert_eq!(answer(200, body).items().err(), Some(expected), "{body}");
        }
    }

    #[test]
    fn a_deeply_nested_body_is_an_error() {
        let body = format!(r#"{{"data":{{"items":{}"#, "[".repeat(100_000));
        assert!(answer(200, &body).items().is_err());
    }
}
