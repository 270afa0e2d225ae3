//! Text of the catalogue in a small part of Markdown, read once and written for a page or for a terminal.
//!
//! Paragraphs, headings, lists, quotes, fenced code, `**strong**`, `*emphasis*`, `` `code` `` and `[words](address)`.
//! Anything else is text: markup of HTML is shown, never obeyed. An address is followed only when it begins with
//! `https://`, `http://` or `mailto:`.

use std::ops::Range;

use crate::render::push_escaped;

/// Text that was read; its source is kept for those who speak Markdown themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prose {
    source: String,
    blocks: Vec<Block>,
}

/// What is wrong with a text, and where, in bytes of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProseError {
    /// The bytes at fault.
    pub span: Range<usize>,
    /// What is wrong.
    pub problem: String,
    /// The next step.
    pub hint: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    /// A heading and its level, from 1.
    Heading(usize, Vec<Span>),
    Paragraph(Vec<Span>),
    /// Items with numbers, or without.
    List(bool, Vec<Vec<Span>>),
    Quote(Vec<Span>),
    Code(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Span {
    Text(String),
    Strong(Vec<Self>),
    Emphasis(Vec<Self>),
    Code(String),
    Link(Vec<Self>, String),
}

/// Whether an address may be followed from a page.
#[must_use]
pub fn is_followed(address: &str) -> bool {
    let is = |scheme: &str| address.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    ["https://", "http://", "mailto:"].into_iter().any(is)
}

impl Prose {
    /// Reads a text.
    ///
    /// # Errors
    /// Every link that leads elsewhere than to the web or to mail, and every picture: a page loads nothing.
    pub fn parse(text: &str) -> Result<Self, Vec<ProseError>> {
        let mut reader = Reader { text, errors: Vec::new() };
        let blocks = reader.blocks();
        if reader.errors.is_empty() { Ok(Self { source: text.to_owned(), blocks }) } else { Err(reader.errors) }
    }

    /// The text as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The text without marks, a line for each paragraph, heading and item.
    #[must_use]
    pub fn plain(&self) -> String {
        let mut lines = String::new();
        for (index, block) in self.blocks.iter().enumerate() {
            if index > 0 {
                lines.push('\n');
            }
            block.plain(&mut lines);
        }
        lines
    }

    /// Writes it into a page, its headings below those of level `above`.
    pub(super) fn push_html(&self, out: &mut String, above: usize) {
        self.blocks.iter().for_each(|block| block.html(out, above));
    }
}

impl Block {
    fn plain(&self, lines: &mut String) {
        match self {
            Self::Heading(_, spans) | Self::Paragraph(spans) => {
                plain(spans, lines);
                lines.push('\n');
            }
            Self::List(numbered, items) => {
                for (index, item) in items.iter().enumerate() {
                    lines.push_str(&if *numbered { format!("{}. ", index + 1) } else { "- ".to_owned() });
                    plain(item, lines);
                    lines.push('\n');
                }
            }
            Self::Quote(spans) => {
                lines.push_str("> ");
                plain(spans, lines);
                lines.push('\n');
            }
            Self::Code(code) => code.lines().for_each(|line| {
                lines.push_str("    ");
                lines.push_str(line);
                lines.push('\n');
            }),
        }
    }

    fn html(&self, out: &mut String, above: usize) {
        match self {
            Self::Heading(level, spans) => wrapped(out, &format!("h{}", level + above), spans),
            Self::Paragraph(spans) => wrapped(out, "p", spans),
            Self::List(numbered, items) => {
                let tag = if *numbered { "ol" } else { "ul" };
                out.push_str(&format!("<{tag}>\n"));
                items.iter().for_each(|item| wrapped(out, "li", item));
                out.push_str(&format!("</{tag}>\n"));
            }
            Self::Quote(spans) => {
                out.push_str("<blockquote>");
                wrapped(out, "p", spans);
                out.push_str("</blockquote>\n");
            }
            Self::Code(code) => {
                out.push_str("<pre><code>");
                push_escaped(out, code);
                out.push_str("</code></pre>\n");
            }
        }
    }
}

fn wrapped(out: &mut String, tag: &str, spans: &[Span]) {
    out.push_str(&format!("<{tag}>"));
    spans.iter().for_each(|span| span.html(out));
    out.push_str(&format!("</{tag}>\n"));
}

fn plain(spans: &[Span], out: &mut String) {
    for span in spans {
        match span {
            Span::Text(text) | Span::Code(text) => out.push_str(text),
            Span::Strong(inner) | Span::Emphasis(inner) => plain(inner, out),
            Span::Link(words, address) => {
                let begin = out.len();
                plain(words, out);
                if out[begin..] != **address {
                    out.push_str(&format!(" ({address})"));
                }
            }
        }
    }
}

impl Span {
    fn html(&self, out: &mut String) {
        let inside = |out: &mut String, open: &str, inner: &[Self], close: &str| {
            out.push_str(open);
            inner.iter().for_each(|span| span.html(out));
            out.push_str(close);
        };
        match self {
            Self::Text(text) => push_escaped(out, text),
            Self::Code(code) => {
                out.push_str("<code>");
                push_escaped(out, code);
                out.push_str("</code>");
            }
            Self::Strong(inner) => inside(out, "<strong>", inner, "</strong>"),
            Self::Emphasis(inner) => inside(out, "<em>", inner, "</em>"),
            Self::Link(words, address) => {
                out.push_str("<a href=\"");
                push_escaped(out, address);
                inside(out, "\">", words, "</a>");
            }
        }
    }
}

struct Reader<'a> {
    text: &'a str,
    errors: Vec<ProseError>,
}

