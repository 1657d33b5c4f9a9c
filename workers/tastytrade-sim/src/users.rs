//! The test users. All have the password `simulator` and the one-time code `123456`.
//!
//! | user | what is special |
//! |---|---|
//! | `trader` | two accounts, a margin account and a Roth IRA, with stocks and options |
//! | `second` | one account; the user to try other people's data with |
//! | `newcomer` | a customer without an `external-id`, with an account that holds cash only |
//! | `delayed` | has delayed quotes: market data are 15 minutes old |
//! | `saver` | one cash account with shares, covered calls and a cash-secured put |

/// Everybody's password.
pub(crate) const PASSWORD: &str = "simulator";
/// Everybody's one-time code.
pub(crate) const ONE_TIME_CODE: &str = "123456";

/// A person with a login.
#[derive(Debug)]
pub(crate) struct User {
    /// What they log in with, beside the address.
    pub name: &'static str,
    pub email: &'static str,
    pub first_name: &'static str,
    pub last_name: &'static str,
    /// The customer's own id, which is not the one to key anything by.
    pub customer_id: &'static str,
    pub external_id: Option<&'static str>,
    /// Whether market data come 15 minutes late.
    pub delayed: bool,
}

/// All of them.
pub(crate) static USERS: [User; 5] = [
    User {
        name: "trader",
        email: "trader@example.com",
        first_name: "Tess",
        last_name: "Trader",
        customer_id: "1000001",
        external_id: Some("U0001111111"),
        delayed: false,
    },
    User {
        name: "second",
        email: "second@example.com",
        first_name: "Sam",
        last_name: "Second",
        customer_id: "1000002",
        external_id: Some("U0002222222"),
        delayed: false,
    },
    User {
        name: "newcomer",
        email: "newcomer@example.com",
        first_name: "Nell",
        last_name: "Newcomer",
        customer_id: "1000003",
        external_id: None,
        delayed: false,
    },
    User {
        name: "delayed",
        email: "delayed@example.com",
        first_name: "Dana",
        last_name: "Delayed",
        customer_id: "1000004",
        external_id: Some("U0004444444"),
        delayed: true,
    },
    User {
        name: "saver",
        email: "saver@example.com",
        first_name: "Sasha",
        last_name: "Saver",
        customer_id: "1000005",
        external_id: Some("U0005555555"),
        delayed: false,
    },
];

/// The user of that name.
pub(crate) fn by_name(name: &str) -> Option<&'static User> {
    USERS.iter().find(|user| user.name == name)
}

/// The user who may log in with that name or address and password.
pub(crate) fn authenticate(login: &str, password: &str) -> Option<&'static User> {
    let login = login.trim();
    let user = USERS.iter().find(|user| user.name == login || user.email.eq_ignore_ascii_case(login))?;
    (password == PASSWORD).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_or_address_with_the_password_logs_in() {
        for (login, password, expected) in [
            ("trader", PASSWORD, Some("trader")),
            (" Trader@Example.com ", PASSWORD, Some("trader")),
            ("second", PASSWORD, Some("second")),
            ("trader", "Simulator", None),
            ("", "", None),
        ] {
            assert_eq!(authenticate(login, password).map(|user| user.name), expected, "{login}");
        }
    }
}
