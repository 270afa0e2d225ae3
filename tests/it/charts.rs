//! Pictures held against approved ones.
//!
//! Each case is drawn as PNG and compared with the file of its name under `tests/golden/charts`; `ROWCALL_BLESS=1` writes
//! the files anew. Look at each before you approve it.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use resvg::tiny_skia::Pixmap;
use rowcall::chart::{self, Spec, Theme};
use rowcall::table::Table;

mod tables;

/// The share of pixels that may differ at all: a rounding of another machine.
const PIXELS: f64 = 0.001;
/// How far a channel of a pixel may be off before the pixel counts as different.
const CHANNEL: u8 = 24;

/// A picture: its name, what is asked for, for which theme, of which table.
struct Case {
    name: &'static str,
    spec: &'static str,
    theme: Theme,
    table: Table,
}

fn zone() -> TimeZone {
    TimeZone::get("Asia/Seoul").expect("a zone")
}

fn cases() -> Vec<Case> {
    let light = |name, spec, table| Case { name, spec, theme: Theme::Light, table };
    let dark = |name, spec, table| Case { name, spec, theme: Theme::Dark, table };
    vec![
        light("line-days", "line unit=₩ title='지역별 매출' threshold=목표:1_500_000", tables::sales()),
        dark("line-hours", "line y=p50,p99 unit=ms title='Checkout latency' threshold=limit:400", tables::latency()),
        light("line-many", "line series=store title='店舗別の来客数'", tables::stores()),
        light("area", "area y=visits title='Visits by month'", tables::months()),
        dark("area-stacked", "area stacked title='売上構成' unit=百万円", tables::months()),
        light("bar-days", "bar unit=₩ title='일별 매출'", tables::days()),
        light("bar-grouped", "bar title='各部门季度利润' unit=万元", tables::quarters()),
        dark("bar-stacked", "bar stacked title='Orders by payment' x=day", tables::payments()),
        light("bar-lying", "bar horizontal title='상품별 반품률' unit=% threshold=한도:8", tables::returns()),
        light("scatter", "scatter title='Price and weight' unit=$", tables::goods()),
        light("pie", "pie title='문의 유형'", tables::inquiries()),
        dark("donut", "donut title='依頼の種類' unit=件数", tables::inquiries()),
        light("heatmap", "heatmap x=week y=cohort value=kept unit=% title='Retention by cohort'", tables::cohorts()),
        dark("heatmap-both", "heatmap title='전주 대비 증감'", tables::changes()),
        light("box", "box unit=ms title='Latency by region' threshold=limit:350", tables::regions()),
        light("one-point", "line size=400x240 title='One point'", tables::few(&[Some(7.0)])),
        dark("constant", "line size=400x240 title='Always the same'", tables::few(&[Some(5e12); 9])),
        light("empty", "bar size=400x240 title='Nothing'", tables::few(&[])),
        light("tiny", "bar size=400x240 title='Tiny'", tables::few(&[Some(2e-9), Some(-1.5e-9), None, Some(7e-10)])),
        dark("gaps", "line size=400x240 title='Gaps'", tables::few(&tables::GAPS)),
    ]
}

fn golden(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/charts").join(format!("{name}.png"))
}

#[test]
fn charts_look_like_the_approved_pictures() {
    let bless = std::env::var_os("ROWCALL_BLESS").is_some();
    let mut wrong = Vec::new();
    for Case { name, spec, theme, table } in cases() {
        let spec = Spec::parse(spec).expect(name);
        let drawn = chart::png(&table, &spec, theme, &zone()).expect(name);
        let file = golden(name);
        if bless {
            std::fs::write(&file, &drawn).expect("written");
            continue;
        }
        let approved = std::fs::read(&file);
        let approved =
            approved.unwrap_or_else(|error| panic!("{}: {error}; ROWCALL_BLESS=1 writes it", file.display()));
        if let Some(difference) = difference(&approved, &drawn) {
            let beside = std::env::temp_dir().join(format!("rowcall-{name}.png"));
            std::fs::write(&beside, &drawn).expect("written");
            wrong.push(format!("{name}: {difference}; drawn now: {}", beside.display()));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// How two pictures differ, if anyone would see it.
fn difference(approved: &[u8], drawn: &[u8]) -> Option<String> {
    let [approved, drawn] = [approved, drawn].map(|png| Pixmap::decode_png(png).expect("a picture"));
    let sizes = [&approved, &drawn].map(|picture| (picture.width(), picture.height()));
    if sizes[0] != sizes[1] {
        return Some(format!("{:?} instead of {:?}", sizes[1], sizes[0]));
    }
    let pixels = approved.data().chunks(4).zip(drawn.data().chunks(4));
    let off = pixels.filter(|(a, b)| a.iter().zip(*b).any(|(a, b)| a.abs_diff(*b) > CHANNEL)).count();
    let share = off as f64 / (approved.data().len() / 4) as f64;
    (share > PIXELS).then(|| format!("{:.2} % of the pixels differ", share * 100.0))
}