impl Reader<'_> {
    fn blocks(&mut self) -> Vec<Block> {
        let text = self.text;
        let lines: Vec<&str> = text.lines().collect();
        let (mut blocks, mut at) = (Vec::new(), 0);
        while at < lines.len() {
            let line = lines[at].trim();
            if line.is_empty() {
                at += 1;
            } else if line.starts_with("```") {
                let body = lines[at + 1..].iter().take_while(|line| !line.trim().starts_with("```"));
                let body: Vec<&str> = body.copied().collect();
                at += body.len() + 2;
                blocks.push(Block::Code(body.join("\n")));
            } else if let Some((level, words)) = heading(line) {
                at += 1;
                blocks.push(Block::Heading(level, self.spans(words)));
            } else {
                let shape = shape(line);
                let run =
                    lines[at..].iter().enumerate().take_while(|(index, line)| *index == 0 || goes_on(shape, line));
                let run: Vec<&str> = run.map(|(_, line)| line.trim()).collect();
                at += run.len();
                blocks.push(self.run(shape, &run));
            }
        }
        blocks
    }

    fn run(&mut self, kind: Shape, lines: &[&str]) -> Block {
        let mut items: Vec<Vec<Span>> = Vec::new();
        for line in lines {
            let begins = shape(line) == kind && kind != Shape::Paragraph;
            let words = if begins { marked(line).1 } else { line };
            let spans = self.spans(words);
            match items.last_mut() {
                Some(last) if !begins || kind == Shape::Quote => {
                    last.push(Span::Text(" ".into()));
                    last.extend(spans);
                }
                _ => items.push(spans),
            }
        }
        match kind {
            Shape::Bullets => Block::List(false, items),
            Shape::Numbers => Block::List(true, items),
            Shape::Quote => Block::Quote(items.concat()),
            Shape::Paragraph => Block::Paragraph(items.concat()),
        }
    }

    /// What stands in one line; `words` is a part of the text.
    fn spans(&mut self, words: &str) -> Vec<Span> {
        let (mut spans, mut text, mut at) = (Vec::new(), String::new(), 0);
        while let Some(c) = words[at..].chars().next() {
            let rest = &words[at..];
            let escaped = rest.strip_prefix('\\').and_then(|rest| rest.chars().next());
            if let Some(mark) = escaped.filter(char::is_ascii_punctuation) {
                text.push(mark);
                at += 2;
            } else if let Some((span, length)) = self.marked_span(rest) {
                if !text.is_empty() {
                    spans.push(Span::Text(std::mem::take(&mut text)));
                }
                spans.push(span);
                at += length;
            } else if c == '*' {
                // A mark without its other half is text, all of it.
                let stars = rest.len() - rest.trim_start_matches('*').len();
                text.push_str(&rest[..stars]);
                at += stars;
            } else {
                text.push(c);
                at += c.len_utf8();
            }
        }
        if !text.is_empty() {
            spans.push(Span::Text(text));
        }
        spans
    }

    /// A span with marks at the head of `rest`, and how many bytes it takes.
    fn marked_span(&mut self, rest: &str) -> Option<(Span, usize)> {
        if let Some(inner) = rest.strip_prefix('`') {
            let end = inner.find('`').filter(|end| *end > 0)?;
            return Some((Span::Code(inner[..end].to_owned()), end + 2));
        }
        for (mark, is_strong) in [("**", true), ("*", false)] {
            if let Some(inner) = rest.strip_prefix(mark) {
                let end = closing(inner, mark)?;
                let spans = self.spans(&inner[..end]);
                let span = if is_strong { Span::Strong(spans) } else { Span::Emphasis(spans) };
                return Some((span, end + 2 * mark.len()));
            }
        }
        self.link(rest)
    }

    fn link(&mut self, rest: &str) -> Option<(Span, usize)> {
        let (picture, inner) = match rest.strip_prefix("![") {
            Some(inner) => (true, inner),
            None => (false, rest.strip_prefix('[')?),
        };
        let (words, after) = inner.split_once("](")?;
        let (address, _) = after.split_once(')')?;
        let length = address.as_ptr() as usize - rest.as_ptr() as usize + address.len() + 1;
        let wrong = if picture {
            Some(("a page loads no picture from elsewhere", "write a link to it, without the `!`"))
        } else if words.contains(['[', '\n']) || address.contains(char::is_whitespace) {
            return None;
        } else if !is_followed(address) {
            Some(("a link leads to the web or to mail", "begin it with `https://`, `http://` or `mailto:`"))
        } else {
            None
        };
        if let Some((problem, hint)) = wrong {
            let start = address.as_ptr() as usize - self.text.as_ptr() as usize;
            let span = start..start + address.len();
            self.errors.push(ProseError { span, problem: problem.into(), hint: hint.into() });
        }
        Some((Span::Link(self.spans(words), address.to_owned()), length))
    }
}

