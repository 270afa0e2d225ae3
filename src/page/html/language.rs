//! The language of a page, told by its letters: readers of screens speak in it, and browsers choose the shapes of Han
//! by it.

use super::super::{Content, Page};

/// The tag of the language that the words of a page are written in, as far as letters tell.
pub(super) fn of(page: &Page) -> &'static str {
    let headings = page.sections.iter().filter_map(|section| section.title.as_deref());
    let texts = page.sections.iter().filter_map(|section| match &section.content {
        Content::Text(prose) => Some(prose.source()),
        Content::Table(_) | Content::Value(..) | Content::Chart(..) | Content::Alerts(_) | Content::Trouble(_) => None,
    });
    let words = [Some(page.title.as_str()), page.description.as_deref()].into_iter().flatten();
    of_letters(words.chain(headings).chain(texts).flat_map(str::chars))
}

fn of_letters(letters: impl Iterator<Item = char>) -> &'static str {
    let mut han = false;
    for c in letters {
        match c {
            '\u{ac00}'..='\u{d7a3}' | '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' => return "ko",
            '\u{3041}'..='\u{30ff}' => return "ja",
            '\u{4e00}'..='\u{9fff}' => han = true,
            _ => {}
        }
    }
    if han { "zh" } else { "en" }
}

#[cfg(test)]
mod tests {
    use super::of_letters;

    #[test]
    fn letters_tell_the_language() {
        for (text, tag) in
            [("Weekly KPIs", "en"), ("주간 지표", "ko"), ("週間の売上", "ja"), ("每周报告", "zh"), ("", "en")]
        {
            assert_eq!(of_letters(text.chars()), tag, "{text}");
        }
    }
}
