//! A TOML table that is read key by key, so that every mistake has its line, and what nobody asked for
//! is one.

use std::ops::Range;

use serde_json::Value;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, de};

use crate::report::check::Mistake;

/// A value and where it stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Given<T> {
    pub(super) value: T,
    pub(super) span: Range<usize>,
}

/// A table of which some keys were read already.
pub(super) struct Table<'a> {
    source: &'a str,
    /// What it is called in messages: `[trust]`; empty for the file itself.
    name: String,
    at: usize,
    entries: Vec<Entry<'a>>,
    asked: Vec<&'static str>,
}

struct Entry<'a> {
    key: String,
    at: usize,
    value: Option<Spanned<DeValue<'a>>>,
}

/// The line of a place in `source`, from 1.
pub(super) fn line_of(source: &str, at: usize) -> usize {
    source.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

/// The whole file.
pub(super) fn parse(source: &str) -> Result<Table<'_>, Mistake> {
    let broken = |error: de::Error| {
        let line = line_of(source, error.span().map_or(0, |span| span.start));
        let text = error.message().lines().collect::<Vec<_>>().join("; ");
        Mistake { line, text: format!("not TOML: {text}") }
    };
    let table = DeTable::parse(source).map_err(broken)?;
    Ok(Table::new(source, String::new(), table))
}

impl<'a> Table<'a> {
    fn new(source: &'a str, name: String, table: Spanned<DeTable<'a>>) -> Self {
        let at = table.span().start;
        let entries = table.into_inner().into_iter().map(|(key, value)| Entry {
            at: key.span().start,
            key: key.into_inner().into_owned(),
            value: Some(value),
        });
        let mut entries: Vec<Entry<'a>> = entries.collect();
        entries.sort_by_key(|entry| entry.at);
        Self { source, name, at, entries, asked: Vec::new() }
    }

    /// The line on which the table begins.
    pub(super) fn line(&self) -> usize {
        line_of(self.source, self.at)
    }

    pub(super) fn mistake(&self, at: usize, text: impl Into<String>) -> Mistake {
        Mistake { line: line_of(self.source, at), text: text.into() }
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, wanted: &str) -> Mistake {
        let found = value.get_ref().type_str();
        self.mistake(value.span().start, format!("`{key}` has to be {wanted}, and is of type {found}"))
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'a>>> {
        self.asked.push(key);
        self.entries.iter_mut().find(|entry| entry.key == key)?.value.take()
    }

