//! The tools that an address asks for: `/mcp?tools=market,account` lists the tools of two groups.
//!
//! This keeps a model's list of tools short. It is no protection: what a user may do is a matter of scopes.

use percent_encoding::percent_decode_str;

use crate::catalog::{Catalog, Prompt, Tool};

/// The most groups that an address may name.
const MAX_GROUPS: usize = 20;

/// The groups of tools that are served.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Toolset(Vec<&'static str>);

impl Toolset {
    /// Reads the query of a URL, without its `?`. Groups that the catalogue does not have are passed over, so that an
    /// address with a misspelt group still works; if none is left, all tools are served.
    pub fn parse(catalog: &Catalog, query: &str) -> Self {
        let mut groups: Vec<&'static str> = query
            .split('&')
            .filter_map(|pair| pair.strip_prefix("tools="))
            .flat_map(|value| value.split(',').flat_map(|part| part.split("%2C")).flat_map(|part| part.split("%2c")))
            .take(MAX_GROUPS)
            .filter_map(|name| {
                let name = percent_decode_str(name).decode_utf8().ok()?;
                let is_meant = |group: &&'static str| !group.is_empty() && group.eq_ignore_ascii_case(name.trim());
                catalog.tools.iter().map(|tool| tool.group).find(is_meant)
            })
            .collect();
        groups.sort_unstable();
        groups.dedup();
        Self(groups)
    }

    /// Whether a tool is served. Tools of no group always are.
    pub fn has(&self, tool: &Tool) -> bool {
        self.0.is_empty() || tool.group.is_empty() || self.0.contains(&tool.group)
    }

    /// Whether a prompt is served: all the tools that it leads through are.
    pub(crate) fn leads(&self, catalog: &Catalog, prompt: &Prompt) -> bool {
        prompt.tools.iter().all(|name| catalog.tool(name).is_some_and(|tool| self.has(tool)))
    }

    /// The groups, for a cursor's scope.
    pub(crate) fn names(&self) -> String {
        self.0.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOLS: &[Tool] = &[
        Tool { name: "get_quote", group: "market", ..Tool::EMPTY },
        Tool { name: "get_positions", group: "account", ..Tool::EMPTY },
        Tool { name: "get_status", ..Tool::EMPTY },
    ];
    const CATALOG: Catalog = Catalog { tools: TOOLS, ..Catalog::EMPTY };

    #[test]
    fn an_address_narrows_the_tools() {
        for (query, served) in [
            ("", "get_quote get_positions get_status"),
            ("tools=market", "get_quote get_status"),
            ("a=b&tools=Account", "get_positions get_status"),
            ("tools=market,account", "get_quote get_positions get_status"),
            ("tools=market%2Caccount", "get_quote get_positions get_status"),
            ("tools=%6Darket&tools=nothing", "get_quote get_status"),
            ("tools=nothing", "get_quote get_positions get_status"),
            ("tools=", "get_quote get_positions get_status"),
        ] {
            let toolset = Toolset::parse(&CATALOG, query);
            let names: Vec<&str> = TOOLS.iter().filter(|tool| toolset.has(tool)).map(|tool| tool.name).collect();
            assert_eq!(names.join(" "), served, "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_query_serves_some_tool(query in ".*") {
            let toolset = Toolset::parse(&CATALOG, &query);
            proptest::prop_assert!(TOOLS.iter().any(|tool| toolset.has(tool)));
        }
    }
}
