//! PNG of our own SVG, with the font that stands beside this file and no other.

use std::borrow::Cow;
use std::io::Read;
use std::sync::{Arc, OnceLock};

use flate2::read::ZlibDecoder;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree, fontdb};
use ttf_parser::Face;

/// Noto Sans CJK, cut to what charts need and renamed; `font/subset.py` made it.
static PACKED: &[u8] = include_bytes!("font/rowcall-sans.otf.zz");
const FAMILY: &str = "Rowcall Sans";
/// Pixels for each unit of an SVG.
const SCALE: f32 = 2.0;

/// The font, unpacked at its first use.
fn font() -> &'static [u8] {
    static FONT: OnceLock<Vec<u8>> = OnceLock::new();
    FONT.get_or_init(|| {
        let mut font = Vec::with_capacity(3 << 20);
        ZlibDecoder::new(PACKED).read_to_end(&mut font).expect("the font was packed by its script");
        font
    })
}

fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    let fonts = FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_source(fontdb::Source::Binary(Arc::new(font())));
        fonts.set_sans_serif_family(FAMILY);
        Arc::new(fonts)
    });
    Arc::clone(fonts)
}

/// The characters of a text that the font has no glyph for, each once, in their order. A PNG has a `·` for each run of
/// them; an SVG has them as they are, and its reader may have a font.
#[must_use]
pub fn missing(text: &str) -> Vec<char> {
    let face = Face::parse(font(), 0).expect("the font was cut by its script");
    let mut missing: Vec<char> = Vec::new();
    for c in text.chars().filter(|c| !c.is_ascii() && !c.is_whitespace()) {
        if !missing.contains(&c) && face.glyph_index(c).is_none() {
            missing.push(c);
        }
    }
    missing
}

/// What stands for a run of characters without a glyph: better than boxes, which look like a fault.
const NO_GLYPH: char = '·';

/// The text with [`NO_GLYPH`] in the place of what the font lacks.
fn drawable(text: &str) -> Cow<'_, str> {
    let missing = missing(text);
    if missing.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut drawable = String::with_capacity(text.len());
    for c in text.chars() {
        match missing.contains(&c) {
            false => drawable.push(c),
            true if drawable.ends_with(NO_GLYPH) => {}
            true => drawable.push(NO_GLYPH),
        }
    }
    Cow::Owned(drawable)
}

pub(super) fn rasterized(svg: &str) -> Vec<u8> {
    let svg = drawable(svg);
    let options = Options { font_family: FAMILY.into(), fontdb: fonts(), ..Options::default() };
    let tree = Tree::from_str(&svg, &options).expect("our own SVG is well-formed");
    let size = tree.size().to_int_size().scale_by(SCALE).expect("a picture has a size");
    let mut pixels = Pixmap::new(size.width(), size.height()).expect("a picture has a size");
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixels.as_mut());
    pixels.encode_png().expect("memory takes everything")
}

#[cfg(test)]
mod tests {
    use super::{Face, drawable, font, missing};
    use crate::chart::measure::width;

    #[test]
    fn widths_are_those_of_the_font() {
        let face = Face::parse(font(), 0).expect("a font");
        assert_eq!(face.units_per_em(), 1_000);
        let combining =
            |c: char| matches!(c, '\u{300}'..='\u{36f}' | '\u{1160}'..='\u{11ff}' | '\u{200b}'..='\u{200d}');
        for c in ('\u{20}'..='\u{ffef}').filter(|c| !combining(*c)) {
            let Some(glyph) = face.glyph_index(c) else { continue };
            let advance = f64::from(face.glyph_hor_advance(glyph).expect("it has one"));
            let measured = width(&c.to_string(), 1_000.0);
            assert!((measured - advance).abs() < 0.5, "{c:?}: {measured} for {advance}");
        }
    }

    #[test]
    fn the_font_has_what_people_write() {
        let all: String =
            ('가'..='힣').chain('ㄱ'..='ㅣ').chain('ぁ'..='ゖ').chain('ァ'..='ヺ').chain(' '..='~').collect();
        assert_eq!(missing(&all), Vec::<char>::new());
        assert_eq!(missing("매출 売上高 销售额 銷售額 αβγ Привет “…” ₩€¥ → − ±"), Vec::<char>::new());
        assert_eq!(missing("a🦀b🦀ا"), ['🦀', 'ا']);
        assert_eq!(drawable("a 🦀🦀 b 녹차"), "a · b 녹차");
    }
}
