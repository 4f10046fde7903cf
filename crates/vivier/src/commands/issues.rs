//! What is wrong with a configuration document, shown in the document itself: the line, and a caret under the key.

use vivier_core::config::ConfigIssue;

use crate::output::{Output, Paint};
use crate::text::harmless;

/// The issues as lines for stderr. `text` is the document as the person wrote it; `name` is what they call it.
pub fn render(issues: &[ConfigIssue], text: &str, name: &str, output: &Output) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut shown = String::new();
    for issue in issues {
        let subject = if issue.path.is_empty() { "The document".to_owned() } else { harmless(&issue.path, false) };
        shown.push_str(&format!("{} {subject} {}\n", output.paint_aside(Paint::Bad, "✗"), harmless(&issue.message, true)));
        let Some((number, column, width)) = place(issue, &lines) else { continue };
        let margin = number.to_string().len();
        let line = lines[number - 1];
        // The same blanks before the caret as before the key, so that tabs keep them in line.
        let indent: String = line.chars().take(column).map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
        let caret = output.paint_aside(Paint::Bad, &"^".repeat(width.max(1)));
        shown.push_str(&format!("  {:margin$}--> {name}:{number}:{}\n", "", column + 1));
        shown.push_str(&format!("  {number} | {}\n  {:margin$} | {indent}{caret}\n", harmless(line, false), ""));
    }
    shown.trim_end().to_owned()
}

/// Line (from 1), column and width of what the issue is about.
fn place(issue: &ConfigIssue, lines: &[&str]) -> Option<(usize, usize, usize)> {
    let last = issue.path.split(['.', '[', ']']).rfind(|part| !part.is_empty() && part.parse::<usize>().is_err());
    if let Some(number) = issue.line.and_then(|line| usize::try_from(line).ok()).filter(|line| (1..=lines.len()).contains(line)) {
        let line = lines[number - 1];
        let (column, width) = last.and_then(|key| key_in(line, key)).unwrap_or_else(|| {
            let blanks = line.chars().take_while(|letter| letter.is_whitespace()).count();
            (blanks, line.trim().chars().count())
        });
        return Some((number, column, width));
    }
    // No line was given: walk down the path, each key behind the one before.
    let mut from = 0;
    let mut found = None;
    for key in issue.path.split(['.', '[', ']']).filter(|part| !part.is_empty() && part.parse::<usize>().is_err()) {
        let hit = lines.iter().enumerate().skip(from).find_map(|(index, line)| key_in(line, key).map(|(column, width)| (index, column, width)));
        let Some((index, column, width)) = hit else { break };
        from = index;
        found = Some((index + 1, column, width));
    }
    found
}

/// Where `key` stands as a key (before a colon, quoted or not), in characters.
fn key_in(line: &str, key: &str) -> Option<(usize, usize)> {
    line.match_indices(key).find_map(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + key.len()..]);
        let starts = before.chars().next_back().is_none_or(|letter| !letter.is_alphanumeric() && letter != '_');
        let ends = after.trim_start_matches(['"', '\'']).trim_start().starts_with(':');
        (starts && ends).then(|| (before.chars().count(), key.chars().count()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue(path: &str, line: Option<u32>) -> ConfigIssue {
        ConfigIssue { path: path.to_owned(), message: "must be a text.".to_owned(), line }
    }

    #[test]
    fn an_issue_is_shown_under_its_key_with_or_without_a_line() {
        let text = "{\n\tui: {\n\t\t\"assistant\": { name: 7 },\n\t},\n}";
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(place(&issue("ui.assistant.name", None), &lines), Some((3, 17, 4)));
        assert_eq!(place(&issue("ui.assistant", Some(3)), &lines), Some((3, 3, 9)));
        assert_eq!(place(&issue("", Some(4)), &lines), Some((4, 1, 2)));
        assert_eq!(place(&issue("", None), &lines), None);
        assert_eq!(place(&issue("absent.key", Some(99)), &lines), None);
        let shown = render(&[issue("ui.assistant.name", None)], text, "ada.json5", &Output::new(true));
        assert_eq!(shown, "✗ ui.assistant.name must be a text.\n   --> ada.json5:3:18\n  3 | \t\t\"assistant\": { name: 7 },\n    | \t\t               ^^^^");
    }
}
