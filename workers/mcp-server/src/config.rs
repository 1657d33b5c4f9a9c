//! What the worker is configured with, read once per request and checked before anything is served.

use domain::{Error, Reason};
use edge::{mcp::seal::RingSeal, vars};
use oauth::cimd::Hosts;
use vault::{JwtKeys, KeyRing};
use worker::Env;

use crate::rate::Limits;

/// Whether this is a laptop or the public internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    /// A laptop: debugging routes exist.
    Development,
    /// Everything else.
    Production,
}

/// Whom the worker serves.
pub(crate) enum Mode {
    /// Anyone who logs in.
    MultiUser {
        /// The keys that sign access tokens.
        jwt: Box<JwtKeys>,
    },
    /// The one user whose grant is in the variables; development on loopback hosts only.
    SingleUser,
}

/// The worker's configuration.
pub(crate) struct Config {
    pub(crate) environment: Environment,
    pub(crate) mode: Mode,
    /// The authorization server's part.
    pub(crate) oauth: oauth::Config,
    /// Where the documents of some apps are fetched from in development.
    pub(crate) cimd_hosts: Hosts,
    /// How much is served per minute.
    pub(crate) limits: Limits,
    /// Seals what travels through a client that is asked back.
    pub(crate) seal: RingSeal,
}

impl Config {
    /// Reads and checks the variables. The error is for the operator: it names the variable and says how to set it.
    pub(crate) fn read(env: &Env) -> Result<Self, Error> {
        let environment = match vars::get(env, "ENVIRONMENT").as_deref() {
            Some("development") => Environment::Development,
            _ => Environment::Production,
        };
        let text = |name: &str| vars::get(env, name);
        edge::log::set_level(text("LOG_LEVEL").as_deref());
        // A key that cannot seal is better told now than at the first login.
        let keys =
            KeyRing::parse(text("TOKEN_ENCRYPTION_KEY").as_deref(), text("TOKEN_ENCRYPTION_KEY_PREVIOUS").as_deref())
                .map_err(not_configured)?;
        let public_url = text("PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned()).ok_or_else(|| {
            not_configured(
                "PUBLIC_URL is missing. Set it to the address of this server, for example https://ttai.example.com.",
            )
        })?;
        let is_development = environment == Environment::Development;
        let clients = text("OAUTH_CLIENTS").map(|list| oauth::client::configured(&list)).transpose();
        Ok(Self {
            mode: mode(environment, &text)?,
            limits: Limits::read(env)?,
            seal: RingSeal(keys),
            environment,
            cimd_hosts: Hosts::parse(text("CIMD_HOSTS").as_deref(), is_development, &public_url)
                .map_err(not_configured)?,
            oauth: oauth::Config {
                public_url,
                upstream: upstream(&text),
                clients: clients.map_err(not_configured)?.unwrap_or_default(),
            },
        })
    }

    /// Where the server is reached, without a trailing slash; every address is made from it.
    pub(crate) fn public_url(&self) -> &str {
        &self.oauth.public_url
    }
}

/// The operator's app at TastyTrade; without one only pasted grants work.
fn upstream(text: &impl Fn(&str) -> Option<String>) -> Option<oauth::Upstream> {
    Some(oauth::Upstream {
        client_id: text("TT_CLIENT_ID")?,
        authorize_url: text("TT_AUTHORIZE_URL").unwrap_or_else(|| "https://my.tastytrade.com/auth.html".to_owned()),
        scope: "read".to_owned(),
    })
}

fn mode(environment: Environment, text: &impl Fn(&str) -> Option<String>) -> Result<Mode, Error> {
    let secret = text("JWT_SECRET");
    if secret.is_none() && environment == Environment::Development {
        return match (text("TT_CLIENT_SECRET"), text("TT_REFRESH_TOKEN")) {
            (Some(_), Some(_)) => Ok(Mode::SingleUser),
            _ => Err(Error::new(
                Reason::CredentialsMissing,
                "Credentials not configured. Set JWT_SECRET in .dev.vars to let people log in (openssl rand -base64 48), \
                 or TT_CLIENT_SECRET and TT_REFRESH_TOKEN for single-user mode, and start again.",
            )),
        };
    }
    let jwt = JwtKeys::parse(secret.as_deref(), text("JWT_SECRET_PREVIOUS").as_deref()).map_err(not_configured)?;
    Ok(Mode::MultiUser { jwt: Box::new(jwt) })
}

fn not_configured(what: impl ToString) -> Error {
    Error::new(Reason::NotConfigured, what.to_string())
}
