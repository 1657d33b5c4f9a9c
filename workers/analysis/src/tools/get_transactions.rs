//! `get_transactions`: trades, expirations, assignments, dividends, fees and money that came and went.

use std::fmt::Write;

use contract::{
    Rendered,
    account::{
        Source, days, paging, symbol,
        transactions::{GetTransactionsInput, MAX_LIMIT, TransactionRow, TransactionsOutput},
    },
};
use domain::{Error, OccSymbol, portfolio::Account};
use tasty::{
    symbol::Kind,
    transactions::{self, MAX_PER_PAGE, Transaction, Wanted},
};

use super::{Asked, account, amounts, new_york, pages};
use crate::{upstream, zone::Zone};

/// Without a first day the list begins so many days before its end.
const BACK: u64 = 30;

/// So many lines stand in the text at most.
const LINES: usize = 80;

/// One page of the transactions of the accounts that are meant.
pub(super) async fn answer(asked: Asked<'_>) -> Result<Rendered, Error> {
    let (app, user, input) = asked.read::<GetTransactionsInput>()?;
    let days = days(input.start_date.as_deref(), input.end_date.as_deref(), BACK, new_york::day(app.now))?;
    let paging = paging(input.limit, input.page, MAX_LIMIT)?;
    let mut wanted = Wanted { from: Some(days.from), until: days.until, ..Wanted::default() };
    wanted.types.extend(input.kind()?);
    if let Some(text) = input.symbol.as_deref().filter(|text| !text.trim().is_empty()) {
        let symbol = symbol("symbol", text)?;
        match Kind::of(&symbol) {
            Kind::EquityOption | Kind::FutureOption => wanted.symbol = Some(symbol.as_str().to_owned()),
            _ => wanted.underlying = Some(symbol.as_str().to_owned()),
        }
    }
    let accounts = account::meant(app, user, input.account.as_deref()).await?;
    let plan = pages::plan(paging, accounts.len(), MAX_PER_PAGE)?;
    wanted.page = plan.page;
    let each = account::each(accounts, async |account| {
        let request = transactions::request(&account.number, &wanted);
        upstream::ask(app, user, "transactions", request, transactions::read).await
    });
    let (found, notes) = each.await.some()?;
    let page = pages::together(plan, found, row, |row| (row.executed_at, row.id));
    let output = TransactionsOutput {
        page_net_value: amounts::sum(page.rows.iter().map(|row| row.net_value)),
        page_fees: amounts::sum(page.rows.iter().filter_map(|row| row.fees).map(Some)),
        transactions: page.rows,
        start_date: days.from,
        end_date: days.until,
        page: paging.page,
        total_items: page.total_items,
        has_more: page.has_more,
        source: Source::Rest,
        as_of: app.now,
        notes,
    };
    Rendered::new(&output, text(&output, &Zone::of(app, user).await))
}

fn row(account: &Account, found: Transaction) -> TransactionRow {
    TransactionRow {
        id: found.id,
        account: account.number.masked(),
        transaction_type: found.kind,
        transaction_sub_type: found.sub_kind,
        description: found.description,
        executed_at: found.executed_at,
        transaction_date: found.date,
        symbol: found.symbol,
        underlying_symbol: found.underlying_symbol,
        instrument_type: found.instrument_type,
        action: found.action,
        quantity: found.quantity,
        price: found.price,
        value: found.value,
        fees: found.fees,
        net_value: found.net_value,
        order_id: found.order_id,
    }
}

fn text(output: &TransactionsOutput, zone: &Zone) -> String {
    let until = output.end_date.map_or_else(|| "now".to_owned(), |day| day.to_string());
    let place = pages::place(output.transactions.len(), output.page, output.total_items, output.has_more);
    let mut text = format!(
        "Transactions {} to {until}, newest first: {place}. US dollars, net of fees; {}, {}.",
        output.start_date,
        output.source.in_words(),
        zone.shown(output.as_of)
    );
    if output.transactions.is_empty() {
        text.push_str("\nNone in this time. Ask for earlier days with `start_date`.");
    }
    let several = output
        .transactions
        .iter()
        .any(|row| output.transactions.first().is_some_and(|first| first.account != row.account));
    for row in output.transactions.iter().take(LINES) {
        let _ = write!(text, "\n{}", line(row, several));
    }
    if output.transactions.len() > LINES {
        let _ = write!(text, "\nand {} more in `transactions`.", output.transactions.len() - LINES);
    }
    if let Some(net) = output.page_net_value.filter(|_| output.transactions.len() > 1) {
        let _ = write!(text, "\nSum of these: {}", amounts::change(net));
        if let Some(fees) = output.page_fees {
            let _ = write!(text, ", of which fees {}", amounts::dollars(fees));
        }
    }
    for note in &output.notes {
        let _ = write!(text, "\n{note}");
    }
    text
}

fn line(row: &TransactionRow, with_account: bool) -> String {
    let day = row.transaction_date.or_else(|| row.executed_at.map(new_york::day));
    let mut line = day.map_or_else(|| "day not known".to_owned(), |day| day.to_string());
    if with_account {
        let _ = write!(line, " {}", row.account);
    }
    let kind = row.transaction_sub_type.as_ref().or(row.transaction_type.as_ref());
    let _ = write!(line, " {}", kind.map_or("?", String::as_str));
    match (&row.symbol, row.quantity) {
        (Some(symbol), Some(quantity)) => {
            let _ = write!(line, " {} {}", quantity.rounded(4), described(symbol));
            if let Some(price) = row.price {
                let _ = write!(line, " @ {}", price.rounded(4));
            }
        }
        (Some(symbol), None) => {
            let _ = write!(line, " {}", described(symbol));
        }
        (None, _) => {
            if let Some(description) = &row.description {
                let short: String = description.chars().take(60).collect();
                let _ = write!(line, ", \"{short}\"");
            }
        }
    }
    if let Some(net) = row.net_value {
        let _ = write!(line, ": {}", amounts::change(net));
    }
    line
}

/// An instrument as a trader says it.
pub(super) fn described(symbol: &str) -> String {
    OccSymbol::parse(symbol).map_or_else(|| symbol.to_owned(), |option| option.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn transaction(value: serde_json::Value) -> TransactionRow {
        let mut base = serde_json::json!({"id": 7, "account": "\u{2022}\u{2022}\u{2022}\u{2022}0042"});
        if let (Some(base), serde_json::Value::Object(fields)) = (base.as_object_mut(), value) {
            base.extend(fields);
        }
        serde_json::from_value(base).unwrap()
    }

    #[test]
    fn a_line_says_what_happened() {
        let trade = transaction(serde_json::json!({
            "transaction_type": "Trade", "transaction_sub_type": "Sell to Open", "transaction_date": "2026-11-18",
            "symbol": "AAPL  261218C00255000", "quantity": "2.0", "price": "3.10", "net_value": "617.72",
        }));
        assert_eq!(line(&trade, false), "2026-11-18 Sell to Open 2 AAPL 18 Dec 26 255 C @ 3.1: +617.72");
        let fee = transaction(serde_json::json!({
            "transaction_type": "Money Movement", "executed_at": "2026-11-18T02:00:00Z", "description": "ADR FEE",
            "net_value": "-0.5",
        }));
        assert_eq!(
            line(&fee, true),
            "2026-11-17 \u{2022}\u{2022}\u{2022}\u{2022}0042 Money Movement, \"ADR FEE\": -0.50"
        );
        assert_eq!(line(&transaction(serde_json::json!({})), false), "day not known ?");
    }
}
