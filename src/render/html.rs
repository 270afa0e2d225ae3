//! A page of HTML with one table, which needs nothing else to be shown: no script, no picture, no other file.

use std::sync::Arc;

use super::visible::{is_plain, push_visible};
use super::{Options, Out, RenderError, Renderer, pass};
use crate::table::{Batch, Column};

const STYLE: &str = "\
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color: #222; background: #fff }
table { border-collapse: collapse }
th, td { border: 1px solid #ddd; padding: .3em .6em; text-align: left; vertical-align: top; white-space: pre-wrap }
th { background: #f4f4f4; position: sticky; top: 0 }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
td.null { color: #888; font-style: italic }
";

/// Writes rows as they pass.
pub(super) struct HtmlRenderer {
    null: String,
    header: bool,
    title: String,
    lines: String,
}

impl HtmlRenderer {
    pub(super) fn new(options: &Options) -> Self {
        let null = options.null.clone().unwrap_or_else(|| "NULL".into());
        Self { null, header: options.header, title: options.title.clone(), lines: String::new() }
    }

    fn push_cell(&mut self, open: &str, text: &str, close: &str) {
        self.lines.push_str(open);
        push_escaped(&mut self.lines, text);
        self.lines.push_str(close);
    }
}

impl Renderer for HtmlRenderer {
    fn begin(&mut self, columns: &Arc<[Column]>, out: &mut Out<'_>) -> Result<(), RenderError> {
        self.lines.push_str("<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n");
        let title = std::mem::take(&mut self.title);
        self.push_cell("<title>", &title, "</title>\n<style>\n");
        self.lines.push_str(STYLE);
        self.lines.push_str("</style>\n</head>\n<body>\n<table>\n");
        if self.header {
            self.lines.push_str("<thead>\n<tr>");
            columns.iter().for_each(|column| self.push_cell("<th>", &column.name, "</th>"));
            self.lines.push_str("</tr>\n</thead>\n");
        }
        self.lines.push_str("<tbody>\n");
        pass(&mut self.lines, out)
    }

    fn rows(&mut self, batch: &Batch, out: &mut Out<'_>) -> Result<(), RenderError> {
        let null = self.null.clone();
        let mut cell = String::new();
        for row in batch.rows() {
            self.lines.push_str("<tr>");
            for value in row.values() {
                cell.clear();
                value.push_to(&mut cell);
                match (value.is_null(), value.is_number()) {
                    (true, _) => self.push_cell("<td class=\"null\">", &null, "</td>"),
                    (_, true) => self.push_cell("<td class=\"number\">", &cell, "</td>"),
                    (false, false) => self.push_cell("<td>", &cell, "</td>"),
                }
            }
            self.lines.push_str("</tr>\n");
        }
        pass(&mut self.lines, out)
    }

    fn end(&mut self, out: &mut Out<'_>) -> Result<(), RenderError> {
        out.write_all(b"</tbody>\n</table>\n</body>\n</html>\n")?;
        Ok(())
    }
}

/// Appends text for an element: lines and tabs stay, other control characters are shown, marks become entities.
pub fn push_escaped(out: &mut String, text: &str) {
    if is_plain(text) && !text.contains(['&', '<', '>', '"', '\'']) {
        return out.push_str(text);
    }
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            c => push_visible(out, c),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::render::sample::{hostile, render, without_header};
    use crate::render::{Format, Options};

    #[test]
    fn a_page_shows_marks_and_runs_none() {
        let options = Options { title: "a<b>".into(), ..Options::default() };
        insta::assert_snapshot!(render(Format::Html, &hostile(), &options).replace(super::STYLE, "[STYLE]\n"), @r#"
        <!doctype html>
        <html>
        <head>
        <meta charset="utf-8">
        <title>a&lt;b&gt;</title>
        <style>
        [STYLE]
        </style>
        </head>
        <body>
        <table>
        <thead>
        <tr><th>id</th><th>na|me</th><th>na|me</th><th>&lt;b&gt;	</th></tr>
        </thead>
        <tbody>
        <tr><td class="number">1</td><td>a,&quot;b&quot;
        </td><td class="null">NULL</td><td class="number">0.10</td></tr>
        <tr><td class="number">18446744073709551615</td><td></td><td>{&quot;k&quot;:
         1}</td><td class="number">NaN</td></tr>
        <tr><td class="null">NULL</td><td>\x1b[31m\u{9b}0m\u{202e}하나</td><td>1970-01-01 00:00:00+00</td><td>{1,NULL}</td></tr>
        <tr><td class="number">-5</td><td>=1+1</td><td>-2	\N</td><td class="number">-7</td></tr>
        <tr><td>true</td><td>\.</td><td>&lt;a href=x&gt;&amp;amp;&lt;/a&gt;</td><td>snake_case _x_ *y* `z`</td></tr>
        <tr><td>\x00ff</td><td>NULL</td><td>👩‍👩‍👧‍👦 é\x00\r</td><td class="number">1e-07</td></tr>
        </tbody>
        </table>
        </body>
        </html>
        "#);
        let page = render(Format::Html, &hostile(), &without_header());
        assert!(!page.contains("<thead>"), "{page}");
    }
}