    /// A string.
    pub(super) fn text(&mut self, key: &'static str) -> Result<Option<Given<String>>, Mistake> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match value.get_ref().as_str() {
            Some(text) => Ok(Some(Given { value: text.to_owned(), span: value.span() })),
            None => Err(self.wrong_type(key, &value, "a string")),
        }
    }

    /// A string, or a list of them; each with its own place.
    pub(super) fn words(&mut self, key: &'static str) -> Result<Option<Given<Vec<Given<String>>>>, Mistake> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let one = |value: &Spanned<DeValue<'_>>| {
            value.get_ref().as_str().map(|text| Given { value: text.to_owned(), span: value.span() })
        };
        let found = match value.get_ref() {
            DeValue::Array(items) => items.iter().map(one).collect::<Option<Vec<_>>>(),
            _ => one(&value).map(|word| vec![word]),
        };
        match found {
            Some(words) => Ok(Some(Given { value: words, span: value.span() })),
            None => Err(self.wrong_type(key, &value, "a string or a list of strings")),
        }
    }

    /// A number that is not negative.
    pub(super) fn number(&mut self, key: &'static str) -> Result<Option<Given<u64>>, Mistake> {
        let Some(value) = self.take(key) else { return Ok(None) };
        match number(value.get_ref()) {
            Some(number) => Ok(Some(Given { value: number, span: value.span() })),
            None => Err(self.wrong_type(key, &value, "a whole number from 0")),
        }
    }

    /// A list of numbers.
    pub(super) fn numbers(&mut self, key: &'static str) -> Result<Option<Vec<u64>>, Mistake> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let items = value.get_ref().as_array();
        let found = items.and_then(|items| items.iter().map(|item| number(item.get_ref())).collect::<Option<Vec<_>>>());
        found.map(Some).ok_or_else(|| self.wrong_type(key, &value, "a list of whole numbers"))
    }

    /// A table below this one.
    pub(super) fn table(&mut self, key: &'static str) -> Result<Option<Self>, Mistake> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let span = value.span();
        if !value.get_ref().is_table() {
            return Err(self.wrong_type(key, &value, "a table"));
        }
        let DeValue::Table(table) = value.into_inner() else { return Ok(None) };
        Ok(Some(Table::new(self.source, self.below(key), Spanned::new(span, table))))
    }

    /// Whether a list stands there.
    pub(super) fn has_list(&self, key: &str) -> bool {
        let given = self.entries.iter().find(|entry| entry.key == key).and_then(|entry| entry.value.as_ref());
        given.is_some_and(|value| value.get_ref().is_array())
    }

    /// A list of tables below this one: `[[session]]`.
    pub(super) fn tables(&mut self, key: &'static str) -> Result<Vec<Self>, Mistake> {
        let Some(value) = self.take(key) else { return Ok(Vec::new()) };
        let wanted = format!("a list of tables, each headed [[{key}]]");
        let all_tables = value.get_ref().as_array().is_some_and(|all| all.iter().all(|item| item.get_ref().is_table()));
        if !all_tables {
            return Err(self.wrong_type(key, &value, &wanted));
        }
        let DeValue::Array(items) = value.into_inner() else { return Ok(Vec::new()) };
        let mut tables = Vec::new();
        for item in items {
            let span = item.span();
            if let DeValue::Table(table) = item.into_inner() {
                tables.push(Table::new(self.source, format!("[{}]", self.below(key)), Spanned::new(span, table)));
            }
        }
        Ok(tables)
    }

    fn below(&self, key: &str) -> String {
        match self.name.trim_matches(['[', ']']) {
            "" => format!("[{key}]"),
            name => format!("[{name}.{key}]"),
        }
    }

    /// Takes a string or a date, which is not looked at.
    pub(super) fn remark(&mut self, key: &'static str) -> Result<(), Mistake> {
        match self.take(key) {
            Some(value) if !value.get_ref().is_str() && !value.get_ref().is_datetime() => {
                Err(self.wrong_type(key, &value, "a string or a date"))
            }
            _ => Ok(()),
        }
    }

    /// Everything that was not read yet: keys with their places, and values as JSON.
    pub(super) fn rest(&mut self) -> Vec<(Given<String>, Given<Value>)> {
        let left = self.entries.iter_mut().filter_map(|entry| {
            let value = entry.value.take()?;
            let key = Given { value: entry.key.clone(), span: entry.at..entry.at };
            Some((key, Given { value: json(value.get_ref()), span: value.span() }))
        });
        left.collect()
    }

    /// Whether nothing is left of what was given, i.e. all of it was asked for.
    pub(super) fn done(self) -> Result<(), Mistake> {
        let Some(entry) = self.entries.iter().find(|entry| entry.value.is_some()) else { return Ok(()) };
        let place = if self.name.is_empty() { String::new() } else { format!(" in {}", self.name) };
        let hint = nearest(&entry.key, self.asked.iter().copied())
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_default();
        Err(self.mistake(entry.at, format!("there is no key `{}`{place}{hint}", entry.key)))
    }
}

fn number(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Boolean(one) => Value::from(*one),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).map_or_else(|_| integer.as_str().into(), Value::from)
        }
        DeValue::Float(float) => float.as_str().parse::<f64>().map_or_else(|_| float.as_str().into(), Value::from),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(table) => {
            table.iter().map(|(key, item)| (key.get_ref().to_string(), json(item.get_ref()))).collect()
        }
    }
}

/// The word that was probably meant.
pub(super) fn nearest<'w>(typed: &str, words: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let limit = 1 + typed.chars().count() / 4;
    words.map(|word| (distance(typed, word), word)).filter(|(far, _)| *far <= limit).min().map(|(_, word)| word)
}

/// Levenshtein's.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(200).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, left) in one.chars().take(200).enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut().unwrap_or(&mut 0), index + 1);
        let mut before = index + 1;
        for (cell, right) in row.iter_mut().skip(1).zip(&other) {
            let cost = diagonal + usize::from(left != *right);
            diagonal = *cell;
            *cell = cost.min(before + 1).min(*cell + 1);
            before = *cell;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found() {
        assert_eq!(distance("outcom", "outcome"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest("outcme", ["side", "outcome"].into_iter()), Some("outcome"));
        assert_eq!(nearest("colour", ["side", "outcome"].into_iter()), None);
    }

    #[test]
    fn mistakes_have_their_lines() {
        let mistake = |text: &str| parse(text).and_then(Table::done).expect_err("a mistake");
        assert_eq!(mistake("\n\nx = 1\n").line, 3);
        let broken = mistake("a = 1\nb = \"\n");
        assert_eq!(broken.line, 2);
        assert!(broken.text.starts_with("not TOML: "), "{broken}");
        let mut table = parse("a = 1\nname = 3").expect("TOML");
        assert_eq!(table.number("a").expect("a number").map(|a| a.value), Some(1));
        let wrong = table.text("name").expect_err("a number");
        assert_eq!(wrong.to_string(), "line 2: `name` has to be a string, and is of type integer");
    }
}
