//! Matching a URI against a template such as `history://analyses/{symbol}`.

use percent_encoding::percent_decode_str;

/// The variables of the template in its order, percent-decoded, where the URI is one of it. A variable is never empty and
/// never spans a `/`, except as `%2F`.
pub(crate) fn matches(template: &'static str, uri: &str) -> Option<Vec<(&'static str, String)>> {
    let mut variables = Vec::new();
    let (mut pattern, mut rest) = (template, uri);
    while let Some((literal, after)) = pattern.split_once('{') {
        let (name, following) = after.split_once('}')?;
        rest = rest.strip_prefix(literal)?;
        let next_literal = following.split('{').next().unwrap_or_default();
        let end = if next_literal.is_empty() { rest.len() } else { rest.find(next_literal)? };
        let (value, remaining) = rest.split_at_checked(end)?;
        if value.is_empty() || value.contains('/') {
            return None;
        }
        let value = percent_decode_str(value).decode_utf8().ok()?;
        if value.chars().any(char::is_control) {
            return None;
        }
        variables.push((name, value.into_owned()));
        (pattern, rest) = (following, remaining);
    }
    (pattern == rest).then_some(variables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_match_their_template_only() {
        let variables = |template, uri| {
            matches(template, uri).map(|found| found.into_iter().map(|(_, value)| value).collect::<Vec<_>>())
        };
        let of = |values: &[&str]| Some(values.iter().map(|&value| value.to_owned()).collect::<Vec<_>>());
        let history = "history://analyses/{symbol}";
        assert_eq!(variables(history, "history://analyses/AAPL"), of(&["AAPL"]));
        assert_eq!(variables(history, "history://analyses/BRK%2FB"), of(&["BRK/B"]));
        assert_eq!(variables("test://template/{id}/data", "test://template/123/data"), of(&["123"]));
        assert_eq!(variables("a://{x}/b/{y}", "a://1/b/2"), of(&["1", "2"]));
        for uri in
            ["history://analyses/", "history://analyses/a/b", "history://analyses", "history://analyses/%00", "x", ""]
        {
            assert_eq!(variables(history, uri), None, "{uri}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_uri_matches_or_does_not(x in "[^/]{1,10}", y in "[^/]{1,10}", uri in ".*") {
            let _ = matches("a://{x}/b/{y}", &uri);
            if let Some(found) = matches("a://{x}/b/{y}", &format!("a://{x}/b/{y}")) {
                proptest::prop_assert!(found.iter().all(|(_, value)| !value.is_empty()));
            }
        }
    }
}
