//! `/customers/me` and its accounts.

use serde_json::{Value, json};

use super::Context;
use crate::{
    accounts::{self, Account, AccountKind},
    wire::{envelope, items},
};

const OPENED: &str = "2021-02-03T15:04:05.678+00:00";

/// The customer, invented person data included: a client must show that it keeps them to itself.
pub(super) fn me(context: &Context<'_>) -> Value {
    let user = context.user;
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
    envelope(&data, "/customers/me")
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
pub(super) fn accounts(context: &Context<'_>) -> Value {
    let list = accounts::of_user(context.user.name)
        .map(|account| json!({ "account": item(account), "authority-level": "owner" }))
        .collect();
    items(list, "/customers/me/accounts")
}

/// One account.
pub(super) fn account(_: &Context<'_>, account: &Account) -> Value {
    envelope(&item(account), &format!("/customers/me/accounts/{}", account.number))
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
        "is-futures-approved": account.kind == AccountKind::Margin,
        "is-test-drive": false,
        "margin-or-cash": "Margin",
        "is-foreign": false,
        "funding-date": "2021-02-08",
        "investment-objective": "SPECULATION",
        "suitable-options-level": "No Restrictions",
        "created-at": OPENED,
    })
}
