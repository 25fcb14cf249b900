//! The configuration file's text, in TOML. The file itself is read elsewhere.
//!
//! ```toml
//! theme = "light"          # dark, light or none
//! mouse = true
//!
//! [keys]                   # action = key, or a list of keys; names as in docs/tui.md
//! quit = ["Q", "f10"]
//! failures-only = "e"
//! ```

use toml::{Table, Value};

use crate::tui::action::Action;
use crate::tui::keymap::{Clash, Key, Keymap, NoSuchKey};
use crate::tui::theme::Theme;

/// What a configuration file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The theme, where it names one.
    pub theme: Option<Theme>,
    /// Whether the mouse is wanted, where it says so.
    pub mouse: Option<bool>,
    /// The keys.
    pub keymap: Keymap,
}

/// Why a configuration file cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ConfigError {
    /// It is not TOML.
    #[error("it is not TOML: {0}")]
    Syntax(#[from] toml::de::Error),
    /// It has a setting that does not exist.
    #[error("there is no setting `{0}`: there are `theme`, `mouse` and `[keys]`")]
    NoSuchSetting(String),
    /// A setting has a value that it cannot have.
    #[error("`{setting}` has to be {wanted}")]
    Value {
        /// Which.
        setting: String,
        /// What it can have.
        wanted: &'static str,
    },
    /// It gives keys to an action that does not exist.
    #[error("there is no action `{0}`: the help (`?`) and docs/tui.md name them")]
    NoSuchAction(String),
    /// It names a key that does not exist.
    #[error("for `{action}`: {source}")]
    NoSuchKey {
        /// The action.
        action: String,
        /// The key.
        source: NoSuchKey,
    },
    /// Its keys do not go together.
    #[error(transparent)]
    Clash(#[from] Clash),
}

/// Reads a configuration file's text.
///
/// # Errors
/// Where it is not understood to the last setting: a setting that is silently ignored helps nobody.
pub fn parse(text: &str) -> Result<Config, ConfigError> {
    let table: Table = text.parse()?;
    let mut config = Config::default();
    for (name, value) in &table {
        match (name.as_str(), value) {
            ("theme", Value::String(theme)) => {
                let wanted = || ConfigError::Value { setting: name.clone(), wanted: "`dark`, `light` or `none`" };
                config.theme = Some(Theme::from_name(theme).ok_or_else(wanted)?);
            }
            ("theme", _) => return Err(ConfigError::Value { setting: name.clone(), wanted: "a string" }),
            ("mouse", Value::Boolean(mouse)) => config.mouse = Some(*mouse),
            ("mouse", _) => return Err(ConfigError::Value { setting: name.clone(), wanted: "`true` or `false`" }),
            ("keys", Value::Table(keys)) => config.keymap = Keymap::default().with(&changes(keys)?)?,
            ("keys", _) => return Err(ConfigError::Value { setting: name.clone(), wanted: "a table" }),
            _ => return Err(ConfigError::NoSuchSetting(name.clone())),
        }
    }
    Ok(config)
}

fn changes(table: &Table) -> Result<Vec<(Action, Vec<Key>)>, ConfigError> {
    let mut changes = Vec::new();
    for (name, value) in table {
        let action = Action::from_name(name).ok_or_else(|| ConfigError::NoSuchAction(name.clone()))?;
        let wrong = || ConfigError::Value { setting: name.clone(), wanted: "a key or a list of keys, as strings" };
        let names: Vec<&str> = match value {
            Value::String(key) => vec![key],
            Value::Array(keys) => keys.iter().map(|key| key.as_str().ok_or_else(wrong)).collect::<Result<_, _>>()?,
            _ => return Err(wrong()),
        };
        let parsed = names
            .into_iter()
            .map(|key| key.parse().map_err(|source| ConfigError::NoSuchKey { action: name.clone(), source }));
        changes.push((action, parsed.collect::<Result<_, _>>()?));
    }
    Ok(changes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::keymap::{Code, Scope};

    #[test]
    fn settings_are_read() {
        let config = parse("theme = 'light'\nmouse = true\n[keys]\nquit = ['Q', 'f10']\nfailures-only = 'e'\n");
        let config = config.expect("read");
        assert_eq!((config.theme, config.mouse), (Some(Theme::Light), Some(true)));
        assert_eq!(config.keymap.action(Scope::Sessions, Key::plain(Code::Char('e'))), Some(Action::FailuresOnly));
        assert_eq!(config.keymap.action(Scope::Sessions, Key::plain(Code::F(10))), Some(Action::Quit));
        assert_eq!(config.keymap.action(Scope::Sessions, Key::plain(Code::Char('q'))), None);
        assert_eq!(parse(""), Ok(Config::default()));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        let said = |text: &str| parse(text).expect_err("refused").to_string();
        assert!(said("colour = 1").contains("`colour`"));
        assert!(said("theme = 'blue'").contains("`dark`, `light` or `none`"));
        assert!(said("[keys]\nfly = 'x'").contains("`fly`"));
        assert!(said("[keys]\nquit = 'hyper-q'").contains("`hyper-q` is no key"));
        assert!(said("[keys]\nquit = 1").contains("as strings"));
        assert!(said("[keys]\nquit = 'j'").contains("`down` and `quit`"));
        assert!(said("[keys").contains("not TOML"));
    }
}
