//! Tables that charts are drawn from.

use rowcall::table::Table;
use rowcall::value::{Date, Timestamp, Value};

/// 2026-08-24.
const MONDAY: i32 = 20_689;
pub(crate) const GAPS: [Option<f64>; 12] =
    [Some(3.0), Some(4.0), None, Some(9.0), None, Some(-5.0), Some(-6.5), Some(-4.0), None, None, Some(2.0), Some(6.0)];

/// Numbers that look like chance and are the same everywhere, from 0 to 1.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1_u64 << 24) as f64
    }

    /// About 1, seldom far from it.
    fn wobble(&mut self, much: f64) -> f64 {
        1.0 + (self.next() + self.next() + self.next() - 1.5) * much
    }
}

fn day(n: i32) -> Value<'static> {
    Value::Date(Date::Days(MONDAY + n))
}

fn text(text: &str) -> Value<'static> {
    Value::Text(text.to_owned().into())
}

fn number(number: f64) -> Value<'static> {
    Value::Decimal(format!("{number:.2}").into())
}

fn maybe(value: Option<f64>) -> Value<'static> {
    value.map_or(Value::Null, Value::Float)
}

/// Three months of three regions, a week of one is missing.
pub(crate) fn sales() -> Table {
    let mut chance = Chance(1);
    let mut row = |n: i32| {
        let week = f64::from(n).mul_add(0.9, 0.0).sin();
        let mut at =
            |base: f64, rise: f64| base * (1.0 + rise * f64::from(n) / 90.0 + 0.12 * week) * chance.wobble(0.12);
        let (seoul, busan, jeju) = (at(1_150_000.0, 0.45), at(720_000.0, 0.1), at(240_000.0, 0.6));
        let busan = if (40..47).contains(&n) { Value::Null } else { number(busan) };
        vec![day(n), number(seoul), busan, number(jeju)]
    };
    let rows: Vec<_> = (0..89).map(&mut row).collect();
    Table::of(&["day", "서울특별시", "부산", "제주"], &rows)
}

/// Two days by quarters of an hour, as instants.
pub(crate) fn latency() -> Table {
    let mut chance = Chance(2);
    let mut row = |n: i64| {
        let at = Timestamp::new((i64::from(MONDAY) + 86) * 86_400_000_000 + n * 900_000_000, Some(32_400));
        let noon = (-(n as f64 % 96.0 - 48.0).powi(2) / 500.0).exp();
        let p50 = (60.0 + 40.0 * noon) * chance.wobble(0.1);
        let p99 = (190.0 + 150.0 * noon) * chance.wobble(0.35);
        vec![Value::Timestamp(at), Value::Float(p50), Value::Float(p99)]
    };
    let rows: Vec<_> = (0..192).map(&mut row).collect();
    Table::of(&["at", "p50", "p99"], &rows)
}

/// Long data: twelve stores over 30 days.
pub(crate) fn stores() -> Table {
    let names = [
        "渋谷",
        "新宿",
        "池袋",
        "横浜みなとみらい",
        "大宮",
        "千葉",
        "札幌",
        "仙台",
        "名古屋",
        "京都",
        "大阪梅田",
        "福岡",
    ];
    let mut chance = Chance(3);
    let mut rows = Vec::new();
    for n in 0..30 {
        for (index, name) in names.iter().enumerate() {
            let visitors = (900.0 - 60.0 * index as f64) * chance.wobble(0.12);
            rows.push(vec![day(n), text(name), Value::Int(visitors as i64)]);
        }
    }
    Table::of(&["day", "store", "visitors"], &rows)
}

/// Two years of months, as text, as databases without dates give them.
pub(crate) fn months() -> Table {
    let mut chance = Chance(4);
    let mut row = |n: i32| {
        let month = format!("{}-{:02}", 2025 + n / 12, n % 12 + 1);
        let mut at = |base: f64, rise: f64| number(base * (1.0 + rise * f64::from(n)) * chance.wobble(0.1));
        vec![text(&month), at(52.0, 0.02), at(31.0, 0.03), at(18.0, 0.0), at(7.0, 0.08)]
    };
    let rows: Vec<_> = (0..24).map(&mut row).collect();
    Table::of(&["month", "visits", "オンライン", "卸売", "その他"], &rows)
}

pub(crate) fn days() -> Table {
    let mut chance = Chance(5);
    let mut row = |n: i32| vec![day(n), number(if n % 7 > 4 { 9.1e6 } else { 5.2e6 } * chance.wobble(0.3))];
    let rows: Vec<_> = (0..56).map(&mut row).collect();
    Table::of(&["day", "매출"], &rows)
}

pub(crate) fn quarters() -> Table {
    let row = |quarter: &str, n: [i64; 3]| vec![text(quarter), Value::Int(n[0]), Value::Int(n[1]), Value::Int(n[2])];
    let rows = vec![
        row("第一季度", [1_240, 860, -320]),
        row("第二季度", [1_410, 990, -140]),
        row("第三季度", [1_180, 1_120, 90]),
        row("第四季度", [1_690, 1_300, 260]),
    ];
    Table::of(&["quarter", "电子产品", "服装鞋帽", "新业务"], &rows)
}

