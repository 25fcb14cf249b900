//! What a user can ask for. Keys lead here by the table in `keymap`, and `update` carries it out.

macro_rules! actions {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// Something that a key can ask for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $($(#[$doc])* $variant,)* }

        impl Action {
            /// Every action, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in the configuration file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The action of that name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.name() == name)
            }
        }
    };
}

actions! {
    /// One line up.
    Up = "up",
    /// One line down.
    Down = "down",
    /// Fold, or to the region on the left.
    Left = "left",
    /// Unfold, or to the region on the right.
    Right = "right",
    /// Half a screen up.
    HalfPageUp = "half-page-up",
    /// Half a screen down.
    HalfPageDown = "half-page-down",
    /// A screen up.
    PageUp = "page-up",
    /// A screen down.
    PageDown = "page-down",
    /// To the first line.
    Top = "top",
    /// To the last line.
    Bottom = "bottom",
    /// Open what the cursor is on.
    Open = "open",
    /// Back to where one came from.
    Back = "back",
    /// Leave the program.
    Quit = "quit",
    /// Stop the program for the moment, back to the shell.
    Suspend = "suspend",
    /// Show the keys.
    Help = "help",
    /// Filter the sessions, or search on the other screens.
    Filter = "filter",
    /// To the next match.
    NextMatch = "next-match",
    /// To the previous match.
    PreviousMatch = "previous-match",
    /// Copy what the cursor is on.
    Copy = "copy",
    /// Write the session to a file.
    Save = "save",
    /// Stop or go on taking in new sessions.
    Pause = "pause",
    /// Show what is known of the capture itself.
    Capture = "capture",
    /// Only sessions that failed or were refused.
    FailuresOnly = "failures-only",
    /// Sort by the next column.
    Sort = "sort",
    /// Sort the other way round.
    Reverse = "reverse",
    /// Mark a session for comparison.
    Mark = "mark",
    /// Compare the two marked sessions.
    Compare = "compare",
    /// To the next region.
    NextPane = "next-pane",
    /// To the previous region.
    PreviousPane = "previous-pane",
    /// The timeline.
    Timeline = "timeline",
    /// The selected message.
    Message = "message",
    /// The certificates.
    Certificates = "certificates",
    /// The explanation.
    Why = "why",
    /// What to do.
    Remedies = "remedies",
    /// Show or hide bytes.
    Bytes = "bytes",
    /// Unfold everything.
    UnfoldAll = "unfold-all",
    /// Fold everything.
    FoldAll = "fold-all",
    /// The next session of the list.
    NextSession = "next-session",
    /// The previous session of the list.
    PreviousSession = "previous-session",
    /// Show what is the same, too.
    ShowSame = "show-same",
    /// Take what was typed.
    Accept = "accept",
    /// Leave the prompt as if nothing had been typed.
    Cancel = "cancel",
    /// Erase the character before the cursor.
    Erase = "erase",
    /// Erase the word before the cursor.
    EraseWord = "erase-word",
    /// Erase everything.
    EraseAll = "erase-all",
    /// The cursor one character to the left.
    CursorLeft = "cursor-left",
    /// The cursor one character to the right.
    CursorRight = "cursor-right",
    /// The cursor to the beginning.
    CursorStart = "cursor-start",
    /// The cursor to the end.
    CursorEnd = "cursor-end",
    /// Write JSON.
    SaveJson = "save-json",
    /// Write Markdown.
    SaveMarkdown = "save-markdown",
    /// Write the session's packets.
    SavePackets = "save-packets",
    /// Write the session's packets with the keys that open them.
    SaveKeys = "save-packets-with-keys",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for action in Action::ALL {
            assert_eq!(Action::from_name(action.name()), Some(*action));
        }
    }
}
