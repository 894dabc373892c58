//! Reads the sources in their order and remembers who set what, so that a refusal can name the place.
//!
//! Owns: the order of the sources and the place of each value. Must not: know what a key means: the sections and `check` do. Called by: the command
//! line.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::PathBuf;

use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::{Changes, Config, ConfigError, Place, check};

/// Prefix of environment variables. Only names with two underscores after it are settings.
const ENVIRONMENT_PREFIX: &str = "CALLBOX_";

/// Where a configuration is read from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file named by `--config` or `CALLBOX_CONFIG`.
    pub file: Option<PathBuf>,
    /// Environment variables; names without the prefix, or without two underscores, are ignored.
    pub environment: Vec<(String, String)>,
    /// Flags, in the order they were typed.
    pub flags: Vec<Flag>,
}

/// One flag that sets a key.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The flag as it was typed, for messages.
    pub flag: String,
    /// Dotted key.
    pub key: String,
    /// Value as text.
    pub value: String,
}

/// Who set what.
#[derive(Debug, Default)]
pub(super) struct Provenance {
    file: Option<(PathBuf, String)>,
    overlaid: BTreeMap<String, Place>,
}

pub(super) fn load(sources: &Sources) -> Result<Config, ConfigError> {
    read_all(sources).map(|(config, _)| config)
}

/// What a file that was read again changes in the configuration that runs.
pub(super) fn reload(running: &Config, sources: &Sources) -> Result<Changes, ConfigError> {
    let (config, provenance) = read_all(sources)?;
    let changes = Changes::between(running, &config);
    check::check(&changes.config, &provenance)?;
    Ok(changes)
}

fn read_all(sources: &Sources) -> Result<(Config, Provenance), ConfigError> {
    let read = |path: &PathBuf| {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
            path: path.clone(),
            source,
        })?;
        Ok((path.clone(), text))
    };
    let file = sources.file.as_ref().map(read).transpose()?;
    of(file, sources)
}

/// The configuration of a file that was read, and of the other sources; and who set what.
pub(super) fn of(
    file: Option<(PathBuf, String)>,
    sources: &Sources,
) -> Result<(Config, Provenance), ConfigError> {
    let mut provenance = Provenance {
        file,
        ..Provenance::default()
    };
    let mut table = Table::new();
    if provenance.file.is_some() {
        table = provenance.read_file()?;
    }
    for (key, value, place) in overlays(sources) {
        overlay(&mut table, &key, &value, &place)?;
        provenance.overlaid.insert(key, place);
    }
    // Every step before has been checked alone, so a refusal here can only come from a key set twice in two forms.
    let config = read(table).map_err(|fault| ConfigError::WrongValue {
        place: provenance.place_of(&fault.key),
        key: fault.key,
        message: fault.message,
    })?;
    check::check(&config, &provenance)?;
    Ok((config, provenance))
}

/// Environment first, flags after it: later wins.
fn overlays(sources: &Sources) -> Vec<(String, String, Place)> {
    let mut variables: Vec<_> = sources
        .environment
        .iter()
        .filter_map(|(name, value)| {
            let path = name.strip_prefix(ENVIRONMENT_PREFIX)?;
            path.contains("__").then(|| {
                let key = path.to_ascii_lowercase().replace("__", ".");
                (
                    key,
                    value.clone(),
                    Place::Environment {
                        variable: name.clone(),
                    },
                )
            })
        })
        .collect();
    variables.sort_by(|a, b| a.0.cmp(&b.0));
    let flags = sources.flags.iter().map(|flag| {
        (
            flag.key.clone(),
            flag.value.clone(),
            Place::Flag {
                flag: flag.flag.clone(),
            },
        )
    });
    variables.into_iter().chain(flags).collect()
}

/// Sets one key and checks the whole at once, so that a fault belongs to this key.
fn overlay(table: &mut Table, key: &str, value: &str, place: &Place) -> Result<(), ConfigError> {
    let mut fault = None;
    for value in readings(value) {
        let mut trial = table.clone();
        if !insert(&mut trial, key, value) {
            return Err(ConfigError::UnknownKey {
                place: place.clone(),
                key: key.to_owned(),
                message: "a value stands where a section was expected".to_owned(),
            });
        }
        match read(trial.clone()) {
            Ok(_) => {
                *table = trial;
                return Ok(());
            }
            Err(found) => fault = fault.or(Some(found)),
        }
    }
    let fault = fault.unwrap_or_default();
    Err(fault.into_error(place.clone(), key))
}

