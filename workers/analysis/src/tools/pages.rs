//! Pages of lists that may come from several accounts: newest first over all of them.

use contract::account::Paging;
use domain::{Error, portfolio::Account};
use tasty::{Page, Paged};

/// What each account is asked for, and how many rows of all together come before the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) page: Page,
    skip: usize,
    limit: usize,
}

/// How a page is put together: one account has the page itself, several are asked for everything up to its end.
///
/// # Errors
///
/// `invalid_arguments` where that is more than one request may ask for.
pub(super) fn plan(paging: Paging, accounts: usize, most: u32) -> Result<Plan, Error> {
    let Paging { limit, page } = paging;
    if accounts <= 1 {
        let page = Page { size: limit, number: page.saturating_sub(1) };
        return Ok(Plan { page, skip: 0, limit: size(limit) });
    }
    let size_of_all = limit.saturating_mul(page);
    if size_of_all > most {
        let message = format!(
            "Over several accounts only the first {most} rows can be paged through. Name one `account`, or fewer days."
        );
        return Err(Error::invalid_argument("page", message));
    }
    let skip = size(limit.saturating_mul(page.saturating_sub(1)));
    Ok(Plan { page: Page { size: size_of_all, number: 0 }, skip, limit: size(limit) })
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A page over all accounts.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Together<T> {
    pub(super) rows: Vec<T>,
    pub(super) total_items: Option<u64>,
    pub(super) has_more: bool,
}

/// Puts a page together of what each account answered. `key` grows with the age that a row is shown by.
pub(super) fn together<T, R, K: Ord>(
    plan: Plan,
    found: Vec<(Account, Paged<T>)>,
    row: impl Fn(&Account, T) -> R,
    key: impl Fn(&R) -> K,
) -> Together<R> {
    let total_items = found.iter().try_fold(0_u64, |sum, (_, paged)| sum.checked_add(paged.total_items?));
    let next = u64::from(plan.page.number).saturating_add(1);
    let more_upstream = found.iter().any(|(_, paged)| paged.total_pages.is_some_and(|pages| pages > next));
    let mut rows: Vec<R> = Vec::new();
    for (account, paged) in found {
        rows.extend(paged.items.into_iter().map(|item| row(&account, item)));
    }
    // Stable: what happened at the same moment stays in TastyTrade's order.
    rows.sort_by_key(|row| std::cmp::Reverse(key(row)));
    let has_more = more_upstream || rows.len() > plan.skip.saturating_add(plan.limit);
    let rows = rows.into_iter().skip(plan.skip).take(plan.limit).collect();
    Together { rows, total_items, has_more }
}

/// What the text says about where in the list it is.
pub(super) fn place(rows: usize, page: u32, total: Option<u64>, has_more: bool) -> String {
    let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
    let next = if has_more { format!("; the next are on page {}", page.saturating_add(1)) } else { String::new() };
    format!("{rows}{of}, page {page}{next}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::account::tests::account;

    fn paged(items: Vec<u32>, total_items: u64, total_pages: u64) -> Paged<u32> {
        Paged { items, total_items: Some(total_items), total_pages: Some(total_pages) }
    }

    #[test]
    fn one_account_has_the_page_itself() {
        let plan = plan(Paging { limit: 2, page: 3 }, 1, 200).unwrap();
        assert_eq!(plan.page, Page { size: 2, number: 2 });
        let found = vec![(account("5WX00001"), paged(vec![5, 4], 7, 4))];
        let page = together(plan, found, |_, item| item, |row| *row);
        assert_eq!(page, Together { rows: vec![5, 4], total_items: Some(7), has_more: true });
        assert_eq!(place(2, 3, Some(7), true), "2 of 7, page 3; the next are on page 4");
    }

    #[test]
    fn several_accounts_are_one_list() {
        let limits = Paging { limit: 2, page: 2 };
        let plan_of_two = plan(limits, 2, 200).unwrap();
        assert_eq!(plan_of_two.page, Page { size: 4, number: 0 });
        let found =
            vec![(account("5WX00001"), paged(vec![9, 7, 5], 3, 1)), (account("5WX00002"), paged(vec![8, 6], 2, 1))];
        let page = together(plan_of_two, found, |_, item| item, |row| *row);
        assert_eq!(page, Together { rows: vec![7, 6], total_items: Some(5), has_more: true });
        assert_eq!(place(1, 1, None, false), "1, page 1");
        let far = plan(Paging { limit: 100, page: 3 }, 2, 200).unwrap_err();
        assert_eq!(far.details["argument"], "page");
    }

    proptest::proptest! {
        #[test]
        fn all_pages_together_are_everything_in_order(
            first in proptest::collection::vec(0_u32..50, 0..20),
            second in proptest::collection::vec(0_u32..50, 0..20),
            limit in 1_u32..9,
        ) {
            let sorted = |mut list: Vec<u32>| { list.sort_unstable_by(|a, b| b.cmp(a)); list };
            let (first, second) = (sorted(first), sorted(second));
            let (mut all, mut page) = (Vec::new(), 1);
            loop {
                let plan = plan(Paging { limit, page }, 2, 10_000).unwrap();
                let cut = |list: &[u32]| {
                    let size = plan.page.size;
                    let items: Vec<u32> = list.iter().copied().take(size as usize).collect();
                    let pages = (list.len() as u64).div_ceil(u64::from(size));
                    Paged { items, total_items: Some(list.len() as u64), total_pages: Some(pages) }
                };
                let found = vec![(account("5WX00001"), cut(&first)), (account("5WX00002"), cut(&second))];
                let together = together(plan, found, |_, item| item, |row| *row);
                all.extend(together.rows);
                if !together.has_more { break; }
                page += 1;
            }
            let everything = sorted(first.into_iter().chain(second).collect());
            proptest::prop_assert_eq!(all, everything);
        }
    }
}
