//! The revocation endpoint: `POST /oauth/revoke` (RFC 7009).
//!
//! Revoking either token ends the grant. A token that is unknown, or another app's, is answered the same and changes nothing.

use store::{Database, identity::grants};
use vault::{
    Entropy, Expected, JwtKeys,
    token::{self, Kind},
};

use crate::{Context, Error, cimd::Documents, client, token::Request};

/// Ends the grant of a token, if it is the app's own.
pub async fn revoke<D: Database, E: Entropy>(
    cx: &Context<'_, D, E>,
    jwt: &JwtKeys,
    request: &Request<'_>,
    documents: &impl Documents,
) -> Result<(), Error> {
    let form = request.form()?;
    let client = client::authenticate(cx, documents, request.authorization, &form).await?;
    let presented = form.required("token")?;
    let found = if Kind::Refresh.fits(presented) {
        grants::find_refresh(cx.db, &token::hash(presented))
            .await?
            .map(|row| (row.user_id, row.grant_id, row.client_id))
    } else {
        let expected = Expected { issuer: &cx.config.public_url, audience: &cx.config.resource() };
        jwt.verify(presented, &expected, cx.now)
            .ok()
            .and_then(|claims| Some((domain::UserId::new(&claims.sub)?, claims.sid, claims.client_id)))
    };
    if let Some((user, grant_id, owner)) = found
        && owner == client.id
    {
        let was_live = grants::revoke(cx.db, &user, &grant_id, "revoked_by_client", cx.now).await?;
        if was_live {
            cx.changes.revoked(&user, Some(&owner), "revoked_by_client");
        }
    }
    Ok(())
}
