//! Pictures held against approved ones.
//!
//! Each case is drawn as PNG and compared with the file of its name under `tests/golden/charts`; `ROWCALL_BLESS=1` writes
//! the files anew. Look at each before you approve it.

use std::path::PathBuf;

use jiff::tz::TimeZone;
use resvg::tiny_skia::Pixmap;
use rowcall::chart::{self, Spec, Theme};
use rowcall::table::Table;

use crate::rig::Rig;

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

#[test]
fn no_letter_of_a_picture_is_a_box() {
    for Case { name, spec, theme, table } in cases() {
        let svg = chart::svg(&table, &Spec::parse(spec).expect(name), theme, &zone()).expect(name);
        assert_eq!(chart::missing(&svg), Vec::<char>::new(), "{name}");
    }
    // What the font lacks looks like the sign that stands for it, and not like the box of the font.
    let draw = |title: &str| {
        let spec = Spec { title: Some(title.into()), ..Spec::of(chart::Kind::Line) };
        chart::png(&tables::few(&[]), &spec, Theme::Light, &zone()).expect("drawn")
    };
    assert_eq!(draw("a 🦀 ไทย b"), draw("a · · b"));
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

/// A catalogue with sales of two regions by day; a day of one has no row.
fn shop() -> Rig {
    Rig::new().catalogue(
        r#"
[sources.demo]
url   = "sqlite::memory:"
setup = """
create table sales (day text, region text, total int);
with recursive d(n) as (select 0 union all select n + 1 from d where n < 19)
insert into sales
select date('2026-11-01', '+' || n || ' days'), '서울', 120 + n * 4 + (n * 37 % 23) * 3 from d
union all select date('2026-11-01', '+' || n || ' days'), '부산', 60 + (n * 53 % 31) from d where n not between 8 and 10
"""
[queries.sales]
source = "demo"
sql    = "select day, region, total from sales"
[queries.regions]
source = "demo"
sql    = "select region, sum(total) as total, sum(total) / 3 as cost from sales group by region order by 2 desc"
[queries.wide]
source = "demo"
sql    = "select day, sum(total) filter (where region = '서울') as seoul, sum(total) filter (where region = '부산') as busan, null as none from sales group by day"
"#,
    )
}

#[test]
fn a_query_is_drawn_on_the_terminal() {
    let rig = shop().env("COLUMNS", "72").keep_times();
    let draw = |query: &str, chart: &str| rig.run(&["query", query, "--chart", chart]).exits(0).stdout;
    insta::assert_snapshot!(draw("sales", "line series=region threshold=목표:180 title='지역별 매출'"), @r#"
    지역별 매출

    300 ┤
        │
        │                                                     ⢀⠎⠢⣀
        │                                       ⡔⠤⡀      ⡔⠤⡀ ⡠⠃   ⠑ 서울
        │                       ⢠⠢⡀       ⡔⢄  ⢀⠎  ⠈⠑⢄  ⢀⠎  ⠈⠑⠁
    200 ┤        ⢀⢄⡀      ⢀⢄⡀  ⡰⠁ ⠈⠑⢄⡀  ⢀⠎  ⠉⠢⠃      ⠉⠢⠃
        │╌╌⢀⢄╌╌╌⢠⠊╌⠈⠒⢄╌╌╌⢠⠊╌⠈⠒⠜╌╌╌╌╌╌⠈⠑⠢⠃╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 목표 180
        │ ⢠⠊ ⠑⠢⡰⠁     ⠑⠢⡰⠁
        │⡰⠁
    100 ┤
        │   ⣀       ⣀⠤⣀⡀    ⢀⡠⠂           ⠠⢄⣀     ⣀⠔⠢⠤⣀⡀       ⡠⢄⣀
        │⡠⠔⠉ ⠉⠑⠒⠢⠤⠔⠊   ⠈⠉⠒⠢⠔⠁                ⠉⠑⠒⠤⠊     ⠈⠉⠒⠢⠤⣀⠔⠉   ⠉ 부산
        │
        │
      0 ┤
        └───┬────────────────────┬────────────────────┬────────────
          Nov 2                Nov 9               Nov 16
          2026
    "#);
    insta::assert_snapshot!(draw("wide", "bar y=seoul unit=₩"), @r#"
    seoul
    ₩300 ┤
         │                                                      ▃▃
         │                                       ▃▃       ▃▃    ██ ▃▃
    ₩200 ┤                        ▄▄       ▄▄    ██ ▄▄    ██ ▄▄ ██ ██
         │         ▄▄       ▄▄    ██ ▄▄    ██ ▄▄ ██ ██ ▄▄ ██ ██ ██ ██
         │   ▅▅    ██ ▅▅    ██ ▅▅ ██ ██ ▅▅ ██ ██ ██ ██ ██ ██ ██ ██ ██
         │   ██ ▆▆ ██ ██ ▆▆ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██
    ₩100 ┤▆▆ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██
         │██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██
         │██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██
         │██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██
         │██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██ ██
      ₩0 └────────────────────────────────────────────────────────────
          Nov 1                Nov 8                Nov 15
          2026
    "#);
    insta::assert_snapshot!(draw("regions", "bar"), @r#"
    █ total  ▓ cost
    서울 █████████████████████████████████████████████████████████████ 3,826
         ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ 1,275
    부산 ████████████████████▌ 1,289
         ▓▓▓▓▓▓▓ 429
    "#);
    insta::assert_snapshot!(draw("regions", "bar stacked unit=$"), @r#"
    █ total  ▓ cost
    서울 █████████████████████████████████████████████▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ $5,101
    부산 ███████████████▓▓▓▓▓▓ $1,718
    "#);
    insta::assert_snapshot!(draw("regions", "pie"), @r#"
    서울 3,826    75% ██████████████████████████████████████████████████████
    부산 1,289    25% ██████████████████▎
    "#);
    insta::assert_snapshot!(draw("sales", "box x=region y=total threshold=limit:200"), @r#"
    total
    서울                           ├──────────▒▒▒▒▒┃▒▒▒▒▒─────────┤
    부산              ├─▒▒┃▒─┤                       ╎
         0                    100                   200                  300
    ╎ limit 200
    "#);
    insta::assert_snapshot!(draw("sales", "heatmap x=day y=region"), @r#"
    서울 ░░▒▒▒▒▓▓▒▒▒▒▓▓▒▒▓▓▓▓▒▒▓▓▓▓██▓▓▓▓██▓▓████
    부산 ········░░····░░      ░░····░░··········
         Nov 1 Nov 4 Nov 7 Nov 10  Nov 14  Nov 18
    60 to 258  ·░▒▓█
    "#);
}

#[test]
fn what_cannot_be_drawn_says_why() {
    let rig = shop();
    let refused = |query: &str, chart: &str| rig.run(&["query", query, "--chart", chart]).exits(2).stderr;
    insta::assert_snapshot!(refused("sales", "lien x=day stackt theme=blue title='매출' size=big"), @r#"
    error: --chart: `lien` is no kind of chart: did you mean `line`?
        lien x=day stackt theme=blue title='매출' size=big
        ^^^^
      a chart has no `stackt`: did you mean `stacked`?
        lien x=day stackt theme=blue title='매출' size=big
                   ^^^^^^
      `blue` is no theme: one of: light, dark, auto
        lien x=day stackt theme=blue title='매출' size=big
                                ^^^^
      `big` is no size: from 240x160 to 2000x2000
        lien x=day stackt theme=blue title='매출' size=big
                                                       ^^^
    "#);
    insta::assert_snapshot!(refused("sales", "line y=totl"), @r#"
    error: the result has no column `totl`
      next: did you mean `total`?
    "#);
    insta::assert_snapshot!(refused("sales", "line x=total y=region"), @r#"
    error: column `region` is text, and a line needs numbers
      next: cast it to a number in the SQL, or name other columns
    "#);
    insta::assert_snapshot!(refused("sales", "line x=region y=total series=region"), @r#"
    error: `서울` comes twice for `서울`
      next: group the rows by both columns in the SQL
    "#);
    let empty = rig.run(&["query", "wide", "--chart", "line y=none"]).exits(0).stdout;
    assert_eq!(empty, "(no data)\n");
    let both = rig.run(&["query", "sales", "--chart", "line", "--format", "csv"]).exits(2).stderr;
    insta::assert_snapshot!(both, @r#"
    error: the argument '--chart <CHART>' cannot be used with '--format <FORMAT>'

    Usage: rowcall query --chart <CHART> <NAME>

    For more information, try '--help'.
    "#);
    let suffix = rig.run(&["query", "sales", "--chart", "line y=total", "-o", "x.gif"]).exits(2).stderr;
    insta::assert_snapshot!(suffix, @r#"
    error: the suffix of `x.gif` names no picture
      next: write an .svg, a .png, or a .txt with the chart of a terminal
    "#);
}

#[test]
fn a_picture_is_there_whole_or_not_at_all() {
    let rig = shop();
    let read = |name: &str| std::fs::read(rig.path().join(name));
    let draw = |chart: &str, file: &str| rig.run(&["query", "sales", "--chart", chart, "-o", file]);
    assert_eq!(draw("line series=region", "x.svg").exits(0).stdout, "");
    let svg = String::from_utf8(read("x.svg").expect("written")).expect("text");
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("서울"), "{svg}");
    draw("line series=region", "x.png").exits(0);
    let png = Pixmap::decode_png(&read("x.png").expect("written")).expect("a picture");
    assert_eq!((png.width(), png.height()), (1_640, 840));
    draw("line series=region", "x.txt").exits(0);
    assert!(!read("x.txt").expect("written").contains(&0x1b));
    draw("line y=region", "y.svg").exits(2);
    assert!(read("y.svg").is_err(), "half a picture");
}