/// A text may be a TOML value (`5`, `true`, `["a"]`) or simply itself.
fn readings(text: &str) -> Vec<Value> {
    let parsed = toml::from_str::<Table>(&format!("value = {text}"))
        .ok()
        .and_then(|mut table| {
            let only = table.len() == 1;
            table.remove("value").filter(|_| only)
        });
    parsed
        .into_iter()
        .chain([Value::String(text.to_owned())])
        .collect()
}

fn insert(table: &mut Table, key: &str, value: Value) -> bool {
    match key.split_once('.') {
        None => {
            table.insert(key.to_owned(), value);
            true
        }
        Some((section, rest)) => {
            match table
                .entry(section.to_owned())
                .or_insert_with(|| Value::Table(Table::new()))
            {
                Value::Table(inner) => insert(inner, rest, value),
                _ => false,
            }
        }
    }
}

/// A fault found while reading, before its place is known.
#[derive(Debug, Default)]
struct Fault {
    key: String,
    message: String,
    span: Option<Range<usize>>,
}

impl Fault {
    fn into_error(self, place: Place, key: &str) -> ConfigError {
        let (key, message) = (key.to_owned(), self.message);
        if message.starts_with("unknown field") {
            ConfigError::UnknownKey {
                place,
                key,
                message,
            }
        } else {
            ConfigError::WrongValue {
                place,
                key,
                message,
            }
        }
    }
}

fn read(table: Table) -> Result<Config, Fault> {
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|error| fault(&error))
}

fn fault(error: &serde_path_to_error::Error<toml::de::Error>) -> Fault {
    Fault {
        key: error.path().to_string(),
        message: error.inner().message().to_owned(),
        span: error.inner().span(),
    }
}

impl Provenance {
    fn read_file(&self) -> Result<Table, ConfigError> {
        let Some((path, text)) = &self.file else {
            return Ok(Table::new());
        };
        let at = |span: Option<Range<usize>>| Place::File {
            path: path.clone(),
            line: line_at(text, span.map_or(0, |span| span.start)),
        };
        let syntax = |error: &toml::de::Error| ConfigError::Syntax {
            place: at(error.span()),
            message: error.message().to_owned(),
        };
        let table = toml::from_str::<Table>(text).map_err(|error| syntax(&error))?;
        // Read once more from the text itself, because only then a fault knows its line.
        let reader = toml::Deserializer::parse(text).map_err(|error| syntax(&error))?;
        serde_path_to_error::deserialize::<_, Config>(reader).map_err(|error| {
            let fault = fault(&error);
            let (place, key) = (at(fault.span.clone()), fault.key.clone());
            fault.into_error(place, &key)
        })?;
        Ok(table)
    }

    /// The place where `key` was set last.
    pub(super) fn place_of(&self, key: &str) -> Place {
        if let Some(place) = self.overlaid.get(key) {
            return place.clone();
        }
        self.file
            .as_ref()
            .and_then(|(path, text)| {
                let line = line_at(text, offset_of(text, key)?);
                Some(Place::File {
                    path: path.clone(),
                    line,
                })
            })
            .unwrap_or(Place::Default)
    }
}

/// Offset of a dotted key in the text, or nothing when it is not set there. `list[2]` is the third part of a list.
fn offset_of(text: &str, key: &str) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    offset_in(root.get_ref(), key)
}

fn offset_in(table: &DeTable<'_>, key: &str) -> Option<usize> {
    let (step, rest) = match key.split_once('.') {
        Some((step, rest)) => (step, Some(rest)),
        None => (key, None),
    };
    let (name, place) = match step.split_once('[') {
        Some((name, place)) => (
            name,
            Some(place.trim_end_matches(']').parse::<usize>().ok()?),
        ),
        None => (step, None),
    };
    let (mut offset, mut value) = find(table, name)?;
    if let Some(place) = place {
        let DeValue::Array(list) = value.get_ref() else {
            return None;
        };
        value = list.get(place)?;
        offset = value.span().start;
    }
    let Some(rest) = rest else {
        return Some(offset);
    };
    let DeValue::Table(inner) = value.get_ref() else {
        return None;
    };
    // What a part of a list leaves out stands nowhere: the part itself is where to look.
    offset_in(inner, rest).or(place.map(|_| offset))
}

fn find<'t, 'i>(table: &'t DeTable<'i>, step: &str) -> Option<(usize, &'t Spanned<DeValue<'i>>)> {
    table
        .iter()
        .find(|(key, _)| key.get_ref() == step)
        .map(|(key, value)| (key.span().start, value))
}

fn line_at(text: &str, offset: usize) -> usize {
    text.bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}
