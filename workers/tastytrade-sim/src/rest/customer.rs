//! `/customers/me` and its accounts.

use serde_json::{Value, json};

use super::{Asked, Endpoint, Outcome, get};
use crate::{
    accounts::{self, Account, AccountKind},
    state::State,
    wire::{Refusal, envelope, items},
};

pub(super) const ENDPOINTS: &[Endpoint] = &[
    get("/customers/me", |_, asked| me(asked)),
    get("/customers/me/accounts", |_, asked| list(asked)),
    get("/customers/me/accounts/{n}", |_, asked| one(asked, asked.account()?)),
    get("/customers/{id}", |_, asked| own(asked).and_then(|()| me(asked))),
    get("/customers/{id}/accounts", |_, asked| own(asked).and_then(|()| list(asked))),
    get("/customers/{id}/accounts/{n}", by_id),
];

/// Whether the path's customer is the caller.
fn own(asked: &Asked<'_>) -> Result<(), Refusal> {
    (asked.part(0) == asked.user()?.customer_id).then_some(()).ok_or(Refusal::NotPermitted)
}

fn by_id(_: &State, asked: &Asked<'_>) -> Outcome {
    own(asked)?;
    let account = accounts::find(asked.part(1)).ok_or(Refusal::NotFound)?;
    if account.owner == asked.user()?.name { one(asked, account) } else { Err(Refusal::NotPermitted) }
}

const OPENED: &str = "2021-02-03T15:04:05.678+00:00";

/// The customer, invented person data included: a client must show that it keeps them to itself.
fn me(asked: &Asked<'_>) -> Outcome {
    let user = asked.user()?;
    let address = json!({
        "street-one": "1 Simulation Way", "city": "Chicago", "state-region": "IL", "postal-code": "60601",
        "country": "USA", "is-domestic": true, "is-foreign": false,
    });
    let mut data = json!({
        "id": user.customer_id,
        "first-name": user.first_name,
        "last-name": user.last_name,
        "address": address,
        "mailing-address": address,
        "mobile-phone-number": "+13125550100",
        "birth-date": "1980-01-02",
        "email": user.email,
        "tax-number": "xxxxx0000",
        "tax-number-type": "SSN",
        "usa-citizenship-type": "Citizen",
        "citizenship-country": "USA",
        "is-foreign": false,
        "subject-to-tax-withholding": false,
        "agreed-to-margining": true,
        "agreed-to-terms": true,
        "has-delayed-quotes": user.delayed,
        "has-industry-affiliation": false,
        "has-listed-affiliation": false,
        "has-political-affiliation": false,
        "has-institutional-assets": false,
        "has-pending-or-approved-application": true,
        "is-investment-adviser": false,
        "is-professional": false,
        "identifiable-type": "Person",
        "permitted-account-types": permitted(),
        "created-at": OPENED,
    });
    if let (Some(external_id), Some(fields)) = (user.external_id, data.as_object_mut()) {
        fields.insert("external-id".to_owned(), json!(external_id));
        fields.insert(
            "person".to_owned(),
            json!({
                "external-id": external_id, "first-name": user.first_name, "last-name": user.last_name,
                "citizenship-country": "USA", "usa-citizenship-type": "Citizen", "employment-status": "EMPLOYED",
                "marital-status": "SINGLE", "number-of-dependents": 0,
            }),
        );
    }
    Ok(envelope(&data, asked.path()).into())
}

/// The keys of these two lists are in snake case on the wire as well.
fn permitted() -> Value {
    let kind = |name: &str, description: &str, tax_advantaged: bool, margin: bool| {
        json!({
            "name": name, "description": description, "is_tax_advantaged": tax_advantaged,
            "is_publicly_available": true, "has_multiple_owners": false,
            "margin_types": [{ "name": "Cash", "is_margin": false }, { "name": "Margin", "is_margin": margin }],
        })
    };
    json!([
        kind("Individual", "An account held by one person", false, true),
        kind("Roth IRA", "A retirement account funded with taxed money", true, true),
    ])
}

/// All accounts with what the user may do in them.
fn list(asked: &Asked<'_>) -> Outcome {
    let list = accounts::of_user(asked.user()?.name)
        .map(|account| json!({ "account": item(account), "authority-level": "owner" }))
        .collect();
    Ok(items(list, asked.path()).into())
}

fn one(asked: &Asked<'_>, account: &Account) -> Outcome {
    Ok(envelope(&item(account), asked.path()).into())
}

fn item(account: &Account) -> Value {
    json!({
        "account-number": account.number,
        "external-id": format!("A{:010}", account.serial()),
        "opened-at": OPENED,
        "nickname": account.nickname,
        "account-type-name": account.type_name(),
        "is-closed": false,
        "day-trader-status": false,
        "is-firm-error": false,
        "is-firm-proprietary": false,
        "is-futures-approved": false,
        "is-test-drive": false,
        "margin-or-cash": if account.kind == AccountKind::Cash { "Cash" } else { "Margin" },
        "is-foreign": false,
        "funding-date": "2021-02-08",
        "investment-objective": "SPECULATION",
        "suitable-options-level": "No Restrictions",
        "created-at": OPENED,
    })
}
