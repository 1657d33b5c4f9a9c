//! Parameters of a query or a form.

use url::form_urlencoded;

use crate::Error;

/// The parameters as they came, in order. One without a value counts as absent (RFC 6749 3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query string, without its question mark, or a form body.
    pub fn parse(text: &[u8]) -> Self {
        Self(
            form_urlencoded::parse(text)
                .filter(|(_, value)| !value.is_empty())
                .map(|(name, value)| (name.into_owned(), value.into_owned()))
                .collect(),
        )
    }

    /// The value of a parameter that may stand there once.
    pub fn one(&self, name: &'static str) -> Result<Option<&str>, Error> {
        let mut values = self.all(name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value),
            (_, Some(_)) => {
                Err(Error::new(crate::Code::InvalidRequest, format!("The parameter {name} is given more than once.")))
            }
        }
    }

    /// The value of a parameter that must stand there once.
    pub fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.one(name)?
            .ok_or_else(|| Error::new(crate::Code::InvalidRequest, format!("The parameter {name} is missing.")))
    }

    /// All values of a parameter.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_doubled_parameter_is_an_error_and_an_empty_one_is_none() {
        let params = Params::parse(b"a=1&b=2&b=3&c=&d=x+y%2B");
        assert_eq!(params.one("a").unwrap(), Some("1"));
        assert!(params.one("b").is_err());
        assert_eq!(params.one("c").unwrap(), None);
        assert_eq!(params.required("d").unwrap(), "x y+");
        assert!(params.required("e").is_err());
        assert_eq!(params.all("b").collect::<Vec<_>>(), ["2", "3"]);
    }
}
