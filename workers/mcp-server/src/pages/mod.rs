//! The pages that people see. They work without a script, load nothing from elsewhere, and cannot be framed.

pub(crate) mod connected;
pub(crate) mod consent;
pub(crate) mod dashboard;
pub(crate) mod landing;
pub(crate) mod message;
pub(crate) mod settings;

use askama::Template;
use domain::{Error, Reason};
use edge::http::{Response, answer};

use crate::render;

/// What a page may do beyond showing itself.
#[derive(Debug, Default)]
pub(crate) struct Policy {
    /// Where its forms may lead besides this server, redirects included, as sources of a Content-Security-Policy: browsers
    /// apply the rule to each step of a redirect.
    pub(crate) destinations: Vec<String>,
    /// Whether it runs a script of ours and lets that talk to this server.
    pub(crate) script: bool,
}

impl Policy {
    fn header(&self) -> String {
        let script = if self.script { "script-src 'self'; connect-src 'self'; " } else { "" };
        let destinations: String = self.destinations.iter().map(|source| format!(" {source}")).collect();
        format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; {script}form-action 'self'{destinations}; \
             frame-ancestors 'none'; base-uri 'none'"
        )
    }
}

/// A moment for people; the seconds are of no use to them.
pub(crate) fn moment(moment: domain::Timestamp) -> String {
    moment.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// A page as an answer, with the headers that protect it.
pub(crate) fn page(status: u16, template: &impl Template, policy: &Policy) -> Result<Response, Error> {
    let html = template
        .render()
        .map_err(|_| Error::new(Reason::Internal, "The page could not be made. This is ours to mend."))?;
    let mut response = answer(status, "text/html; charset=utf-8", html);
    render::add(
        &mut response,
        [
            ("content-security-policy", policy.header()),
            ("x-frame-options", "DENY".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
        ],
    );
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lists_where_forms_may_lead() {
        let policy = Policy { destinations: vec!["https://claude.ai".to_owned()], script: false }.header();
        assert!(policy.contains("form-action 'self' https://claude.ai; frame-ancestors 'none'"));
        assert!(!policy.contains("script-src"));
        assert!(
            Policy { script: true, ..Policy::default() }.header().contains("script-src 'self'; connect-src 'self';")
        );
    }
}