/// Days of which some have no row.
pub(crate) fn payments() -> Table {
    let mut chance = Chance(6);
    let mut row = |n: i32| {
        let mut at = |base: f64| Value::Int((base * chance.wobble(0.5)) as i64);
        vec![day(n), at(120.0), at(64.0), at(30.0)]
    };
    let rows: Vec<_> = (0..28).filter(|n| ![9, 10, 22].contains(n)).map(&mut row).collect();
    Table::of(&["day", "card", "bank transfer", "gift voucher"], &rows)
}

pub(crate) fn returns() -> Table {
    let goods = [
        ("유기농 제주 녹차 티백 선물 세트 (대용량)", 11.2),
        ("무선 이어폰", 9.4),
        ("여성 러닝화", 8.7),
        ("남성 셔츠", 6.1),
        ("캠핑 의자", 5.5),
        ("블루투스 스피커", 4.2),
        ("책상 조명", 3.9),
        ("보온병", 1.4),
        ("양말", 0.6),
    ];
    let rows: Vec<_> = goods.iter().map(|(name, rate)| vec![text(name), number(*rate)]).collect();
    Table::of(&["상품", "반품률"], &rows)
}

pub(crate) fn goods() -> Table {
    let mut chance = Chance(7);
    let mut row = |n: usize| {
        let weight = 0.4 + 11.0 * chance.next();
        let [a, b] = [18.0, 7.0].map(|base| base * weight.powf(0.8) * chance.wobble(0.4) + 4.0);
        let (a, b) = if n.is_multiple_of(3) { (Value::Null, number(b)) } else { (number(a), Value::Null) };
        vec![number(weight), a, b]
    };
    let rows: Vec<_> = (0..260).map(&mut row).collect();
    Table::of(&["weight", "imported", "domestic"], &rows)
}

pub(crate) fn inquiries() -> Table {
    let kinds = [
        ("배송 지연", 412),
        ("환불", 287),
        ("교환 요청", 164),
        ("결제 오류", 121),
        ("회원 정보", 74),
        ("쿠폰", 58),
        ("상품 문의", 49),
        ("앱 오류", 31),
        ("제휴", 9),
        ("기타", 22),
        ("칭찬", 3),
    ];
    let rows: Vec<_> = kinds.iter().map(|(name, count)| vec![text(name), Value::Int(*count)]).collect();
    Table::of(&["kind", "count"], &rows)
}

/// Weeks after the month of joining.
pub(crate) fn cohorts() -> Table {
    let mut rows = Vec::new();
    let mut chance = Chance(8);
    for cohort in 0..8 {
        for week in 0..=(11 - cohort) {
            let kept = 100.0 * (1.0 + f64::from(week)).powf(-0.55) * if week == 0 { 1.0 } else { chance.wobble(0.12) };
            let name = format!("2026-{:02}", 3 + cohort);
            rows.push(vec![text(&name), Value::Int(i64::from(week)), Value::Float((kept * 10.0).round() / 10.0)]);
        }
    }
    Table::of(&["cohort", "week", "kept"], &rows)
}

/// Signed numbers by hour and day of the week.
pub(crate) fn changes() -> Table {
    let mut rows = Vec::new();
    let mut chance = Chance(9);
    for name in ["월요일", "화요일", "수요일", "목요일", "금요일", "토요일", "일요일"] {
        for hour in 0..24 {
            let value = (chance.next() + chance.next() + chance.next() - 1.4) * 60.0;
            let value = if hour == 4 { Value::Null } else { Value::Int(value as i64) };
            rows.push(vec![Value::Int(hour), text(name), value]);
        }
    }
    Table::of(&["hour", "weekday", "change"], &rows)
}

/// Raw values by group.
pub(crate) fn regions() -> Table {
    let mut rows = Vec::new();
    let mut chance = Chance(10);
    for (name, base, much) in [
        ("Seoul 서울", 120.0, 0.4),
        ("東京", 140.0, 0.5),
        ("上海", 190.0, 0.7),
        ("Frankfurt", 240.0, 0.3),
        ("São Paulo", 260.0, 0.6),
    ] {
        for n in 0..80 {
            let far = if n % 37 == 0 { 1.7 } else { 1.0 };
            rows.push(vec![text(name), Value::Float(base * chance.wobble(much) * far)]);
        }
    }
    Table::of(&["region", "took"], &rows)
}

/// A few numbers on days in a row.
pub(crate) fn few(values: &[Option<f64>]) -> Table {
    let rows: Vec<_> = (0..).zip(values).map(|(n, value)| vec![day(n), maybe(*value)]).collect();
    Table::of(&["day", "n"], &rows)
}