/// How the lines of a block begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    Bullets,
    Numbers,
    Quote,
    Paragraph,
}

fn shape(line: &str) -> Shape {
    marked(line.trim()).0
}

/// How a line begins, and what follows its mark.
fn marked(line: &str) -> (Shape, &str) {
    if let Some(words) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return (Shape::Bullets, words);
    }
    if let Some(words) = line.strip_prefix("> ") {
        return (Shape::Quote, words);
    }
    let after = line.trim_start_matches(|c: char| c.is_ascii_digit());
    match after.strip_prefix(". ") {
        Some(words) if after.len() < line.len() => (Shape::Numbers, words),
        _ => (Shape::Paragraph, line),
    }
}

/// Whether a line belongs to a block of this shape that has begun.
fn goes_on(begun: Shape, line: &str) -> bool {
    let line = line.trim();
    let shape = shape(line);
    !line.is_empty()
        && !line.starts_with("```")
        && heading(line).is_none()
        && (shape == begun || shape == Shape::Paragraph)
}

/// The level and the words of a heading; there are three levels.
fn heading(line: &str) -> Option<(usize, &str)> {
    let words = line.trim_start_matches('#');
    let level = line.len() - words.len();
    (level > 0 && words.starts_with(' ')).then(|| (level.min(3), words.trim()))
}

