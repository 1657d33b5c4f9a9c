//! Lists in pages.

use serde_json::{Value, json};

use super::{Asked, wrong};
use crate::wire::Refusal;

/// One page of a list in the usual envelope. Pages count from zero; the size is `per-page`, bounded.
pub(super) fn of(asked: &Asked<'_>, all: Vec<Value>, usual: usize, most: usize) -> Result<Value, Refusal> {
    let number = |name: &str| -> Result<Option<usize>, Refusal> {
        asked.first(name).map(|text| text.parse().map_err(|_| wrong(name, "is not a number"))).transpose()
    };
    let size = number("per-page")?.unwrap_or(usual);
    if !(1..=most).contains(&size) {
        return Err(wrong("per-page", &format!("must be between 1 and {most}")));
    }
    let offset = number("page-offset")?.unwrap_or(0);
    let total = all.len();
    let start = offset.saturating_mul(size);
    let items: Vec<Value> = all.into_iter().skip(start).take(size).collect();
    let pagination = json!({
        "per-page": size,
        "page-offset": offset,
        "item-offset": start,
        "total-items": total,
        "total-pages": total.div_ceil(size),
        "current-item-count": items.len(),
        "previous-link": null,
        "next-link": null,
        "paging-link-template": null,
    });
    Ok(json!({
        "data": { "items": items }, "api-version": "v1", "context": asked.path(), "pagination": pagination,
    }))
}
