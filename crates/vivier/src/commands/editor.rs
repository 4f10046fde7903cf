//! A document in the person's own editor.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::failure::Failure;

/// A document being edited. The file goes when it is dropped.
pub struct Draft {
    file: tempfile::TempPath,
}

impl Draft {
    /// Writes `text` to a private file with a name that editors know the language of.
    pub fn new(text: &str) -> Result<Self, Failure> {
        let made = tempfile::Builder::new().prefix("vivier-").suffix(".json5").tempfile().and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            Ok(file.into_temp_path())
        });
        made.map(|file| Self { file }).map_err(|error| Failure::failed("A file to edit could not be made.").note(error))
    }

    /// Waits for the editor, and reads what it left.
    pub fn edit(&self) -> Result<String, Failure> {
        let editor =
            ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty())).unwrap_or_else(|| "vi".to_owned());
        // As git does it: the variable may hold options, so a shell takes it apart; the file is an argument of its own.
        let status = Command::new("sh").arg("-c").arg(format!("{editor} \"$1\"")).arg(&editor).arg::<&Path>(&self.file).status();
        match status {
            Ok(status) if status.success() => {}
            Ok(status) => return Err(Failure::failed(format!("The editor {editor:?} ended with {status}; nothing was changed."))),
            Err(error) => return Err(Failure::failed(format!("The editor {editor:?} could not be started.")).note(error).next("Set EDITOR.")),
        }
        std::fs::read_to_string(&self.file).map_err(|error| Failure::failed("The edited file cannot be read.").note(error))
    }

    /// Keeps the file, so that no work is lost; says where.
    pub fn keep(self) -> String {
        let shown = self.file.display().to_string();
        match self.file.keep() {
            Ok(path) => format!("Your text is kept in {}.", path.display()),
            Err(error) => format!("Your text in {shown} could not be kept: {error}."),
        }
    }
}
