//! A picture as shapes, and its SVG.

use std::fmt::Write;

use super::measure::{plain, width};
use super::palette::{Ink, Rgb, Theme};

/// Our own first, then what each system has.
const FAMILIES: &str = "'Rowcall Sans', system-ui, -apple-system, 'Segoe UI', 'Apple SD Gothic Neo', 'Malgun Gothic', \
                        'Noto Sans CJK KR', sans-serif";

/// Shapes in the order in which they are drawn.
#[derive(Clone, Debug)]
pub(super) struct Drawing {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Whether it hides what it stands on.
    opaque: bool,
    shapes: Vec<Shape>,
}

/// One shape and its colours.
#[derive(Clone, Debug)]
struct Shape {
    form: Form,
    fill: Option<Ink>,
    stroke: Option<(Ink, f64)>,
    /// Of the fill.
    opacity: f64,
    dashes: &'static str,
    /// What a browser shows when somebody points at it.
    tip: Option<String>,
}

#[derive(Clone, Debug)]
enum Form {
    Rect { area: Area, round: f64 },
    Circle { x: f64, y: f64, radius: f64 },
    Path(String),
    Text { x: f64, y: f64, size: f64, side: Side, text: String },
}

/// A rectangle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Area {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Whether two areas share more than an edge.
    #[cfg(test)]
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}

/// Which side of a text stands at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Start,
    Middle,
    End,
}

/// Points that follow one another.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(String);

impl Path {
    /// Goes on to a point, or begins there.
    pub(super) fn to(&mut self, x: f64, y: f64) {
        let word = if self.0.is_empty() { 'M' } else { 'L' };
        self.step(word, &[x, y]);
    }

    /// Begins anew at a point.
    pub(super) fn from(&mut self, x: f64, y: f64) {
        self.step('M', &[x, y]);
    }

    /// Along a circle to a point, by the long way or the short, clockwise or not.
    pub(super) fn arc(&mut self, radius: f64, long: bool, clockwise: bool, x: f64, y: f64) {
        let flag = |flag| if flag { 1.0 } else { 0.0 };
        self.step('A', &[radius, radius, 0.0, flag(long), flag(clockwise), x, y]);
    }

    pub(super) fn close(&mut self) {
        self.0.push('Z');
    }

    fn step(&mut self, word: char, numbers: &[f64]) {
        self.0.push(word);
        for (at, number) in numbers.iter().enumerate() {
            let space = if at > 0 { " " } else { "" };
            write!(self.0, "{space}{}", Short(*number)).expect("memory takes everything");
        }
    }
}

impl Drawing {
    pub(super) fn new(width: f64, height: f64) -> Self {
        Self { width, height, opaque: true, shapes: Vec::new() }
    }

    /// A picture that what it stands on shines through.
    pub(super) fn clear(width: f64, height: f64) -> Self {
        Self { opaque: false, ..Self::new(width, height) }
    }

    fn push(&mut self, form: Form, fill: Option<Ink>) -> Pen<'_> {
        self.shapes.push(Shape { form, fill, stroke: None, opacity: 1.0, dashes: "", tip: None });
        Pen(self.shapes.last_mut().expect("it was pushed"))
    }

    pub(super) fn rect(&mut self, area: Area, round: f64, ink: Ink) -> Pen<'_> {
        self.push(Form::Rect { area, round }, Some(ink))
    }

    pub(super) fn circle(&mut self, x: f64, y: f64, radius: f64, ink: Ink) -> Pen<'_> {
        self.push(Form::Circle { x, y, radius }, Some(ink))
    }

    /// A filled path.
    pub(super) fn shape(&mut self, path: Path, ink: Ink) -> Pen<'_> {
        self.push(Form::Path(path.0), Some(ink))
    }

    /// A path that is only a line.
    pub(super) fn stroke(&mut self, path: Path, ink: Ink, wide: f64) -> Pen<'_> {
        self.push(Form::Path(path.0), None).stroke(ink, wide)
    }

    pub(super) fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, wide: f64) -> Pen<'_> {
        let mut path = Path::default();
        path.to(from.0, from.1);
        path.to(to.0, to.1);
        self.stroke(path, ink, wide)
    }

    /// A text whose `side` stands at x and whose letters stand on y.
    pub(super) fn text(&mut self, x: f64, y: f64, size: f64, side: Side, ink: Ink, text: &str) {
        self.push(Form::Text { x, y, size, side, text: plain(text) }, Some(ink));
    }

    /// Where each text stands.
    #[cfg(test)]
    pub(super) fn texts(&self) -> Vec<(Area, &str)> {
        self.shapes
            .iter()
            .filter_map(|shape| match &shape.form {
                Form::Text { x, y, size, side, text } => Some((text_area(*x, *y, *size, *side, text), text.as_str())),
                Form::Rect { .. } | Form::Circle { .. } | Form::Path(_) => None,
            })
            .collect()
    }

    /// The picture as one element; `name` is what it is called where it is read aloud.
    pub(super) fn svg(&self, theme: Theme, name: &str) -> String {
        let (width, height) = (Short(self.width), Short(self.height));
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
             role=\"img\" aria-label=\"{}\" font-family=\"{FAMILIES}\">",
            Escaped(&plain(name))
        );
        let paper = Area { left: 0.0, top: 0.0, right: self.width, bottom: self.height };
        let mut ground = Self::new(self.width, self.height);
        if self.opaque {
            ground.rect(paper, 0.0, Ink::Paper);
        }
        for shape in ground.shapes.iter().chain(&self.shapes) {
            write!(svg, "{}", Element(shape, theme)).expect("memory takes everything");
        }
        svg.push_str("</svg>");
        svg
    }
}

