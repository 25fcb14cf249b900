//! Meaning to style. The terminal's own foreground and background are left alone, and only the sixteen
//! colours are used, which every terminal theme defines: so light and dark backgrounds both work.
//! No meaning is carried by colour alone; without colours, the screens say the same.

use ratatui::style::{Color, Modifier, Style};

use crate::tui::line::Tone;

/// Which colours to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// None: bold, dim, underlined and reversed text only. What `NO_COLOR` asks for.
    Plain,
    /// Colours that can be read on a dark background, and on most light ones.
    #[default]
    Dark,
    /// Without yellow and bright colours, which vanish on white.
    Light,
}

impl Theme {
    /// The theme of that name, as the configuration file spells it.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::Plain),
            "dark" => Some(Self::Dark),
            "light" => Some(Self::Light),
            _ => None,
        }
    }

    /// How `tone` looks.
    pub fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let style = match tone {
            Tone::Plain => style,
            Tone::Strong | Tone::Good | Tone::Bad | Tone::Heading => style.add_modifier(Modifier::BOLD),
            Tone::Dim => style.add_modifier(Modifier::DIM),
            Tone::Warn => style,
            Tone::Evidence => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            Tone::Key => style.add_modifier(Modifier::BOLD),
        };
        match self.colour(tone) {
            Some(colour) => style.fg(colour),
            None => style,
        }
    }

    fn colour(self, tone: Tone) -> Option<Color> {
        let (warn, key) = match self {
            Self::Plain => return None,
            Self::Dark => (Color::Yellow, Color::Cyan),
            Self::Light => (Color::Magenta, Color::Blue),
        };
        match tone {
            Tone::Plain | Tone::Strong | Tone::Dim => None,
            Tone::Heading | Tone::Key => Some(key),
            Tone::Good => Some(Color::Green),
            Tone::Bad => Some(Color::Red),
            Tone::Warn => Some(warn),
            Tone::Evidence => Some(Color::Magenta),
        }
    }

    /// The line that the cursor is on, laid over what the line has of its own.
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The line of the cursor in a region that does not have the keys.
    pub fn marked(self) -> Style {
        Style::new().add_modifier(Modifier::UNDERLINED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TONES: [Tone; 9] = [
        Tone::Plain,
        Tone::Strong,
        Tone::Dim,
        Tone::Heading,
        Tone::Good,
        Tone::Bad,
        Tone::Warn,
        Tone::Evidence,
        Tone::Key,
    ];

    #[test]
    fn no_theme_touches_the_background_or_fixes_black_or_white() {
        for theme in [Theme::Plain, Theme::Dark, Theme::Light] {
            for tone in TONES {
                let style = theme.style(tone);
                assert_eq!(style.bg, None);
                assert!(!matches!(style.fg, Some(Color::White | Color::Black | Color::Gray | Color::Rgb(..))));
            }
        }
    }

    #[test]
    fn without_colours_there_are_none() {
        assert!(TONES.iter().all(|tone| Theme::Plain.style(*tone).fg.is_none()));
        assert_eq!(Theme::from_name("none"), Some(Theme::Plain));
        assert_eq!(Theme::from_name("solarized"), None);
    }
}