/// Where the mark that ends a span stands: not after a space, not where it opens one.
fn closing(inner: &str, mark: &str) -> Option<usize> {
    if inner.starts_with(char::is_whitespace) {
        return None;
    }
    let mut at = inner.chars().next()?.len_utf8();
    while let Some(found) = inner.get(at..).and_then(|rest| rest.find(mark)) {
        let end = at + found;
        let is_longer = mark == "*" && (inner[end + 1..].starts_with('*') || inner[..end].ends_with('*'));
        if !inner[..end].ends_with([' ', '\\']) && !is_longer {
            return Some(end);
        }
        at = end + mark.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};

    use super::Prose;

    fn html(text: &str) -> String {
        let mut out = String::new();
        Prose::parse(text).expect("no mistake").push_html(&mut out, 2);
        out
    }

    const TEXT: &str = "# 이번 주\n\nOrders **rose** by *a third*, see\n[the board](https://wiki.example.com/?a=1&b=\"2\") \
        and `select 1 < 2`.\n\n- one\n- two,\n  still two\n\n1. first\n2. second\n> said **who**\n> and when\n```sql\nselect '<b>'\n```\n\
        a * b * c, snake_case_name, **open, <script>alert(1)</script> \\*not\\*";

    #[test]
    fn a_text_becomes_a_page_and_runs_nothing() {
        insta::assert_snapshot!(html(TEXT), @r#"
        <h3>이번 주</h3>
        <p>Orders <strong>rose</strong> by <em>a third</em>, see <a href="https://wiki.example.com/?a=1&amp;b=&quot;2&quot;">the board</a> and <code>select 1 &lt; 2</code>.</p>
        <ul>
        <li>one</li>
        <li>two, still two</li>
        </ul>
        <ol>
        <li>first</li>
        <li>second</li>
        </ol>
        <blockquote><p>said <strong>who</strong> and when</p>
        </blockquote>
        <pre><code>select &#39;&lt;b&gt;&#39;</code></pre>
        <p>a * b * c, snake_case_name, **open, &lt;script&gt;alert(1)&lt;/script&gt; *not*</p>
        "#);
    }

    #[test]
    fn a_text_is_read_without_its_marks() {
        insta::assert_snapshot!(Prose::parse(TEXT).expect("no mistake").plain(), @r#"
        이번 주

        Orders rose by a third, see the board (https://wiki.example.com/?a=1&b="2") and select 1 < 2.

        - one
        - two, still two

        1. first
        2. second

        > said who and when

            select '<b>'

        a * b * c, snake_case_name, **open, <script>alert(1)</script> *not*
        "#);
    }

    #[test]
    fn what_would_load_or_run_is_a_mistake_with_its_place() {
        let text = "see [a](javascript:alert(1)) and ![b](https://example.com/x.png), [c](/local)";
        let told = Prose::parse(text).expect_err("three mistakes").into_iter();
        let told: Vec<String> = told.map(|error| format!("{}: {}", &text[error.span.clone()], error.problem)).collect();
        assert_eq!(
            told,
            [
                "javascript:alert(1: a link leads to the web or to mail",
                "https://example.com/x.png: a page loads no picture from elsewhere",
                "/local: a link leads to the web or to mail",
            ]
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_writes_only_our_tags(text in any::<String>(), marks in "[*`#>\\[\\]()\\\\!a \n1.-]{0,60}") {
            for text in [text, marks] {
                let Ok(prose) = Prose::parse(&text) else { continue };
                let mut page = String::new();
                prose.push_html(&mut page, 2);
                assert!(prose.plain().len() <= 2 * text.len() + 64);
                let ours = ["h3", "h4", "h5", "p", "ul", "ol", "li", "blockquote", "pre", "code", "strong", "em", "a"];
                for tag in page.split('<').skip(1) {
                    let name: &str = tag.trim_start_matches('/').split(['>', ' ']).next().unwrap_or_default();
                    assert!(ours.contains(&name), "{name} in {page}");
                }
            }
        }
    }
}