/// Where a text stands, its accents and tails included.
pub(super) fn text_area(x: f64, y: f64, size: f64, side: Side, text: &str) -> Area {
    let wide = width(text, size);
    let left = match side {
        Side::Start => x,
        Side::Middle => x - wide / 2.0,
        Side::End => x - wide,
    };
    Area { left, top: y - 0.8 * size, right: left + wide, bottom: y + 0.2 * size }
}

/// The shape that was drawn last.
pub(super) struct Pen<'a>(&'a mut Shape);

impl Pen<'_> {
    pub(super) fn stroke(self, ink: Ink, wide: f64) -> Self {
        self.0.stroke = Some((ink, wide));
        self
    }

    /// How much of what lies under it is covered.
    pub(super) fn opacity(self, opacity: f64) -> Self {
        self.0.opacity = opacity;
        self
    }

    pub(super) fn dashes(self, dashes: &'static str) -> Self {
        self.0.dashes = dashes;
        self
    }

    pub(super) fn tip(self, tip: impl FnOnce() -> String) {
        self.0.tip = Some(tip());
    }
}

/// A shape as an element for a theme.
struct Element<'a>(&'a Shape, Theme);

impl std::fmt::Display for Element<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(shape, _) = self;
        let name = match &shape.form {
            Form::Rect { area, round } => {
                let (x, y) = (Short(area.left), Short(area.top));
                let (wide, high) = (Short(area.width().max(0.0)), Short(area.height().max(0.0)));
                write!(f, "<rect x=\"{x}\" y=\"{y}\" width=\"{wide}\" height=\"{high}\"")?;
                if *round > 0.0 {
                    write!(f, " rx=\"{}\"", Short(*round))?;
                }
                "rect"
            }
            Form::Circle { x, y, radius } => {
                write!(f, "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"", Short(*x), Short(*y), Short(*radius))?;
                "circle"
            }
            Form::Path(path) => {
                write!(f, "<path d=\"{path}\"")?;
                "path"
            }
            Form::Text { x, y, size, side, .. } => {
                write!(f, "<text x=\"{}\" y=\"{}\" font-size=\"{}\"", Short(*x), Short(*y), Short(*size))?;
                match side {
                    Side::Start => {}
                    Side::Middle => f.write_str(" text-anchor=\"middle\"")?,
                    Side::End => f.write_str(" text-anchor=\"end\"")?,
                }
                "text"
            }
        };
        self.colours(f)?;
        let inner = match &shape.form {
            Form::Text { text, .. } => Some(text),
            Form::Rect { .. } | Form::Circle { .. } | Form::Path(_) => None,
        };
        match (inner, &shape.tip) {
            (Some(text), _) => write!(f, ">{}</{name}>", Escaped(text)),
            (None, Some(tip)) => write!(f, "><title>{}</title></{name}>", Escaped(&plain(tip))),
            (None, None) => f.write_str("/>"),
        }
    }
}

impl Element<'_> {
    fn colours(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(shape, theme) = self;
        let sides = match theme {
            Theme::Light => [0, 0],
            Theme::Dark => [1, 1],
            Theme::Auto => [0, 1],
        };
        let colours = |ink: Ink| sides.map(|side| ink.colours()[side]);
        let mut style = String::new();
        let mut paint = |f: &mut std::fmt::Formatter<'_>, what: &str, ink: Option<Ink>| match ink.map(colours) {
            None => write!(f, " {what}=\"none\""),
            Some([light, dark]) => {
                if light != dark {
                    // What does not know the function keeps to the attribute.
                    write!(style, "{what}:light-dark({},{});", Hex(light), Hex(dark))?;
                }
                write!(f, " {what}=\"{}\"", Hex(light))
            }
        };
        paint(f, "fill", shape.fill)?;
        if let Some((ink, wide)) = shape.stroke {
            paint(f, "stroke", Some(ink))?;
            write!(f, " stroke-width=\"{}\" stroke-linejoin=\"round\" stroke-linecap=\"round\"", Short(wide))?;
        }
        if shape.opacity < 1.0 {
            write!(f, " fill-opacity=\"{}\"", Short(shape.opacity))?;
        }
        if !shape.dashes.is_empty() {
            write!(f, " stroke-dasharray=\"{}\"", shape.dashes)?;
        }
        if style.is_empty() { Ok(()) } else { write!(f, " style=\"{style}\"") }
    }
}

struct Hex(Rgb);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// A coordinate: a tenth of a unit is less than anyone sees.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        debug_assert!(self.0.is_finite(), "a coordinate is a number");
        let text = format!("{:.2}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

/// Text between tags or quotes.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}
