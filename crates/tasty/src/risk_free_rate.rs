//! The rate that TastyTrade computes options with, `GET /margin-requirements-public-configuration`.

use crate::{Answer, Error, Request, fields::Fields};

/// Asks for it. TastyTrade wants no token for this; one does no harm.
pub fn request() -> Request {
    Request::get("/margin-requirements-public-configuration")
}

/// The rate per year, a fraction.
///
/// # Errors
///
/// [`Error`], also where there is none or one that no market ever had.
pub fn read(answer: &Answer) -> Result<f64, Error> {
    let mut data = answer.object()?;
    let rate = data.required("risk-free-rate", Fields::decimal)?;
    let rate: f64 = rate.to_string().parse().unwrap_or(f64::NAN);
    if (-0.05..=0.5).contains(&rate) { Ok(rate) } else { Err(Error::invalid("data.risk-free-rate", "out of bounds")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::tests::answer;

    #[test]
    fn a_rate_is_a_fraction() {
        for (body, rate) in [
            (r#"{"data":{"risk-free-rate":"0.0372"}}"#, Some(0.0372)),
            (r#"{"data":{"risk-free-rate":0}}"#, Some(0.0)),
            (r#"{"data":{"risk-free-rate":"3.72"}}"#, None),
            (r#"{"data":{"risk-free-rate":"NaN"}}"#, None),
            (r#"{"data":{}}"#, None),
        ] {
            assert_eq!(read(&answer(200, body)).ok(), rate, "{body}");
        }
    }
}
