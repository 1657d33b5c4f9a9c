//! The folder of reference values: its files by name, read whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A folder and the names of its CSV and JSON files, sorted. Other files, a README say, are no tables.
pub(crate) struct Folder {
    path: PathBuf,
    names: Vec<String>,
}

impl Folder {
    /// Lists the folder.
    pub(crate) fn open(path: &str) -> Result<Self, String> {
        let path = Path::new(path).to_owned();
        let entries = std::fs::read_dir(&path).map_err(|error| error.to_string())?;
        let mut names: Vec<String> = entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| name.ends_with(".csv") || name.ends_with(".json"))
            .collect();
        names.sort();
        Ok(Self { path, names })
    }

    /// The files to compare.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// A CSV file.
    pub(crate) fn table(&self, name: &str) -> Result<Table, String> {
        let mut reader = csv::Reader::from_path(self.path.join(name)).map_err(|error| format!("{name}: {error}"))?;
        let header: Vec<String> =
            reader.headers().map_err(|error| error.to_string())?.iter().map(str::to_owned).collect();
        let mut columns: Vec<(String, Vec<String>)> = header.into_iter().map(|name| (name, Vec::new())).collect();
        for record in reader.records() {
            let record = record.map_err(|error| format!("{name}: {error}"))?;
            for ((_, cells), cell) in columns.iter_mut().zip(record.iter()) {
                cells.push(cell.to_owned());
            }
        }
        Ok(Table { columns: columns.into_iter().collect() })
    }

    /// A JSON file.
    pub(crate) fn json(&self, name: &str) -> Result<Value, String> {
        let text = std::fs::read_to_string(self.path.join(name)).map_err(|error| format!("{name}: {error}"))?;
        serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))
    }
}

/// A CSV file, column by column.
pub(crate) struct Table {
    columns: BTreeMap<String, Vec<String>>,
}

impl Table {
    /// The names of all columns.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.keys().map(String::as_str)
    }

    /// Whether there is such a column.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.columns.contains_key(name)
    }

    /// How many rows.
    pub(crate) fn rows(&self) -> usize {
        self.columns.values().next().map_or(0, Vec::len)
    }

    /// The cells of a column, as they stand.
    pub(crate) fn text(&self, name: &str) -> Result<&[String], String> {
        self.columns.get(name).map(Vec::as_slice).ok_or_else(|| format!("the column {name} is missing"))
    }

    /// The numbers of a column; an empty cell is no value.
    pub(crate) fn optional(&self, name: &str) -> Result<Vec<Option<f64>>, String> {
        let parse = |(row, cell): (usize, &String)| match cell.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| format!("{name}, row {row}: \"{text}\" is no number")),
        };
        self.text(name)?.iter().enumerate().map(parse).collect()
    }

    /// The numbers of a column in which each cell has one.
    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<f64>, String> {
        let cells = self.optional(name)?.into_iter().enumerate();
        cells.map(|(row, cell)| cell.ok_or_else(|| format!("{name}, row {row}: no number"))).collect()
    }
}
